/** What HTTP/1.1 clients ask for; wrk asks. */
export interface Http1Load {
  readonly kind: 'http1';
  readonly path: string;
  /** Requests go to that many hosts, at random. */
  readonly hosts: number;
  readonly tls?: boolean;
  readonly connectionPerRequest?: boolean;
  /** A POST with a body of that many bytes, in chunks of 1,024. */
  readonly chunkedBodyBytes?: number;
}

/** What HTTP/2 clients ask for, over TLS; h2load asks. */
export interface Http2Load {
  readonly kind: 'http2';
  readonly path: string;
  readonly connections: number;
  /** At once on each connection. */
  readonly streams: number;
}

export type Load = Http1Load | Http2Load;

/** What the generator saw of it. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers that were not 200, and connections that failed. */
  readonly errors: number;
}

export const SMALL_GET: Http1Load = { kind: 'http1', path: '/', hosts: 1 };
