/** A JSON number as it was spelled, for where its value as a double is not the whole truth. */
export class NumberText {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** For logs: what a plain parse would have given. */
  toJSON(): number {
    return Number(this.source);
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const keep: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value;

/** JSON.parse that keeps every number as spelled. Several times slower than the plain one. */
export function parseKeepingNumbers(text: string): unknown {
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}
