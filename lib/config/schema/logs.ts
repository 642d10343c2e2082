import { boolean, choice, ignored, integer, PLATFORM, section, text, texts } from '../option.ts';

/** Operational log and access log (operations.md 5, 10). */
export const logs = {
  logging: section(
    {
      level: choice('info', ['debug', 'info', 'warn', 'error', 'fatal'], 'least level that is written', {
        complaint: 'Invalid log level:',
        fold: logLevel,
      }),
      format: section(
        {
          timestamp: choice(
            'rfc3339',
            ['rfc3339', 'unix-epoch'],
            'of log lines; anything else = unix-epoch',
            {
              fold: (text) => (text === 'rfc3339' ? text : 'unix-epoch'),
            },
          ),
        },
        'of log lines',
      ),
      syslog: text('', 'prefix of source in log lines, and app name in syslog; empty = gorouter.stdout'),
      syslog_addr: text(
        '127.0.0.1:514',
        'where access log lines are streamed to: host:port, or the path of a socket',
      ),
      syslog_network: text(
        'udp',
        'tcp, tcp4, tcp6, udp, udp4, udp6, or unix for a stream socket of the file system',
      ),
      syslog_truncate: integer(0, 'bytes at which a streamed line is cut; 0 = never'),
      loggregator_enabled: boolean(false, 'access log to the platform', PLATFORM),
      metron_address: text('localhost:3457', 'agent of the platform', PLATFORM),
      disable_log_forwarded_for: boolean(false, 'x_forwarded_for is "-" in the access log'),
      disable_log_source_ip: boolean(false, 'the client address is "-" in the access log'),
      redact_query_params: choice('none', ['none', 'all', 'hash'], 'the query in the access log, for GET', {
        complaint: 'Invalid query param redaction mode:',
      }),
      extra_access_log_fields: texts(
        [],
        'backend_time, dial_time, dns_time, tls_time, failed_attempts, failed_attempts_time, local_address',
      ),
      enable_attempts_details: ignored('now extra_access_log_fields'),
      file: ignored('the log goes to stdout'),
    },
    'log of the router, and details of the access log',
  ),
  extra_headers_to_log: texts([], 'request header fields added to access log lines'),
  access_log: section(
    {
      file: text('', 'path, appended to, opened anew on SIGHUP; empty = no such file'),
      format: choice('gorouter', ['gorouter', 'json'], 'one text line, or one JSON object, per request'),
      enable_streaming: boolean(false, 'to syslog, instead of a file or beside one; see logging.syslog_addr'),
    },
    'one line per request',
  ),
};

/** Any case; empty is info; the levels above error are one to us. */
function logLevel(text: string): string {
  const level = text.toLowerCase();
  if (level === '') return 'info';
  return level === 'dpanic' || level === 'panic' ? 'fatal' : level;
}
