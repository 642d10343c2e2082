import type { X509Certificate } from 'node:crypto';

/** The parts of a distinguished name that rules speak of, in the order of the certificate (contract: tls.md 2). */
export interface Subject {
  readonly country: readonly string[];
  readonly organization: readonly string[];
  readonly organizationalUnit: readonly string[];
  readonly locality: readonly string[];
  readonly province: readonly string[];
  readonly streetAddress: readonly string[];
  readonly postalCode: readonly string[];
  readonly commonName: string;
  readonly serialNumber: string;
}

/** The subject of a certificate; attributes of other types are left out. */
export function subjectOf(certificate: X509Certificate): Subject {
  const { subject } = certificate.toLegacyObject() as {
    readonly subject?: Readonly<Record<string, string | readonly string[]>>;
  };
  const all = (name: string): readonly string[] => {
    const value = subject?.[name] ?? [];
    return typeof value === 'string' ? [value] : value;
  };
  return {
    country: all('C'),
    organization: all('O'),
    organizationalUnit: all('OU'),
    locality: all('L'),
    province: all('ST'),
    streetAddress: all('street'),
    postalCode: all('postalCode'),
    // Of several the last one counts, as in Go.
    commonName: all('CN').at(-1) ?? '',
    serialNumber: all('serialNumber').at(-1) ?? '',
  };
}

/** Whether all parts are equal, lists in their order. */
export function sameSubject(a: Subject, b: Subject): boolean {
  return partsOf(a).every((part, i) => sameTexts(part[1], partsOf(b)[i]![1]));
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** As Go writes a name (RFC 2253): `CN=client,OU=Payments,O=Partner`; several values of a part with `+` between them. */
export function subjectText(subject: Subject): string {
  return partsOf(subject)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => values.map((value) => `${name}=${escaped(value)}`).join('+'))
    .join(',');
}

function partsOf(subject: Subject): readonly (readonly [name: string, values: readonly string[]])[] {
  const one = (text: string): readonly string[] => (text === '' ? [] : [text]);
  return [
    ['SERIALNUMBER', one(subject.serialNumber)],
    ['CN', one(subject.commonName)],
    ['POSTALCODE', subject.postalCode],
    ['STREET', subject.streetAddress],
    ['ST', subject.province],
    ['L', subject.locality],
    ['OU', subject.organizationalUnit],
    ['O', subject.organization],
    ['C', subject.country],
  ];
}

function escaped(text: string): string {
  return text.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&');
}
