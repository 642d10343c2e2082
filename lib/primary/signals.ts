export interface SignalHandlers {
  /** SIGTERM, SIGINT and SIGUSR1: end, each in its way. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGUSR1'): void;
  /** SIGHUP: files are read or opened again. */
  renew(): void;
  /** SIGQUIT: end what this process started, at once. The process ends after it. */
  kill(): void;
}

/** Has the primary answer its signals (operations.md 7). */
export function handleSignals({ end, renew, kill }: SignalHandlers): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1'] as const) process.on(signal, () => end(signal));
  // No signal of the router's, and node's default is to end.
  process.on('SIGUSR2', () => {});
  process.on('SIGQUIT', () => {
    process.stderr.write(quitText());
    kill();
    process.exit(2);
  });
  process.on('SIGHUP', renew);
}

/** What the process was about, for whoever has to end it like that. */
function quitText(): string {
  const resources = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) resources.set(name, (resources.get(name) ?? 0) + 1);
  const held = [...resources].map(([name, count]) => `${count} ${name}`).join(', ');
  return `SIGQUIT: quit\npid ${process.pid}, at most ${process.resourceUsage().maxRSS} KB\nheld by: ${held}\n`;
}
