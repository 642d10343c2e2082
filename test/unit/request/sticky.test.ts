import { expect } from 'chai';
import type { RequestSettings } from '../../../lib/request/settings.ts';
import { negotiateId, stickyCookies, stickyId } from '../../../lib/request/sticky.ts';
import { anEndpoint, aPool } from '../../support/endpoint-fixture.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { requestSettings } from '../../support/request-fixture.ts';

describe('stickyId', () => {
  const cases: readonly { name: string; cookies: readonly string[]; expect: string | undefined }[] = [
    { name: 'both cookies', cookies: ['JSESSIONID=1; __VCAP_ID__=abc'], expect: 'abc' },
    { name: 'both in separate fields', cookies: ['__VCAP_ID__=abc', 'JSESSIONID=1'], expect: 'abc' },
    { name: 'a __Host- session cookie', cookies: ['__Host-JSESSIONID=1; __VCAP_ID__=abc'], expect: 'abc' },
    { name: 'an empty session cookie', cookies: ['JSESSIONID=; __VCAP_ID__=abc'], expect: 'abc' },
    { name: 'a quoted id', cookies: ['JSESSIONID=1;__VCAP_ID__="abc"'], expect: 'abc' },
    { name: 'the first of two ids', cookies: ['JSESSIONID=1; __VCAP_ID__=a; __VCAP_ID__=b'], expect: 'a' },
    { name: 'no session cookie', cookies: ['__VCAP_ID__=abc'], expect: undefined },
    { name: 'no id', cookies: ['JSESSIONID=1'], expect: undefined },
    { name: 'an empty id', cookies: ['JSESSIONID=1; __VCAP_ID__='], expect: undefined },
    { name: 'another case', cookies: ['jsessionid=1; __VCAP_ID__=abc'], expect: undefined },
    { name: 'names inside of values', cookies: ['x=JSESSIONID=1; y=__VCAP_ID__=abc'], expect: undefined },
    { name: 'no cookie at all', cookies: [], expect: undefined },
  ];
  for (const { name, cookies, expect: expected } of cases) {
    it(`reads ${name} as ${expected ?? 'not sticky'}`, () => {
      const headers = cookies.flatMap((value) => ['cookie', value]);
      expect(stickyId(headers, requestSettings())).to.equal(expected);
    });
  }

  it('is never sticky when no session cookies are configured', () => {
    const settings = requestSettings({ stickyCookieNames: new Set() });
    expect(stickyId(['Cookie', 'JSESSIONID=1; __VCAP_ID__=abc'], settings)).to.equal(undefined);
  });
});

describe('negotiateId', () => {
  const headers = ['Authorization', 'nEgotiate abc', 'Cookie', '__VCAP_ID__=x'];
  it('needs the setting, the scheme and the cookie', () => {
    const on = requestSettings({ stickyForAuthNegotiate: true });
    expect(negotiateId(headers, on)).to.equal('x');
    expect(negotiateId(headers, requestSettings())).to.equal(undefined);
    expect(negotiateId(['Authorization', 'Basic x', ...headers.slice(2)], on)).to.equal(undefined);
    expect(negotiateId(headers.slice(0, 2), on)).to.equal(undefined);
  });
});

