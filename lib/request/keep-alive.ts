const TIMEOUT = /(?:^|[,; \t])timeout=(\d{1,9})(?![^,; \t])/i;

/** How long an endpoint keeps an idle connection, as its `Keep-Alive` announces it; undefined when it does not. */
export function keepAliveTimeoutMs(value: string): number | undefined {
  const announced = TIMEOUT.exec(value);
  return announced === null ? undefined : Number(announced[1]) * 1_000;
}
