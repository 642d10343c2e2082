import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseConfig } from '../../../lib/config/load.ts';

const rewrite = (list: string, entry: string): string =>
  `http_rewrite:\n  responses:\n    ${list}:\n    - ${entry}\n`;

describe('http_rewrite', () => {
  it('takes fields and keeps them', () => {
    const { config, problems } = parseConfig(
      rewrite('add_headers_if_not_present', '{name: X-A, value: "b c"}'),
    );
    expect(problems).to.deep.equal([]);
    expect(config.http_rewrite.responses.add_headers_if_not_present).to.deep.equal([
      { name: 'X-A', value: 'b c' },
    ]);
  });

  for (const name of ['Content-Length', 'connection', 'Transfer-Encoding']) {
    it(`warns that a rule for ${name} has no effect`, () => {
      const { problems } = parseConfig(rewrite('remove_headers', `{name: ${name}}`));
      expect(problems).to.have.length(1);
      expect(problems[0]).to.deep.include({
        severity: 'warning',
        key: 'http_rewrite.responses.remove_headers[0].name',
        line: 4,
      });
    });
  }

  it('refuses what is no name and no value of a field, each on its own line', () => {
    const text = `${rewrite('add_headers_if_not_present', '{name: "X A", value: v}')}    - {name: X-B, value: "a\\r\\nb"}\n`;
    const { problems } = parseConfig(text);
    expect(problems.map(({ severity, key, line }) => ({ severity, key, line }))).to.deep.equal([
      { severity: 'error', key: 'http_rewrite.responses.add_headers_if_not_present[0].name', line: 4 },
      { severity: 'error', key: 'http_rewrite.responses.add_headers_if_not_present[1].value', line: 5 },
    ]);
  });
});

describe('html_error_template_file', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'turnout-page-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const load = (template: string) => {
    const path = join(folder, 'page.html');
    writeFileSync(path, template);
    return { path, ...parseConfig(`port: 80\nhtml_error_template_file: ${path}\n`) };
  };

  it('brings the text of a page that is understood', () => {
    const { problems, errorPage } = load('<p>{{.Message}}</p>\n');
    expect(problems).to.deep.equal([]);
    expect(errorPage).to.equal('<p>{{.Message}}</p>\n');
  });

  it('refuses a page that is not: file, line and what is possible', () => {
    const { problems, path, errorPage } = load('<p>\n{{range .Header}}</p>');
    expect(errorPage).to.equal('');
    expect(problems).to.have.length(1);
    const { severity, line, message } = problems[0]!;
    expect({ severity, line }).to.deep.equal({ severity: 'error', line: 2 });
    expect(message).to.match(/^new-html-error-template-from-file: /);
    expect(message).to.include(
      `${path}:2: {{range}} is not understood; possible are .Status, .StatusText, .Message`,
    );
  });

  it('refuses a file that is not there', () => {
    const { problems } = parseConfig(`html_error_template_file: ${join(folder, 'none')}\n`);
    expect(problems[0]?.message).to.match(/^new-html-error-template-from-file: open .*none: no such file/);
  });
});

describe('limits of heads', () => {
  it('of requests are at most 1 MiB, with a warning for more', () => {
    const limit = (text: string) => parseConfig(text).config.max_request_header_bytes;
    expect(limit('max_request_header_bytes: 0')).to.equal(1_048_576);
    expect(limit('max_request_header_bytes: -1')).to.equal(1_048_576);
    expect(limit('max_request_header_bytes: 5')).to.equal(5);
    const { config, problems } = parseConfig('max_request_header_bytes: 2000000');
    expect(config.max_request_header_bytes).to.equal(1_048_576);
    expect(problems.map(({ severity, message }) => ({ severity, message }))).to.deep.equal([
      {
        severity: 'warning',
        message: 'innefectual-max-header-bytes-value: max_request_header_bytes is cut to 1048576',
      },
    ]);
  });

  it('of responses are off below 1', () => {
    const { config } = parseConfig(
      '{max_response_header_bytes: -1, max_response_headers: -1, max_request_headers: -1}',
    );
    expect(config).to.include({
      max_response_header_bytes: 0,
      max_response_headers: 0,
      max_request_headers: 0,
    });
  });
});

describe('tracing.w3c_tenant_id', () => {
  for (const tenant of ['', 'blue', 'Blue-1_*/x', '0'.repeat(241)]) {
    it(`may be ${JSON.stringify(tenant.slice(0, 20))}`, () => {
      expect(parseConfig(`tracing: {w3c_tenant_id: "${tenant}"}`).problems).to.deep.equal([]);
    });
  }

  for (const tenant of ['a,b', 'a=b', 'a b', '-a', 'a@b', 'ü', '0'.repeat(242)]) {
    it(`may not be ${JSON.stringify(tenant.slice(0, 20))}`, () => {
      const { problems } = parseConfig(`tracing:\n  w3c_tenant_id: "${tenant}"\n`);
      expect(problems.map(({ severity, key, line }) => ({ severity, key, line }))).to.deep.equal([
        { severity: 'error', key: 'tracing.w3c_tenant_id', line: 2 },
      ]);
    });
  }
});
