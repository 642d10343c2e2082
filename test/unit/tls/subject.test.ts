import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { sameSubject, subjectOf, subjectText } from '../../../lib/tls/subject.ts';
import { makeCa } from '../../support/certificates.ts';

describe('a subject', () => {
  it('has the attributes that rules speak of, in their order', async () => {
    const { cert } = await makeCa(
      '/C=DE/C=FR/ST=BW/L=X/O=A, Inc/O=B/OU=u1/OU=u2/street=S 1/postalCode=123/CN=one/CN=two/serialNumber=42/DC=org',
    );
    const subject = subjectOf(new X509Certificate(cert));
    expect(subject).to.deep.equal({
      country: ['DE', 'FR'],
      organization: ['A, Inc', 'B'],
      organizationalUnit: ['u1', 'u2'],
      locality: ['X'],
      province: ['BW'],
      streetAddress: ['S 1'],
      postalCode: ['123'],
      commonName: 'two',
      serialNumber: '42',
    });
    expect(subjectText(subject)).to.equal(
      'SERIALNUMBER=42,CN=two,POSTALCODE=123,STREET=S 1,ST=BW,L=X,OU=u1+OU=u2,O=A\\, Inc+O=B,C=DE+C=FR',
    );
    expect(sameSubject(subject, { ...subject })).to.equal(true);
    expect(sameSubject(subject, { ...subject, organizationalUnit: ['u2', 'u1'] })).to.equal(false);
    expect(sameSubject(subject, { ...subject, country: ['DE'] })).to.equal(false);
    expect(sameSubject(subject, { ...subject, commonName: '' })).to.equal(false);
  });
});
