import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gsu;
const KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/su;

/** The certificates of a PEM text that can be read, in order. */
export function certificatesOf(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      // One bad block does not cost the others; the caller asks whether any was good.
      return [];
    }
  });
}

/** What is wrong with a certificate and its key, in Go's words; undefined when they fit. */
export function keyPairError(certChain: string, privateKey: string): string | undefined {
  const blocks = certChain.match(CERTIFICATE);
  if (blocks === null) return 'tls: failed to find any PEM data in certificate input';
  const pem = KEY.exec(privateKey)?.[0];
  if (pem === undefined) return 'tls: failed to find any PEM data in key input';
  const leaf = certificatesOf(blocks[0])[0];
  if (leaf === undefined) return 'x509: malformed certificate';
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return 'tls: failed to parse private key';
  }
  return leaf.checkPrivateKey(key) ? undefined : 'tls: private key does not match public key';
}

/** Whether now is within the validity of the first certificate of a PEM text; in Go's words if it is not. */
export function validityError(certChain: string, now: Date): string | undefined {
  const leaf = certificatesOf(certChain)[0];
  if (leaf === undefined) return undefined;
  const current = now >= leaf.validFromDate && now <= leaf.validToDate;
  if (current) return undefined;
  return `x509: certificate has expired or is not yet valid: valid from ${leaf.validFrom} to ${leaf.validTo}`;
}
