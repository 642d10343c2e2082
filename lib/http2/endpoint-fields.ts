import { sameName } from '../request/header-names.ts';
import { isConnectionSpecific } from './fields.ts';

/** The field section of a request to an endpoint: `headers` from the policy, HTTP/1.1's framing included. */
export function endpointFields(method: string, target: string, headers: readonly string[]): string[] {
  const fields = [':method', method, ':scheme', 'https', ':authority', '', ':path', target];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (sameName(name, 'host')) fields[5] = value;
    else if (sameName(name, 'te')) fields.push('te', 'trailers');
    else if (!isConnectionSpecific(name)) fields.push(name.toLowerCase(), value);
  }
  return fields;
}
