import { expect } from 'chai';
import { parseTemplate } from '../../../lib/error-page/template.ts';
import { TemplateProblem } from '../../../lib/error-page/template-problem.ts';

const DATA = {
  Status: 404,
  StatusText: 'Not Found',
  Message: `Requested route ('<b>&"+') does not exist.`,
  Header: { Get: (name: string) => (name.toLowerCase() === 'x-cf-routererror' ? 'unknown_route' : '') },
};
const MESSAGE = 'Requested route (&#39;&lt;b&gt;&amp;&#34;&#43;&#39;) does not exist.';

describe('parseTemplate', () => {
  const pages: readonly (readonly [template: string, page: string])[] = [
    ['', ''],
    ['plain <b>HTML</b>\n', 'plain <b>HTML</b>\n'],
    ['{{.Status}} {{ .StatusText }}: {{.Message}}', `404 Not Found: ${MESSAGE}`],
    ['<p title="{{.Message}}">', `<p title="${MESSAGE}">`],
    ["<p title='{{.Message}}'>x</p>", `<p title='${MESSAGE}'>x</p>`],
    ['<title>{{.Status}} <</title>', '<title>404 <</title>'],
    ['{{.Header.Get "X-Cf-RouterError"}}|{{.Header.Get "Other"}}|', 'unknown_route||'],
    ['{{(.Header.Get `x-cf-routererror`) | print "a" 1 true}}', 'a1trueunknown_route'],
    ['a {{- .Status -}} b', 'a404b'],
    ['a {{/* }} a comment */}}b{{- /* another */ -}} c', 'a bc'],
    ['a<!-- {{.Message}} -->b', 'ab'],
    ['1 < 2 <!DOCTYPE html> <3 </p> <br/>', '1 &lt; 2 <!DOCTYPE html> &lt;3 </p> <br/>'],
    ['{{if eq .Status 404}}yes{{else}}no{{end}}', 'yes'],
    ['{{if eq .Status 500 503 404}}yes{{end}}', 'yes'],
    ['{{if ne .Status 404}}yes{{else if gt .Status 400}}more{{else}}no{{end}}', 'more'],
    [
      '{{if and (eq .Status 404) (eq (.Header.Get "X-Cf-RouterError") "unknown_route")}}route{{end}}',
      'route',
    ],
    ['{{if not (or (lt .Status 400) (ge .Status 500))}}client{{end}}', 'client'],
    ['{{if .Header.Get "Nothing"}}yes{{else}}no{{end}}', 'no'],
    [
      '{{with .Header.Get "X-Cf-RouterError"}}<{{.}}>{{$.Status}}{{else}}none{{end}}',
      '&lt;unknown_route>404',
    ],
    ['{{with .Header}}{{.Get "X-Cf-RouterError"}}{{end}}', 'unknown_route'],
    ['{{with .Header.Get "Nothing"}}{{.}}{{else}}none{{end}}', 'none'],
    ['{{$s := .Status}}{{if eq $s 404}}{{$s := "inner"}}{{$s}}{{end}} {{$s}}', 'inner 404'],
    ['{{$s := "a"}}{{if true}}{{$s = "b"}}{{end}}{{$s}}', 'b'],
    ['{{printf "%d%% %s %q %v" .Status .StatusText "x" true}}', '404% Not Found &#34;x&#34; true'],
    ['{{len .StatusText}} {{.StatusText | len}} {{"<"}} {{"}}"}}', '9 9 &lt; }}'],
    [
      '<style>a { b: c }</style><script>if (1 < 2) x()</script>{{.Status}}',
      '<style>a { b: c }</style><script>if (1 < 2) x()</script>404',
    ],
    [
      '<a class=x href="/{{/* fixed */}}home" data-status="{{.Status}}">',
      '<a class=x href="/home" data-status="404">',
    ],
  ];
  for (const [template, page] of pages) {
    it(`makes ${JSON.stringify(page.slice(0, 60))} of ${JSON.stringify(template)}`, () => {
      expect(parseTemplate(template)(DATA)).to.equal(page);
    });
  }

  const refused: readonly (readonly [template: string, line: number, message: RegExp])[] = [
    ['a\n{{.Nope}}', 2, /^\.Nope$/],
    ['\n\n{{ .Status', 3, /not closed/],
    ['{{}}', 1, /without anything/],
    ['{{range .Header}}{{end}}', 1, /\{\{range\}\}/],
    ['{{template "x"}}', 1, /\{\{template\}\}/],
    ['{{end}}', 1, /\{\{end\}\} without/],
    ['{{if .Status}}', 1, /\{\{if\}\} without \{\{end\}\}/],
    ['{{if .Status}}\n{{else}}', 2, /\{\{else\}\} without/],
    ['{{if .Status}}{{else}}{{else}}{{end}}', 1, /without/],
    ['{{js .Message}}', 1, /the function js/],
    ['{{.}}', 1, /no text/],
    ['{{.Header}}', 1, /no text/],
    ['{{.Header.Get}}', 1, /\.Get without/],
    ['{{.Header.Del "x"}}', 1, /^\.Del$/],
    ['{{.Status.X}}', 1, /^\.X$/],
    ['{{eq .Status "404"}}', 1, /eq of number and string/],
    ['{{eq .Status}}', 1, /eq with 1 argument$/],
    ['{{.Status | .Message}}', 1, /piped/],
    ['{{$x}}', 1, /variable \$x/],
    ['{{$x = 1}}', 1, /variable \$x/],
    ['{{if true}}{{$x := 1}}{{end}}{{$x}}', 1, /variable \$x/],
    ['{{(.Status}}', 1, /parenthesis/],
    ['{{.Status}} {{1.5}}', 1, /1\.5/],
    ['{{printf "%x" .Status}}', 1, /printf/],
    ['{{printf .Message}}', 1, /printf/],
    ['<a href="{{.Message}}">', 1, /the attribute href/],
    ['<a onclick="{{.Message}}">', 1, /the attribute onclick/],
    ['<p\nstyle="{{.Message}}">', 2, /the attribute style/],
    ['<p title={{.Message}}>', 1, /without quotes/],
    ['<p {{.Message}}>', 1, /outside of quotes/],
    ['<script>\nx = {{.Status}}</script>', 2, /inside <script>/],
    ['{{if .Status}}<p title="{{end}}', 1, /different places/],
    ['<p title="x', 1, /ends inside of the attribute title/],
    ['<!-- ', 1, /ends inside of a comment/],
  ];
  for (const [template, line, message] of refused) {
    it(`refuses ${JSON.stringify(template)}`, () => {
      let problem: unknown;
      try {
        parseTemplate(template);
      } catch (error) {
        problem = error;
      }
      expect(problem).to.be.instanceOf(TemplateProblem);
      const { message: text, line: at, allowed } = problem as TemplateProblem;
      expect(text).to.match(message);
      expect(at).to.equal(line);
      expect(allowed).not.to.equal('');
    });
  }
});
