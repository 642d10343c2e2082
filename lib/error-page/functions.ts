import type { Value, ValueType } from './values.ts';

/** One of the functions that a template may call. */
export interface TemplateFunction {
  readonly least: number;
  readonly most: number;
  /** Of the result; undefined = not of such arguments. */
  type(types: readonly ValueType[]): ValueType | undefined;
  accepts(types: readonly ValueType[]): boolean;
  run(args: readonly (() => Value)[]): Value;
}

const MANY = 100;
const anything = (): boolean => true;
const alike = (types: readonly ValueType[]): boolean =>
  types.every((type) => type === types[0] && type !== 'page' && type !== 'header');
const ordered = (types: readonly ValueType[]): boolean => alike(types) && types[0] !== 'boolean';
const printable = (types: readonly ValueType[]): boolean =>
  types.every((type) => type !== 'page' && type !== 'header');

const comparison = (
  most: number,
  accepts: TemplateFunction['accepts'],
  run: TemplateFunction['run'],
): TemplateFunction => ({ least: 2, most, type: () => 'boolean', accepts, run });

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  // eq of several is true when the first equals any of the others.
  eq: comparison(MANY, alike, ([first, ...others]) => {
    const wanted = first!();
    return others.some((other) => other() === wanted);
  }),
  ne: comparison(2, alike, ([a, b]) => a!() !== b!()),
  lt: comparison(2, ordered, ([a, b]) => a!() < b!()),
  le: comparison(2, ordered, ([a, b]) => a!() <= b!()),
  gt: comparison(2, ordered, ([a, b]) => a!() > b!()),
  ge: comparison(2, ordered, ([a, b]) => a!() >= b!()),
  and: {
    least: 1,
    most: MANY,
    type: (types) => types[0],
    accepts: (types) => types.every((type) => type === types[0]),
    run: (args) => firstThat(args, (value) => !isTrue(value)),
  },
  or: {
    least: 1,
    most: MANY,
    type: (types) => types[0],
    accepts: (types) => types.every((type) => type === types[0]),
    run: (args) => firstThat(args, isTrue),
  },
  not: { least: 1, most: 1, type: () => 'boolean', accepts: anything, run: ([value]) => !isTrue(value!()) },
  len: {
    least: 1,
    most: 1,
    type: () => 'number',
    accepts: (types) => types[0] === 'string',
    run: ([value]) => Buffer.byteLength(value!() as string),
  },
  print: {
    least: 0,
    most: MANY,
    type: () => 'string',
    accepts: printable,
    run: (args) => args.map((arg) => String(arg())).join(''),
  },
  printf: {
    least: 1,
    most: MANY,
    type: () => 'string',
    accepts: printable,
    run: ([format, ...args]) => {
      let next = 0;
      return String(format!()).replace(/%(.)/gsu, (_, verb: string) => {
        if (verb === '%') return '%';
        const value = args[next]!();
        next += 1;
        return verb === 'q' ? JSON.stringify(String(value)) : String(value);
      });
    },
  },
};

/** The first value for which it holds, else the last. */
function firstThat(args: readonly (() => Value)[], holds: (value: Value) => boolean): Value {
  let value = args[0]!();
  for (let i = 1; i < args.length && !holds(value); i += 1) value = args[i]!();
  return value;
}

/** What `if` takes for true: not zero, not empty. */
export function isTrue(value: Value): boolean {
  return value !== 0 && value !== '' && value !== false;
}
