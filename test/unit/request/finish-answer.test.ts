import { expect } from 'chai';
import { parseTemplate } from '../../../lib/error-page/template.ts';
import { headTooLarge, unknownRoute } from '../../../lib/request/answer.ts';
import { finishAnswer } from '../../../lib/request/finish-answer.ts';
import { headerRewrite } from '../../../lib/request/rewrite.ts';

const failed = (error: unknown): never => {
  throw error;
};

describe('finishAnswer', () => {
  it('leaves an answer as it is when nothing is configured', () => {
    const answer = unknownRoute('a.test');
    expect(finishAnswer(answer, { errorPage: undefined, rewrite: undefined }, failed)).to.equal(answer);
  });

  it('makes a page of an answer with a message: fields so far, UTF-8, length, type', () => {
    const errorPage = parseTemplate(
      'ü {{.Status}} {{.StatusText}} {{.Message}} {{.Header.Get "x-cf-RouterError"}} {{.Header.Get "Cache-Control"}} ' +
        '[{{.Header.Get "Content-Type"}}{{.Header.Get "Content-Length"}}]',
    );
    const answer = finishAnswer(unknownRoute('a.test'), { errorPage, rewrite: undefined }, failed);
    const body =
      '\xc3\xbc 404 Not Found Requested route (&#39;a.test&#39;) does not exist. unknown_route no-cache, no-store []';
    expect(answer).to.deep.include({ status: 404, body, routerError: 'unknown_route' });
    expect(answer.headers).to.deep.equal([
      ...['Cache-Control', 'no-cache, no-store', 'Content-Type', 'text/html; charset=utf-8'],
      ...['X-Cf-Routererror', 'unknown_route', 'X-Content-Type-Options', 'nosniff'],
      ...['Content-Length', String(body.length)],
    ]);
  });

  it('makes none of an answer without', () => {
    const errorPage = parseTemplate('page');
    expect(finishAnswer(headTooLarge(), { errorPage, rewrite: undefined }, failed)).to.deep.equal(
      headTooLarge(),
    );
  });

  it('falls back to the text without its line end when the page cannot be made', () => {
    const errors: unknown[] = [];
    const bug = new Error('bug');
    const errorPage = (): never => failed(bug);
    const answer = finishAnswer(unknownRoute('a.test'), { errorPage, rewrite: undefined }, (error) =>
      errors.push(error),
    );
    expect(errors).to.deep.equal([bug]);
    expect(answer.body).to.equal("404 Not Found: Requested route ('a.test') does not exist.");
    expect(answer.headers.slice(-2)).to.deep.equal(['Content-Length', String(answer.body.length)]);
  });

  it('rewrites the fields of page and text alike', () => {
    const rewrite = headerRewrite({
      remove: ['Cache-Control'],
      addIfAbsent: [{ name: 'X-Mine', value: '1' }],
    });
    for (const errorPage of [undefined, parseTemplate('page')]) {
      const { headers } = finishAnswer(unknownRoute('a.test'), { errorPage, rewrite }, failed);
      expect(headers).to.include.members(['X-Mine', '1']);
      expect(headers).not.to.include('Cache-Control');
    }
  });
});
