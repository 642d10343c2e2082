import { FUNCTIONS } from './functions.ts';
import { TemplateProblem } from './template-problem.ts';
import type { HeaderData, PageData, Value, ValueType } from './values.ts';

/** What an expression sees when it runs: the dot, and the variables in their slots. */
export interface Frame {
  readonly page: PageData;
  readonly dot: Value;
  readonly variables: Value[];
}

export interface Expression {
  readonly type: ValueType;
  run(frame: Frame): Value;
}

/** What names stand for at a place of the template. */
export interface Scope {
  readonly dot: ValueType;
  /** Slot and type by name, `$` included. */
  readonly variables: ReadonlyMap<string, { readonly slot: number; readonly type: ValueType }>;
}

/** What a template can do, for whoever wrote one that does something else. */
export const POSSIBLE =
  '.Status, .StatusText, .Message, .Header.Get "<name>", variables, if, else, with, end, comments, pipes and the ' +
  'functions and, or, not, eq, ne, lt, le, gt, ge, len, print, printf (%s %d %v %q)';

const TOKEN =
  /\s+|(?<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<number>-?\d+)(?![\w.])|(?<name>\$?[A-Za-z_]\w*|\$)|(?<field>\.[A-Za-z_]\w*)|(?<mark>:=|[.()|=])/uy;
const FIELDS: Readonly<Record<string, ValueType>> = {
  Status: 'number',
  StatusText: 'string',
  Message: 'string',
  Header: 'header',
};

interface Token {
  readonly kind: 'string' | 'number' | 'name' | 'field' | 'mark';
  readonly text: string;
  /** Whether a blank stands before it: `$x .Status` are two things, `$x.Status` is one. */
  readonly apart: boolean;
}

/** Reads the expression of one action: a pipeline (Go's text/template). */
export function parseExpression(text: string, line: number, scope: Scope): Expression {
  const parser = new ExpressionParser(tokensOf(text, line), line, scope);
  return parser.all();
}

function tokensOf(text: string, line: number): Token[] {
  const tokens: Token[] = [];
  let apart = true;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new TemplateProblem(line, `${JSON.stringify(text.slice(from, from + 20))}`, POSSIBLE);
    const found = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined);
    if (found === undefined) {
      apart = true;
      continue;
    }
    tokens.push({ kind: found[0] as Token['kind'], text: found[1]!, apart });
    apart = false;
  }
  return tokens;
}

class ExpressionParser {
  readonly #tokens: readonly Token[];
  readonly #line: number;
  readonly #scope: Scope;
  #at = 0;

  constructor(tokens: readonly Token[], line: number, scope: Scope) {
    this.#tokens = tokens;
    this.#line = line;
    this.#scope = scope;
  }

  all(): Expression {
    const expression = this.#pipeline();
    if (this.#at < this.#tokens.length) throw this.#problem(`${this.#tokens[this.#at]!.text} there`);
    return expression;
  }

  #pipeline(): Expression {
    let result = this.#command(undefined);
    while (this.#takes('|')) result = this.#command(result);
    return result;
  }

  /** One function with its arguments, or one value; `piped` is the last argument. */
  #command(piped: Expression | undefined): Expression {
    const token = this.#tokens[this.#at];
    if (token?.kind === 'name' && !token.text.startsWith('$') && token.text in FUNCTIONS) {
      this.#at += 1;
      const args = this.#arguments();
      if (piped !== undefined) args.push(piped);
      return this.#call(token.text, args);
    }
    const value = this.#operand();
    if (piped !== undefined) throw this.#problem('a value that something is piped to');
    return value;
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || (token.kind === 'mark' && (token.text === '|' || token.text === ')')))
        return args;
      args.push(this.#operand());
    }
  }

  #operand(): Expression {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#problem('an expression that is not complete');
    this.#at += 1;
    switch (token.kind) {
      case 'string':
        return this.#constant(this.#string(token.text));
      case 'number':
        return this.#constant(Number(token.text));
      case 'field':
        return this.#chain(this.#field(this.#dot(), token.text));
      case 'name':
        return this.#named(token.text);
      case 'mark':
        if (token.text === '.') return this.#dot();
        if (token.text === '(') {
          const inner = this.#pipeline();
          if (!this.#takes(')')) throw this.#problem('a parenthesis that is not closed');
          return this.#chain(inner);
        }
        throw this.#problem(`${token.text} there`);
    }
  }

  #named(name: string): Expression {
    if (name === 'true' || name === 'false') return this.#constant(name === 'true');
    if (!name.startsWith('$')) throw this.#problem(`the function ${name}`);
    const variable = this.#scope.variables.get(name);
    if (variable === undefined) throw this.#problem(`the variable ${name}, which is not declared here`);
    const { slot, type } = variable;
    return this.#chain({ type, run: (frame) => frame.variables[slot]! });
  }

  #dot(): Expression {
    return { type: this.#scope.dot, run: (frame) => frame.dot };
  }

  /** Fields that follow without a blank. */
  #chain(start: Expression): Expression {
    let value = start;
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== 'field' || token.apart) return value;
      this.#at += 1;
      value = this.#field(value, token.text);
    }
  }

  #field(of: Expression, text: string): Expression {
    const name = text.slice(1);
    if (of.type === 'page' && name in FIELDS) {
      return { type: FIELDS[name]!, run: (frame) => (of.run(frame) as PageData)[name as keyof PageData] };
    }
    if (of.type === 'header' && name === 'Get') {
      const wanted = this.#tokens[this.#at] === undefined ? undefined : this.#operand();
      if (wanted?.type !== 'string') throw this.#problem('.Get without the name of a header field');
      return {
        type: 'string',
        run: (frame) => (of.run(frame) as HeaderData).Get(wanted.run(frame) as string),
      };
    }
    throw this.#problem(`${text}`);
  }

  #call(name: string, args: readonly Expression[]): Expression {
    const { least, most, type, accepts, run } = FUNCTIONS[name]!;
    if (args.length < least || args.length > most) {
      throw this.#problem(`${name} with ${args.length} ${args.length === 1 ? 'argument' : 'arguments'}`);
    }
    const types = args.map((arg) => arg.type);
    const result = type(types);
    if (result === undefined || !accepts(types)) throw this.#problem(`${name} of ${types.join(' and ')}`);
    // What reads its format at each page must not fail there.
    if (name === 'printf') this.#checkFormat(args);
    return { type: result, run: (frame) => run(args.map((arg) => () => arg.run(frame))) };
  }

  #checkFormat(args: readonly Expression[]): void {
    const format = args[0]! as Expression & { readonly constant?: Value };
    const verbs =
      typeof format.constant === 'string' ? format.constant.match(/%./gsu)?.filter((v) => v !== '%%') : null;
    const known = verbs === undefined || verbs === null || verbs.every((verb) => /^%[sdvq]$/u.test(verb));
    if (typeof format.constant !== 'string' || !known || (verbs?.length ?? 0) !== args.length - 1) {
      throw this.#problem('printf with a format that is not understood');
    }
  }

  #constant(constant: string | number | boolean): Expression & { readonly constant: Value } {
    return { type: typeof constant as ValueType, constant, run: () => constant };
  }

  #string(text: string): string {
    if (text.startsWith('`')) return text.slice(1, -1);
    try {
      return JSON.parse(text) as string;
    } catch {
      throw this.#problem(`the string ${text}`);
    }
  }

  #takes(mark: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  #problem(what: string): TemplateProblem {
    return new TemplateProblem(this.#line, what, POSSIBLE);
  }
}
