import { STATUS_CODES } from 'node:http';

/** Where gorouter's HTTP library and node word a status differently: its words are on today's wires. */
const OTHER_WORDS: Readonly<Record<number, string>> = {
  103: 'Early Hints',
  413: 'Request Entity Too Large',
  414: 'Request URI Too Long',
  416: 'Requested Range Not Satisfiable',
  418: "I'm a teapot",
  425: 'Too Early',
};

/** Statuses that node names and gorouter does not. */
const UNNAMED: ReadonlySet<number> = new Set([509]);

/** The reason phrase of a proxied answer (contract: http.md 12): the standard one, whatever the endpoint said. */
export function reasonPhrase(status: number): string {
  const known = UNNAMED.has(status) ? undefined : (OTHER_WORDS[status] ?? STATUS_CODES[status]);
  return known ?? `status code ${status}`;
}
