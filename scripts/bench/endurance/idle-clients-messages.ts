/** What the process of idle clients is told. */
export type ToIdleClients =
  | { readonly type: 'open'; readonly port: number; readonly host: string; readonly count: number }
  | { readonly type: 'close' };

/** `open`: each has had one answer and stays. */
export type FromIdleClients =
  | { readonly type: 'open'; readonly connections: number }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly message: string };
