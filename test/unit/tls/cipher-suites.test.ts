import { expect } from 'chai';
import {
  CIPHER_SUITES,
  cipherSuiteError,
  cipherText,
  missingSuites,
} from '../../../lib/tls/cipher-suites.ts';

const TLS13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

describe('cipher suites', () => {
  it('may be named as OpenSSL does or as IANA does, mixed', () => {
    expect(CIPHER_SUITES).to.have.length(49);
    expect(cipherSuiteError(CIPHER_SUITES.join(':'))).to.equal(undefined);
    expect(cipherText('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:ECDHE-RSA-AES256-GCM-SHA384', false)).to.equal(
      `${TLS13}:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384`,
    );
    for (const name of [
      'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
      'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    ]) {
      expect(cipherText(name, false)).to.equal(`${TLS13}:ECDHE-RSA-CHACHA20-POLY1305`);
    }
  });

  for (const name of ['FOO', 'ecdhe-rsa-aes128-gcm-sha256', ' AES128-SHA', '']) {
    it(`may not be named ${JSON.stringify(name)}`, () => {
      expect(cipherSuiteError(`AES128-SHA:${name}`)).to.equal(
        `Invalid cipher string configuration: ${name}, please choose from [${CIPHER_SUITES.join(' ')}]`,
      );
    });
  }

  it('are offered in an order of their own: forward secrecy first, CBC late', () => {
    const worst =
      'AES128-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256';
    expect(cipherText(worst, false)).to.equal(`${TLS13}:${worst.split(':').reverse().join(':')}`);
  });

  it('that OpenSSL has no more are left out', () => {
    const list = 'RC4-SHA:TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA:AES128-SHA:TLS_AES_128_GCM_SHA256';
    expect(missingSuites(list)).to.deep.equal(['RC4-SHA', 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA']);
    expect(cipherText(list, false)).to.equal(`${TLS13}:AES128-SHA`);
  });

  it('of TLS 1.0 need signatures that OpenSSL does not take by itself', () => {
    expect(cipherText('AES128-SHA', true)).to.equal(`${TLS13}:AES128-SHA:@SECLEVEL=0`);
  });
});
