/** One backend of the demo: a process that serves all of `uris` on one port. */
export interface BackendRole {
  readonly name: string;
  readonly uris: readonly string[];
  readonly app: string;
  readonly index: number;
  /** Used when it is free and no earlier run used another. */
  readonly defaultPort: number;
}

/** One route with two endpoints, one path route beside it, and one that is for WebSocket. */
export const CAST: readonly BackendRole[] = [
  { name: 'hello-0', uris: ['hello.localhost'], app: 'hello', index: 0, defaultPort: 9101 },
  { name: 'hello-1', uris: ['hello.localhost'], app: 'hello', index: 1, defaultPort: 9102 },
  {
    name: 'tools',
    uris: ['hello.localhost/api', 'echo.localhost'],
    app: 'tools',
    index: 0,
    defaultPort: 9103,
  },
];

/** The routes that exist once every backend has registered. */
export const ROUTES: readonly string[] = [...new Set(CAST.flatMap((role) => role.uris))];
