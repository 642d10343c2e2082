import { type IncomingMessage, type InformationEvent, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import { RouterError } from '../../errors.ts';
import { sameName } from '../../request/header-names.ts';
import { headerValue } from '../../request/request-head.ts';
import type { EndpointConnection } from './endpoint-connection.ts';
import { connectionAgent } from './forwarder.ts';

/** A request to switch protocols, as it goes to the endpoint. */
export interface SwitchRequest {
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value, ... */
  readonly headers: readonly string[];
  readonly token: string;
  /** Bytes of the response head at which the parser gives up. */
  readonly largestHead: number;
}

/** An endpoint's agreement. */
export interface Switched {
  readonly socket: Socket;
  /** What it sent right behind its head. */
  readonly firstBytes: Buffer;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
  /** As the endpoint spelled it. */
  readonly token: string;
}

export interface SwitchEvents {
  information(info: InformationEvent): void;
  /** Refused, or answered otherwise. */
  response(response: IncomingMessage): void;
  switched(switched: Switched): void;
  failed(error: Error): void;
}

/**
 * Asks an endpoint to switch protocols. Not through http-proxy-3: its way for WebSockets answers a refusal by
 * closing the client's connection, writes the 101 with node's header folding, and takes the sockets' errors to itself.
 */
export function requestSwitch(
  connection: EndpointConnection,
  outbound: SwitchRequest,
  events: SwitchEvents,
): void {
  const options: RequestOptions & { setDefaultHeaders: boolean } = {
    method: outbound.method,
    path: outbound.target,
    headers: outbound.headers,
    setDefaultHeaders: false,
    maxHeaderSize: outbound.largestHead,
    insecureHTTPParser: false,
    agent: connectionAgent(connection, false),
  };
  const clientRequest = request(options);
  clientRequest.on('information', (info) => events.information(info));
  clientRequest.on('response', (response) => events.response(response));
  clientRequest.on('error', (error) => events.failed(error));
  clientRequest.on('upgrade', (response, socket, firstBytes) => {
    const { rawHeaders, statusMessage = '' } = response;
    const token = headerValue(rawHeaders, 'upgrade') ?? '';
    // Nothing of the client's has been forwarded yet, and nothing is unless both sides mean the same protocol.
    if (response.statusCode !== 101 || !sameName(token, outbound.token.toLowerCase())) {
      socket.on('error', () => {}); // it is being destroyed: nothing is lost
      socket.destroy();
      const message = '101 to another protocol than was asked for';
      events.failed(new RouterError('ENDPOINT_BAD_UPGRADE', message, { source: 'endpoint' }));
      return;
    }
    events.switched({ socket, firstBytes, reason: statusMessage, rawHeaders, token });
  });
  clientRequest.end();
}
