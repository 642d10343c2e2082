/*
 * What goes out, byte for byte, but for what differs from one request to the next: its id, its times, its ports.
 */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Bytes (latin1) with names in the place of what differs. */
export function masked(bytes: string): string {
  return (
    bytes
      .replace(
        /^(X-Vcap-Request-Id: )[^\r]*/gim,
        (line, name: string) => name + line.slice(name.length).replace(UUID, '<id>'),
      )
      .replace(/^(X-Request-Start: )\d{13}\r/gm, '$1<ms>\r')
      .replace(/^(Date: )[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r/gm, '$1<date>\r')
      // Node writes its Date last of all.
      .replace(/^(Connection: [^\r]*\r\n)(Date: <date>\r\n)/gm, '$2$1')
      .replace(/^(X-Cf-Routererror: endpoint_failure) \([^\r]*\)\r/gm, '$1 (<error>)\r')
  );
}

/** A head from its lines, each ended as HTTP ends lines. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The fields that every request gets on its way to an endpoint of the tests. `forwardedFor`: as the client sent it. */
export function added(forwardedFor = ''): string[] {
  return [
    `X-Forwarded-For: ${forwardedFor}127.0.0.1`,
    'X-Forwarded-Proto: http',
    'X-Request-Start: <ms>',
    'X-Vcap-Request-Id: <id>',
    ...ENDPOINT_LINES,
  ];
}

export const ENDPOINT_FIELDS = { appId: 'app-1', instanceId: 'inst-1', instanceIndex: '7' } as const;
export const ENDPOINT_LINES = [
  'X-Cf-Applicationid: app-1',
  'X-Cf-Instanceid: inst-1',
  'X-Cf-Instanceindex: 7',
] as const;

/** An answer from before the handlers, the last on its connection (contract: http.md 1). */
export function refusal(status: string, body = status): string {
  return head(
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ).concat(body);
}
