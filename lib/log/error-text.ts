import { inspect } from 'node:util';

/** An error as one text for a log line: its message, then those of its causes that it does not already quote. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  // A cause may lead back to its own error.
  for (let depth = 0; depth < 5 && current !== undefined && current !== null; depth += 1) {
    const text = ownText(current);
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

function ownText(error: unknown): string {
  if (!(error instanceof Error))
    return typeof error === 'string' ? error : inspect(error, { breakLength: Infinity });
  if (error.message !== '') return error.message;
  // A dial that tried several addresses fails with an empty message and its attempts inside.
  if (error instanceof AggregateError) return error.errors.map(ownText).join('; ');
  return 'code' in error ? String(error.code) : error.name;
}
