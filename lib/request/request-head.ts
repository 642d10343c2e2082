import { sameName } from './header-names.ts';

/** A request's head as plain data, the same from every lane. */
export interface RequestHead {
  readonly method: string;
  /** Request target, byte for byte (latin1 code units). */
  readonly target: string;
  readonly versionMinor: 0 | 1;
  /** Name, value, name, value, ... as received: order, case and duplicates kept, latin1 text. */
  readonly headers: readonly string[];
  /** The client's address, without port; the announced one after the PROXY protocol. */
  readonly clientIp: string;
  readonly clientPort: number;
  /** Whether the client's connection to this router is TLS. */
  readonly tls: boolean;
  /** The client's certificate, base64 of its DER; empty = it showed none. */
  readonly clientCertificate: string;
  /*
   * What a parser saw by the way, so that nobody has to look again; absent = nobody looked.
   */
  /** Whether `target` is in origin-form, and nothing but ASCII that stands in a path and in a log as it is. */
  readonly targetIsPlain?: boolean;
  /** Whether the values of `headers` are printable ASCII without `"` and `\`. */
  readonly valuesArePlain?: boolean;
}

/** The first value of a header, undefined when there is none. */
export function headerValue(headers: readonly string[], lowerName: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i]!, lowerName)) return headers[i + 1];
  }
  return undefined;
}

/** All values of a header, in order. */
export function headerValues(headers: readonly string[], lowerName: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i]!, lowerName)) values.push(headers[i + 1]!);
  }
  return values;
}

/** Whether one of the header's comma-separated elements is `lowerToken`, in any case. */
export function hasToken(headers: readonly string[], lowerName: string, lowerToken: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i]!, lowerName)) continue;
    const value = headers[i + 1]!;
    if (sameName(value, lowerToken)) return true;
    if (value.length <= lowerToken.length) continue;
    if (listElements(value).some((element) => sameName(element, lowerToken))) return true;
  }
  return false;
}

/** The elements of a comma-separated value, blanks around them cut, empty ones left out (RFC 9110 §5.6.1). */
export function listElements(value: string): string[] {
  const elements: string[] = [];
  for (const part of value.split(',')) {
    const element = part.trim();
    if (element !== '') elements.push(element);
  }
  return elements;
}
