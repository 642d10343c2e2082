/** What a backend is told by the demo. It listens at once, and registers only when it is told to. */
export interface ToBackend {
  readonly type: 'register';
  readonly natsUrl: string;
}

export type FromBackend =
  | { readonly type: 'listening' }
  | { readonly type: 'registered' }
  | { readonly type: 'failed'; readonly message: string };
