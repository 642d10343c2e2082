import {
  boolean,
  choice,
  duration,
  integer,
  items,
  LEGACY,
  PENDING,
  port,
  section,
  text,
  texts,
} from '../option.ts';

const XFCC_MODES = ['always_forward', 'forward', 'sanitize_set'] as const;

const subject = {
  country: texts([], 'C'),
  organization: texts([], 'O'),
  organizational_unit: texts([], 'OU'),
  locality: texts([], 'L'),
  province: texts([], 'ST'),
  street_address: texts([], 'street'),
  postal_code: texts([], 'postal code'),
  common_name: text('', 'CN'),
  serial_number: text('', 'serial number'),
};

/** Listeners, and what is done with a request at the door (tls.md, http.md). */
export const front = {
  port: port(8081, 'HTTP port, on all interfaces; 0 = any free port'),
  disable_http: boolean(false, 'no HTTP listener; needs enable_ssl'),
  enable_ssl: boolean(false, 'HTTPS listener; needs tls_pem, cipher_suites and client_cert_validation'),
  ssl_port: port(443, 'HTTPS port, on all interfaces'),
  tls_pem: items(
    {
      cert_chain: text('', 'PEM text, leaf first'),
      private_key: text('', 'PEM text', { secret: 'yes' }),
    },
    [],
    'certificates of the HTTPS listener, chosen by SNI, the first when none fits',
  ),
  cipher_suites: text('', 'cipher suites for TLS 1.2 and older, OpenSSL or IANA names, colon-separated'),
  min_tls_version: text('TLSv1.2', 'TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3'),
  max_tls_version: text('TLSv1.2', 'TLSv1.2 or TLSv1.3'),
  client_cert_validation: text(
    '',
    'client certificates: none, request or require; obligatory with enable_ssl',
  ),
  client_ca_certs: text('', 'PEM text: CAs of client certificates, beside those of the system'),
  only_trust_client_ca_certs: boolean(false, 'leave the CAs of the system out'),
  enable_verify_client_certificate_metadata: boolean(
    false,
    'hold client certificates to verify_client_certificate_metadata',
  ),
  verify_client_certificate_metadata: items(
    {
      issuer_in_chain: section(subject, 'the rule is for chains with a CA of this subject'),
      valid_cert_subjects: items(subject, [], 'the subjects that a client certificate may then have'),
    },
    [],
    'which subjects are good under which CA',
  ),
  domains: items(
    {
      domain: text('', 'exact host, or *. and a host'),
      name: text('', 'another spelling of domain'),
      ca_certs: text('', 'PEM text: the only CAs for clients of this domain', { required: true }),
      forwarded_client_cert: choice('sanitize_set', XFCC_MODES, 'X-Forwarded-Client-Cert on this domain'),
      xfcc_format: choice('raw', ['raw', 'envoy'], 'format of X-Forwarded-Client-Cert'),
    },
    [],
    'domains whose clients must show a certificate',
    PENDING,
  ),
  enable_http2: boolean(
    true,
    'HTTP/2: offered to clients with TLS, spoken with TLS endpoints that register with protocol http2',
  ),
  enable_http1_concurrent_read_write: boolean(
    false,
    'an answer is always passed on while the request body is still coming in',
    LEGACY,
  ),
  enable_proxy: boolean(false, 'PROXY protocol, versions 1 and 2, on the listeners; its header is optional'),
  frontend_idle_timeout: duration(900_000, 'how long a client connection may be idle between requests'),
  read_header_timeout: duration(0, 'how long a request head may take; 0 = no limit'),
  max_request_header_bytes: integer(0, 'largest request head in bytes, up to 1 MiB; 0 = 1 MiB'),
  max_request_headers: integer(0, 'most header fields of a request; 0 = no limit'),
  force_forwarded_proto_https: boolean(false, 'X-Forwarded-Proto is always https'),
  sanitize_forwarded_proto: boolean(false, 'replace an X-Forwarded-Proto that the client sent'),
  forwarded_client_cert: choice(
    'always_forward',
    XFCC_MODES,
    'X-Forwarded-Client-Cert: pass on, pass on with mutual TLS only, or replace',
    { complaint: 'Invalid forwarded client cert mode:' },
  ),
  hop_by_hop_headers_to_filter: texts(
    [],
    'fields that a client may not have removed by naming them in Connection',
  ),
  secure_cookies: boolean(false, 'add Secure to the sticky session cookie'),
  sticky_session_cookie_names: texts(
    ['JSESSIONID'],
    'a response that sets one of these cookies makes the session sticky; empty = no sticky sessions',
  ),
  sticky_sessions_for_auth_negotiate: boolean(
    false,
    'Negotiate authentication keeps to the instance it began at',
  ),
  healthcheck_user_agent: text(
    'HTTP-Monitor/1.1',
    'a request with this User-Agent is answered with the health',
  ),
  html_error_template_file: text('', 'path of a template for error answers, in a part of Go html/template'),
  http_rewrite: section(
    {
      responses: section(
        {
          add_headers_if_not_present: items(
            { name: text('', 'field name', { required: true }), value: text('', 'field value') },
            [],
            'fields added to answers that lack them',
          ),
          remove_headers: items(
            { name: text('', 'field name', { required: true }) },
            [],
            'fields removed from answers, before others are added',
          ),
        },
        'of answers',
      ),
    },
    'changes to header fields',
  ),
  trace_key: text(
    '',
    'a request with this X-Vcap-Trace gets tracing fields in its answer; empty = none does',
  ),
  tracing: section(
    {
      enable_zipkin: boolean(false, 'join or begin a B3 trace'),
      enable_w3c: boolean(false, 'join or begin a W3C trace'),
      w3c_tenant_id: text('', 'tenant in tracestate: <tenant>@gorouter; letters, digits, _ - * /'),
    },
    'tracing header fields',
  ),
  upgrade_protocols: texts(
    [],
    'protocols that clients may switch to, such as websocket; others are ordinary requests; none = any but HTTP/2',
  ),
  keep_alive_100_continue_requests: boolean(
    false,
    'endpoint connections are kept after Expect: 100-continue in any case',
    LEGACY,
  ),
};
