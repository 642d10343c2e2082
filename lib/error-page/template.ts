import { type Expression, type Frame, POSSIBLE, parseExpression, type Scope } from './expression.ts';
import { isTrue } from './functions.ts';
import { type HtmlContext, placeProblem, TEXT, walkHtml } from './html-context.ts';
import { type Piece, pieces } from './pieces.ts';
import { TemplateProblem } from './template-problem.ts';
import type { PageData } from './values.ts';

/** Makes an error page. */
export type ErrorPage = (data: PageData) => string;

type Node = (frame: Frame) => string;

const HTML_PLACES = 'values in text and in quoted attributes that hold no URL, script or style';
const KEYWORD = /^(if|with|else|end|range|define|template|block|break|continue)(?![\w])\s*([\s\S]*)$/u;
const DECLARATION = /^(\$[A-Za-z_]\w*)\s*:?=(?!=)\s*([\s\S]+)$/u;

/**
 * Reads a page in the part of Go's html/template that error pages need (contract: http.md 11). Values are escaped for
 * the place where they stand; where that is not possible the template is refused. Throws TemplateProblem.
 */
export function parseTemplate(text: string): ErrorPage {
  const parser = new TemplateParser(pieces(text));
  const page = parser.page();
  return (data) => page({ page: data, dot: data, variables: [data] });
}

interface Block {
  readonly run: Node;
  readonly context: HtmlContext;
  /** What ended it: `end`, or `else` with what follows it; undefined = the end of the template. */
  readonly ended: { readonly by: 'end' | 'else'; readonly rest: string; readonly line: number } | undefined;
}

class TemplateParser {
  readonly #pieces: readonly Piece[];
  #at = 0;
  #slots = 1;

  constructor(found: readonly Piece[]) {
    this.#pieces = found;
  }

  page(): Node {
    const scope: Scope = { dot: 'page', variables: new Map([['$', { slot: 0, type: 'page' }]]) };
    const block = this.#block(scope, TEXT);
    if (block.ended !== undefined) {
      throw new TemplateProblem(
        block.ended.line,
        `{{${block.ended.by}}} without an {{if}} before it`,
        POSSIBLE,
      );
    }
    if (block.context.kind !== 'text') {
      const line = this.#pieces.at(-1)?.line ?? 1;
      throw new TemplateProblem(
        line,
        `the page ends inside of ${placeOf(block.context)}`,
        'an HTML document that is whole',
      );
    }
    return block.run;
  }

  #block(outer: Scope, from: HtmlContext): Block {
    const nodes: Node[] = [];
    const variables = new Map(outer.variables);
    const scope: Scope = { dot: outer.dot, variables };
    const run: Node = (frame) => {
      let out = '';
      for (const node of nodes) out += node(frame);
      return out;
    };
    let context = from;
    for (;;) {
      const piece = this.#pieces[this.#at];
      if (piece === undefined) return { run, context, ended: undefined };
      this.#at += 1;
      if (piece.kind === 'text') {
        const { text, context: next } = walkHtml(piece.text, context);
        context = next;
        nodes.push(() => text);
        continue;
      }
      const [, keyword, rest = ''] = KEYWORD.exec(piece.text) ?? [];
      if (keyword === 'end' || keyword === 'else') {
        return { run, context, ended: { by: keyword, rest: rest.trim(), line: piece.line } };
      }
      if (keyword === 'if' || keyword === 'with') {
        const branches = this.#branches(keyword, rest, piece.line, scope, context);
        nodes.push(branches.run);
        context = branches.context;
      } else if (keyword !== undefined) {
        throw new TemplateProblem(piece.line, `{{${keyword}}}`, POSSIBLE);
      } else {
        nodes.push(this.#action(piece, scope, variables, context));
      }
    }
  }

  #branches(
    keyword: 'if' | 'with',
    text: string,
    line: number,
    scope: Scope,
    from: HtmlContext,
  ): { readonly run: Node; readonly context: HtmlContext } {
    const condition = parseExpression(text, line, scope);
    const then = this.#block(keyword === 'with' ? { ...scope, dot: condition.type } : scope, from);
    let otherwise: { readonly run: Node; readonly context: HtmlContext } = { run: () => '', context: from };
    if (then.ended === undefined) throw new TemplateProblem(line, `{{${keyword}}} without {{end}}`, POSSIBLE);
    if (then.ended.by === 'else') {
      const { rest, line: elseLine } = then.ended;
      const [, nested, nestedText = ''] = /^(if|with)\b\s*([\s\S]*)$/u.exec(rest) ?? [];
      if (nested !== undefined) {
        otherwise = this.#branches(nested as 'if' | 'with', nestedText, elseLine, scope, from);
      } else {
        if (rest !== '') throw new TemplateProblem(elseLine, `{{else ${rest}}}`, POSSIBLE);
        const block = this.#block(scope, from);
        if (block.ended?.by !== 'end')
          throw new TemplateProblem(elseLine, '{{else}} without {{end}}', POSSIBLE);
        otherwise = block;
      }
    }
    if (!sameContext(then.context, otherwise.context)) {
      throw new TemplateProblem(
        line,
        `branches of {{${keyword}}} that end in different places of the HTML`,
        HTML_PLACES,
      );
    }
    const run: Node = (frame) => {
      const value = condition.run(frame);
      if (!isTrue(value)) return otherwise.run(frame);
      return then.run(keyword === 'with' ? { ...frame, dot: value } : frame);
    };
    return { run, context: then.context };
  }

  #action(
    { text, line }: Piece,
    scope: Scope,
    variables: Map<string, { slot: number; type: Expression['type'] }>,
    context: HtmlContext,
  ): Node {
    const [, name, value] = DECLARATION.exec(text) ?? [];
    if (name !== undefined) {
      const expression = parseExpression(value!, line, scope);
      // A name declared again is another variable, as far as its block goes; one that is assigned is the same.
      const known = /^\S+\s*:=/u.test(text) ? undefined : variables.get(name);
      if (known === undefined && !/^\S+\s*:=/u.test(text)) {
        throw new TemplateProblem(line, `the variable ${name}, which is not declared here`, POSSIBLE);
      }
      if (known !== undefined && known.type !== expression.type) {
        throw new TemplateProblem(line, `${name}, which is of another type`, POSSIBLE);
      }
      const slot = known?.slot ?? this.#slots;
      if (known === undefined) this.#slots += 1;
      variables.set(name, { slot, type: expression.type });
      return (frame) => {
        frame.variables[slot] = expression.run(frame);
        return '';
      };
    }
    const expression = parseExpression(text, line, scope);
    if (expression.type === 'page' || expression.type === 'header') {
      throw new TemplateProblem(line, `{{${text}}}, which is no text`, POSSIBLE);
    }
    const problem = placeProblem(context);
    if (problem !== undefined) throw new TemplateProblem(line, problem, HTML_PLACES);
    if (context.kind === 'comment') return () => '';
    return (frame) => escaped(String(expression.run(frame)));
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

/** As Go's html/template escapes in text and in quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[\0"&'+<>]/gu, (char) => ESCAPES[char]!);
}

function sameContext(a: HtmlContext, b: HtmlContext): boolean {
  return a.kind === b.kind && a.element === b.element && a.attribute === b.attribute;
}

function placeOf({ kind, element, attribute }: HtmlContext): string {
  if (kind === 'comment') return 'a comment';
  if (attribute !== '') return `the attribute ${attribute}`;
  return element === '' ? 'a tag' : `<${element}>`;
}
