import { TemplateProblem } from './template-problem.ts';

/** A stretch of a template: what stands between actions, or what stands between `{{` and `}}`. */
export interface Piece {
  readonly kind: 'text' | 'action';
  readonly text: string;
  /** Where it begins. */
  readonly line: number;
}

const ACTIONS = 'actions between {{ and }}';

/** Cuts a template into its pieces (Go's text/template): trim markers applied, comments left out. */
export function pieces(template: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let line = 1;
  let trimNext = false;
  const lineAfter = (text: string): number => line + text.split('\n').length - 1;
  for (;;) {
    const open = template.indexOf('{{', at);
    let text = template.slice(at, open === -1 ? undefined : open);
    const textLine = line;
    line = lineAfter(text);
    if (trimNext) text = text.trimStart();
    const trimsBefore = open !== -1 && /^-\s/u.test(template.slice(open + 2, open + 4));
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') found.push({ kind: 'text', text, line: textLine });
    if (open === -1) return found;

    const begin = open + (trimsBefore ? 3 : 2);
    const end = endOfAction(template, begin);
    if (end === undefined) throw new TemplateProblem(line, 'an action that is not closed', ACTIONS);
    const inside = template.slice(begin, end);
    trimNext = /\s-$/u.test(inside);
    const action = (trimNext ? inside.slice(0, -1) : inside).trim();
    if (action === '') throw new TemplateProblem(line, 'an action without anything in it', ACTIONS);
    if (!/^\/\*[\s\S]*\*\/$/u.test(action)) found.push({ kind: 'action', text: action, line });
    line = lineAfter(inside);
    at = end + 2;
  }
}

/** Where `}}` is: not in a string, nor in a comment. */
function endOfAction(template: string, from: number): number | undefined {
  const comment = /^\s*\/\*/u.exec(template.slice(from, from + 64));
  let at = from;
  if (comment !== null) {
    const closed = template.indexOf('*/', from);
    if (closed === -1) return undefined;
    at = closed + 2;
  }
  while (at < template.length) {
    const char = template[at];
    if (template.startsWith('}}', at)) return at;
    if (char === '\n' && comment === null) {
      at += 1;
    } else if (char === '`') {
      const closed = template.indexOf('`', at + 1);
      if (closed === -1) return undefined;
      at = closed + 1;
    } else if (char === '"') {
      const quoted = /^"(?:[^"\\\n]|\\.)*"/u.exec(template.slice(at));
      if (quoted === null) return undefined;
      at += quoted[0].length;
    } else {
      at += 1;
    }
  }
  return undefined;
}
