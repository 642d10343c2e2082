import { fieldText } from '../request/answer.ts';
import { sameName } from '../request/header-names.ts';
import { stripHopByHop } from '../request/hop-by-hop.ts';
import { reasonPhrase } from '../request/reason-phrase.ts';

/** Interim responses that one request may bring; more are an endpoint gone mad. */
export const MAX_INFORMATION = 16;

/**
 * The head of a 1xx response as bytes (latin1). That of a 101 is complete as given; of the others what ends at this
 * hop is cut, and framing fields too: there is no body, and a parser that thinks otherwise would wait for one.
 */
export function informationText(
  status: number,
  reason: string | undefined,
  headers: readonly string[],
): string {
  const kept = status === 101 ? headers : stripHopByHop(headers);
  let text = `HTTP/1.1 ${status} ${reason === undefined ? reasonPhrase(status) : fieldText(reason)}\r\n`;
  for (let i = 0; i < kept.length; i += 2) {
    if (sameName(kept[i]!, 'content-length')) continue;
    text += `${kept[i]}: ${fieldText(kept[i + 1]!)}\r\n`;
  }
  return `${text}\r\n`;
}
