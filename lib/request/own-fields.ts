/** The fields that the router itself adds to a request, as values. */
export interface OwnFields {
  /** What the lane tells of body and connection: name, value, ... */
  readonly framing: readonly string[];
  /** Whether the client takes trailers. */
  readonly trailers: boolean;
  /** From upgradeToken. */
  readonly upgrade: string | undefined;
  readonly forwardedFor: string;
  /** Undefined = the client's own stands. */
  readonly forwardedProto: string | undefined;
  /** Empty = none. */
  readonly clientCert: string;
  /** Unix ms; undefined = the client's own stands. */
  readonly requestStart: string | undefined;
  readonly requestId: string;
  readonly appId: string;
  readonly instanceId: string;
  readonly instanceIndex: string;
}

/** As name, value, ... */
export function ownPairs(own: OwnFields): string[] {
  const pairs = [...own.framing];
  if (own.trailers) pairs.push('Te', 'trailers');
  if (own.upgrade !== undefined) pairs.push('Connection', 'Upgrade', 'Upgrade', own.upgrade);
  pairs.push('X-Forwarded-For', own.forwardedFor);
  if (own.forwardedProto !== undefined) pairs.push('X-Forwarded-Proto', own.forwardedProto);
  if (own.clientCert !== '') pairs.push('X-Forwarded-Client-Cert', own.clientCert);
  if (own.requestStart !== undefined) pairs.push('X-Request-Start', own.requestStart);
  pairs.push('X-Vcap-Request-Id', own.requestId, 'X-Cf-Applicationid', own.appId);
  pairs.push('X-Cf-Instanceid', own.instanceId, 'X-Cf-Instanceindex', own.instanceIndex);
  return pairs;
}

/** The same as field lines (latin1). Names stand in it with what is around them, for each piece of a text costs the same. */
export function ownText(own: OwnFields): string {
  const { framing } = own;
  let text = '';
  for (let i = 0; i < framing.length; i += 2) text += framing[i] + ': ' + framing[i + 1] + '\r\n';
  if (own.trailers) text += 'Te: trailers\r\n';
  if (own.upgrade !== undefined) text += 'Connection: Upgrade\r\nUpgrade: ' + own.upgrade + '\r\n';
  text += 'X-Forwarded-For: ' + own.forwardedFor;
  if (own.forwardedProto !== undefined) text += '\r\nX-Forwarded-Proto: ' + own.forwardedProto;
  if (own.clientCert !== '') text += '\r\nX-Forwarded-Client-Cert: ' + own.clientCert;
  if (own.requestStart !== undefined) text += '\r\nX-Request-Start: ' + own.requestStart;
  return (
    text +
    '\r\nX-Vcap-Request-Id: ' +
    own.requestId +
    '\r\nX-Cf-Applicationid: ' +
    own.appId +
    '\r\nX-Cf-Instanceid: ' +
    own.instanceId +
    '\r\nX-Cf-Instanceindex: ' +
    own.instanceIndex +
    '\r\n'
  );
}
