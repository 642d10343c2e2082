import { requestFields } from '../../http2/request-fields.ts';
import { requestFieldsProblem } from '../../http2/sound-fields.ts';
import { type Answer, isAnswer } from '../../request/answer.ts';
import type { ClientOrigin } from '../../request/client-origin.ts';
import type { RequestHead } from '../../request/request-head.ts';
import type { SoundRequest } from '../../request/sound-request.ts';
import { soundRequest } from './sound-request.ts';

/** What a stream's field section asks for. */
export interface OpenedRequest {
  /** Or the answer to one that cannot be understood. */
  readonly request: SoundRequest | Answer;
  readonly method: string;
  /** The length of its body, where the head names one. */
  readonly announced: number | undefined;
}

/** Reads the section that opens a stream; undefined when it is malformed (RFC 9113 §8.1.1). */
export function openedRequest(
  raw: readonly string[],
  endStream: boolean,
  origin: ClientOrigin,
): OpenedRequest | undefined {
  if (requestFieldsProblem(raw) !== undefined) return undefined;
  const fields = requestFields(raw);
  if (fields === undefined) return undefined;
  const head: RequestHead = {
    method: fields.method,
    target: fields.target,
    headers: fields.headers,
    versionMinor: 1,
    clientIp: origin.ip,
    clientPort: origin.port,
    tls: origin.tls,
    clientCertificate: origin.certificate,
  };
  const request = soundRequest(head, endStream);
  const announced =
    isAnswer(request) || request.framing.kind !== 'length' ? undefined : request.framing.length;
  if (endStream && announced !== undefined && announced > 0) return undefined;
  return { request, method: head.method, announced };
}
