const USUAL = 'timeout=';
const TIMEOUT = /(?:^|[,; \t])timeout=(\d{1,9})(?![^,; \t])/i;

/** How long an endpoint keeps an idle connection, as its `Keep-Alive` announces it; undefined when it does not. */
export function keepAliveTimeoutMs(value: string): number | undefined {
  // What node's server sends with each response: `timeout=5`.
  if (value.length === USUAL.length + 1 && value.startsWith(USUAL)) {
    const digit = value.charCodeAt(USUAL.length) - 48;
    if (digit >= 0 && digit <= 9) return digit * 1_000;
  }
  const announced = TIMEOUT.exec(value);
  return announced === null ? undefined : Number(announced[1]) * 1_000;
}
