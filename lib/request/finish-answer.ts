import type { ErrorPage } from '../error-page/template.ts';
import type { Answer } from './answer.ts';
import { sameName } from './header-names.ts';
import { headerValue } from './request-head.ts';
import type { RequestSettings } from './settings.ts';

/** Fields that a page does not see: they are of the plain text that it replaces. */
const OF_THE_TEXT: readonly string[] = ['content-type', 'content-length', 'x-content-type-options'];

/**
 * An answer of the router's own as this configuration wants it: as an error page, with rewritten fields. `onFailed` is
 * told when the page cannot be made; the answer is then the plain text without its line end (contract: http.md 11).
 */
export function finishAnswer(
  answer: Answer,
  settings: Pick<RequestSettings, 'errorPage' | 'rewrite'>,
  onFailed: (error: unknown) => void,
): Answer {
  const { errorPage, rewrite } = settings;
  const shown =
    errorPage === undefined || answer.message === undefined
      ? answer
      : paged(answer, answer.message, errorPage, onFailed);
  return rewrite === undefined ? shown : { ...shown, headers: rewrite(shown.headers) };
}

function paged(answer: Answer, message: string, page: ErrorPage, onFailed: (error: unknown) => void): Answer {
  const { status, reason } = answer;
  const fields = answer.headers.filter((_, i) => {
    const name = answer.headers[i - (i % 2)]!;
    return !OF_THE_TEXT.some((own) => sameName(name, own));
  });
  try {
    const text = page({
      Status: status,
      StatusText: reason,
      Message: Buffer.from(message, 'latin1').toString('utf8'),
      Header: { Get: (name) => headerValue(fields, name.toLowerCase()) ?? '' },
    });
    const body = Buffer.from(text, 'utf8').toString('latin1');
    return withBody(answer, body, 'text/html; charset=utf-8');
  } catch (error) {
    onFailed(error);
    return withBody(answer, answer.body.trimEnd(), 'text/plain; charset=utf-8');
  }
}

/** The same answer with another body: latin1 text, a code unit for each byte. */
function withBody(answer: Answer, body: string, type: string): Answer {
  const headers = answer.headers.slice();
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i]!, 'content-type')) headers[i + 1] = type;
    else if (sameName(headers[i]!, 'content-length')) headers[i + 1] = String(body.length);
  }
  return { ...answer, headers, body };
}
