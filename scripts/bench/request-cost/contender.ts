/** A proxy under load, all of whose processes count. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** Of the first process; the others descend from it. */
  readonly pid: number;
  /** Emptied between loads, or it would fill the disk. */
  readonly accessLog?: string;
}
