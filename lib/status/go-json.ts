/** What Go's JSON encoder escapes although JSON does not ask for it. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** `value` as JSON the way Go writes it: safe inside HTML. Members keep their order. */
export function goJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