describe('stickyCookies', () => {
  const session = (attributes = ''): string[] => ['Set-Cookie', `JSESSIONID=1${attributes}`];
  const id = '__VCAP_ID__=instance-8080';
  /** The pair for a session cookie: what is restored from, and what both cookies say. */
  const pair = (meta: string, attributes: string): string[] => [
    `${id}; ${attributes}`,
    `__VCAP_ID_META__=${meta}; ${attributes}`,
  ];
  const cases: readonly {
    readonly name: string;
    readonly response: readonly string[];
    readonly requested?: string;
    /** Value of the request's `__VCAP_ID_META__`. */
    readonly meta?: string;
    readonly says?: string;
    readonly settings?: Partial<RequestSettings>;
    readonly contextPath?: string;
    readonly instanceId?: string;
    readonly expect: readonly string[];
  }[] = [
    { name: 'a session cookie', response: session(), expect: pair('', 'Path=/; HttpOnly') },
    { name: 'no session cookie', response: ['Set-Cookie', 'other=1'], expect: [] },
    {
      name: 'a deleted session cookie',
      response: session('; Max-Age=-5'),
      expect: pair('maxage=-1', 'Path=/; Max-Age=0; HttpOnly'),
    },
    {
      name: 'a positive Max-Age',
      response: session('; Max-Age=60'),
      expect: pair('maxage=1000060', 'Path=/; Max-Age=60; HttpOnly'),
    },
    {
      name: 'all attributes, in their order',
      response: session(
        '; partitioned; samesite=NONE; SECURE; max-age=0; expires=Wed, 21-Oct-2026 07:28:00 GMT; Domain=x; path=/y',
      ),
      expect: pair(
        'secure&partitioned&expires=1792567680&maxage=-1&samesite=none',
        'Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned',
      ),
    },
    {
      name: 'unreadable attributes, left out',
      response: session('; Expires=Thu, 31 Feb 2026 07:28:00 GMT; SameSite=Maybe; Max-Age=x'),
      expect: pair('', 'Path=/; HttpOnly'),
    },
    {
      name: 'secure_cookies',
      response: session('; SameSite=lax'),
      settings: { secureCookies: true },
      expect: pair('samesite=lax', 'Path=/; HttpOnly; Secure; SameSite=Lax'),
    },
    {
      name: 'the context path of the pool',
      response: session(),
      contextPath: '/Ctx/p',
      expect: pair('', 'Path=/Ctx/p; HttpOnly'),
    },
    {
      name: 'a context path that would add attributes',
      response: session(),
      contextPath: '/x; Domain=evil\r\nY: z',
      expect: pair('', 'Path=/x Domain=evilY: z; HttpOnly'),
    },
    {
      name: 'each of several session cookies, in their order',
      response: [
        ...session('; Max-Age=0'),
        'Set-Cookie',
        'other=1',
        'Set-Cookie',
        '__Host-JSESSIONID=2; Secure; Partitioned',
      ],
      expect: [
        ...pair('maxage=-1', 'Path=/; Max-Age=0; HttpOnly'),
        ...pair('secure&partitioned', 'Path=/; HttpOnly; Secure; Partitioned'),
      ],
    },
    {
      name: 'a __Host- session cookie',
      response: ['Set-Cookie', '__Host-JSESSIONID=1'],
      expect: pair('', 'Path=/; HttpOnly'),
    },
    {
      name: "the app's own __VCAP_ID__",
      response: [...session(), 'set-cookie', '__VCAP_ID__=mine'],
      expect: [],
    },
    { name: 'an endpoint without instance id', response: session(), instanceId: '', expect: [] },
    {
      name: 'an instance id with bytes that a cookie may not have',
      response: session(),
      instanceId: 'a;b"c d\r\n',
      expect: ['__VCAP_ID__="abc d"; Path=/; HttpOnly', '__VCAP_ID_META__=; Path=/; HttpOnly'],
    },
    { name: 'the instance that was asked for', response: [], requested: 'instance-8080', expect: [] },
    { name: 'the address that was asked for', response: [], requested: '10.0.0.1:8080', expect: [] },
    {
      name: 'another instance, for a client without attributes',
      response: [],
      requested: 'gone',
      expect: [`${id}; Path=/; HttpOnly`],
      says: 'vcap-id-meta-cookie-not-found',
    },
    {
      name: 'another instance, with the attributes that the client brings back',
      response: [],
      requested: 'gone',
      meta: 'samesite=strict&partitioned&maxage=1000060&secure&expires=1792567680',
      expect: [
        `${id}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=60; HttpOnly; Secure; SameSite=Strict; Partitioned`,
      ],
    },
    {
      name: 'another instance, for a client without a single attribute',
      response: [],
      requested: 'gone',
      meta: '',
      expect: [`${id}; Path=/; HttpOnly`],
    },
    {
      name: 'another instance, when its time is over',
      response: [],
      requested: 'gone',
      meta: 'maxage=999999',
      expect: [`${id}; Path=/; Max-Age=0; HttpOnly`],
    },
    {
      name: 'another instance, with the attributes that can be read',
      response: [],
      requested: 'gone',
      meta: 'Domain=evil&secure&samesite=maybe&expires=99999999999999&maxage=soon&secure=1',
      expect: [`${id}; Path=/; HttpOnly; Secure`],
      says: 'vcap-id-meta-cookie-parse-error',
    },
    {
      name: 'a new session at another instance: its own attributes, not those brought back',
      response: session('; SameSite=Lax'),
      requested: 'gone',
      meta: 'partitioned',
      expect: pair('samesite=lax', 'Path=/; HttpOnly; SameSite=Lax'),
    },
    {
      name: 'another instance, with secure_cookies',
      response: [],
      requested: 'gone',
      settings: { secureCookies: true },
      expect: [`${id}; Path=/; HttpOnly; Secure`],
      says: 'vcap-id-meta-cookie-not-found',
    },
    {
      name: 'Negotiate by another instance, whatever the session cookie says',
      response: ['WWW-Authenticate', 'Negotiate', ...session('; Secure')],
      settings: { stickyForAuthNegotiate: true },
      expect: [`${id}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict`],
    },
    {
      name: 'Negotiate by the same instance',
      response: ['WWW-Authenticate', 'Negotiate'],
      requested: 'instance-8080',
      settings: { stickyForAuthNegotiate: true },
      expect: [],
    },
    { name: 'Negotiate while the setting is off', response: ['WWW-Authenticate', 'Negotiate'], expect: [] },
  ];

  for (const {
    name,
    response,
    requested,
    meta,
    says,
    settings,
    contextPath = '/',
    instanceId,
    expect: expected,
  } of cases) {
    it(`binds on ${name}: ${expected.length === 0 ? 'nothing' : expected.length}`, () => {
      const logger = recordingLogger();
      const endpoint = anEndpoint(instanceId === undefined ? {} : { instanceId });
      const cookies = stickyCookies(response, {
        endpoint,
        pool: aPool('a.com', [endpoint], { contextPath }),
        requestedId: requested,
        requestHeaders: meta === undefined ? [] : ['Cookie', `x=y; __VCAP_ID_META__=${meta}`],
        requestId: 'rid',
        settings: requestSettings(settings),
        now: () => 1_000_000_999,
        logger,
      });
      expect(cookies).to.deep.equal(expected);
      expect(logger.lines.map(({ message }) => message)).to.deep.equal(says === undefined ? [] : [says]);
    });
  }
});
