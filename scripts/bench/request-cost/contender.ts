/** A proxy under load, all of whose processes count. */
export interface Contender {
  readonly name: string;
  /** For plain HTTP. */
  readonly port: number;
  /** For TLS, where it listens for that. */
  readonly tlsPort?: number;
  /** Of the first process; the others descend from it. */
  readonly pid: number;
  /** Emptied between loads, or it would fill the disk. */
  readonly accessLog?: string;
}

export function portFor(contender: Contender, tls: boolean): number {
  if (!tls) return contender.port;
  if (contender.tlsPort === undefined) throw new Error(`${contender.name} has no TLS port`);
  return contender.tlsPort;
}
