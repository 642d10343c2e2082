/** The values of a field in a head, in order; its name in exactly this spelling. */
export function fieldValues(head: string, name: string): string[] {
  return head
    .split('\r\n')
    .filter((line) => line.startsWith(`${name}: `) || line === `${name}:`)
    .map((line) => line.slice(name.length + 1).trim());
}
