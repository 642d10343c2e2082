/** Where in an HTML document a position of the template is. */
export interface HtmlContext {
  readonly kind:
    | 'text'
    | 'comment'
    | 'tag' // between `<name` and `>`, outside of any value
    | 'before-value'
    | 'double-quoted'
    | 'single-quoted'
    | 'unquoted'
    | 'raw-text' // script, style
    | 'plain-text'; // title, textarea
  /** The element whose tag or text this is, lower case. */
  readonly element: string;
  /** The attribute whose value this is, lower case. */
  readonly attribute: string;
}

export const TEXT: HtmlContext = { kind: 'text', element: '', attribute: '' };

const RAW: ReadonlySet<string> = new Set(['script', 'style']);
const PLAIN: ReadonlySet<string> = new Set(['title', 'textarea']);
const URLS: ReadonlySet<string> = new Set([
  ...['action', 'archive', 'background', 'cite', 'classid', 'codebase', 'data', 'formaction', 'href', 'icon'],
  ...['longdesc', 'manifest', 'poster', 'profile', 'src', 'srcset', 'usemap', 'xmlns'],
]);

/** What a literal piece of a template is written as, and where it leads. */
export interface Walked {
  readonly text: string;
  readonly context: HtmlContext;
}

/**
 * Follows a literal piece of HTML as Go's html/template does: comments are left out, and a `<` that begins no tag is
 * escaped.
 */
export function walkHtml(piece: string, from: HtmlContext): Walked {
  let context = from;
  let out = '';
  let at = 0;
  while (at < piece.length) {
    const step = STEPS[context.kind](piece.slice(at), context);
    out += step.text ?? piece.slice(at, at + step.length);
    at += step.length;
    context = step.context;
  }
  return { text: out, context };
}

/** Why no value can be put at this place; undefined when one can. */
export function placeProblem({ kind, element, attribute }: HtmlContext): string | undefined {
  switch (kind) {
    case 'text':
    case 'plain-text':
    case 'comment':
      return undefined;
    case 'raw-text':
      return `a value inside <${element}>`;
    case 'double-quoted':
    case 'single-quoted': {
      const plain = attribute.replace(/^data-|^.*:/u, '');
      if (plain.startsWith('on') || plain === 'style') return `a value in the attribute ${attribute}`;
      return URLS.has(plain) || /src|uri|url/u.test(plain)
        ? `a value in the attribute ${attribute}`
        : undefined;
    }
    case 'unquoted':
    case 'before-value':
      return `a value in the attribute ${attribute} without quotes`;
    case 'tag':
      return 'a value between < and >, outside of quotes';
  }
}

interface Step {
  readonly length: number;
  readonly context: HtmlContext;
  /** When it is not what stands there. */
  readonly text?: string;
}

type Walk = (rest: string, context: HtmlContext) => Step;

const STEPS: Readonly<Record<HtmlContext['kind'], Walk>> = {
  text: (rest, context) => {
    if (rest.startsWith('<!--')) return { length: 4, text: '', context: { ...TEXT, kind: 'comment' } };
    const tag = /^<(\/?)([a-z][^\s/>]*)/iu.exec(rest);
    if (tag !== null) {
      const element = tag[1] === '/' ? '' : tag[2]!.toLowerCase();
      return { length: tag[0].length, context: { kind: 'tag', element, attribute: '' } };
    }
    if (!rest.startsWith('<')) return upTo(rest, '<', context);
    return /^<!doctype/iu.test(rest) ? { length: 1, context } : { length: 1, text: '&lt;', context };
  },
  comment: (rest) => {
    const end = rest.indexOf('-->');
    return end === -1
      ? { length: rest.length, text: '', context: { ...TEXT, kind: 'comment' } }
      : { length: end + 3, text: '', context: TEXT };
  },
  tag: (rest, context) => {
    if (rest.startsWith('>')) return { length: 1, context: inside(context.element) };
    const attribute = /^([^\s=>/"']+)\s*(=?)\s*/u.exec(rest);
    if (attribute === null) return { length: 1, context };
    const next: HtmlContext = { ...context, kind: 'before-value', attribute: attribute[1]!.toLowerCase() };
    return { length: attribute[0].length, context: attribute[2] === '=' ? next : context };
  },
  'before-value': (rest, context) => {
    if (rest.startsWith('"')) return { length: 1, context: { ...context, kind: 'double-quoted' } };
    if (rest.startsWith("'")) return { length: 1, context: { ...context, kind: 'single-quoted' } };
    if (rest.startsWith('>')) return { length: 1, context: inside(context.element) };
    return { length: 1, context: /^\s/u.test(rest) ? context : { ...context, kind: 'unquoted' } };
  },
  'double-quoted': (rest, context) => value(rest, '"', context),
  'single-quoted': (rest, context) => value(rest, "'", context),
  unquoted: (rest, context) => {
    const end = /[\s>]/u.exec(rest);
    if (end === null) return { length: rest.length, context };
    return {
      length: Math.max(1, end.index),
      context: end.index > 0 ? context : afterUnquoted(rest, context),
    };
  },
  'raw-text': elementText,
  'plain-text': elementText,
};

function afterUnquoted(rest: string, context: HtmlContext): HtmlContext {
  return rest.startsWith('>') ? inside(context.element) : { ...context, kind: 'tag', attribute: '' };
}

function upTo(rest: string, mark: string, context: HtmlContext): Step {
  const end = rest.indexOf(mark);
  return { length: end === -1 ? rest.length : end, context };
}

function value(rest: string, quote: string, context: HtmlContext): Step {
  const end = rest.indexOf(quote);
  if (end === -1) return { length: rest.length, context };
  return { length: end + 1, context: { ...context, kind: 'tag', attribute: '' } };
}

function elementText(rest: string, context: HtmlContext): Step {
  const end = new RegExp(`</${context.element}(?=[\\s/>])`, 'iu').exec(rest);
  if (end === null) return { length: rest.length, context };
  return {
    length: end.index + end[0].length,
    context: { kind: 'tag', element: '', attribute: '' },
  };
}

/** Where the text of an element is, once its tag has ended. */
function inside(element: string): HtmlContext {
  if (RAW.has(element)) return { kind: 'raw-text', element, attribute: '' };
  if (PLAIN.has(element)) return { kind: 'plain-text', element, attribute: '' };
  return TEXT;
}
