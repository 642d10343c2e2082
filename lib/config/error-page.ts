import { type ErrorPage, parseTemplate } from '../error-page/template.ts';
import { TemplateProblem } from '../error-page/template-problem.ts';
import type { ConfigProblem } from './problem.ts';
import { readText } from './read-text.ts';

const KEY = 'html_error_template_file';

/** The text of an error page, found sound, or what is wrong with it or its file. */
export function loadErrorPage(
  path: string,
  line: number | undefined,
): { readonly text: string } | { readonly problem: ConfigProblem } {
  const problem = (found: string, allowed: string, reason: string): { problem: ConfigProblem } => ({
    problem: {
      severity: 'error',
      key: KEY,
      line,
      found,
      allowed,
      message: `new-html-error-template-from-file: ${reason}`,
      reason,
    },
  });
  const file = readText(path);
  if ('error' in file) return problem(JSON.stringify(path), 'a readable template', file.error);
  try {
    parseTemplate(file.text);
    return file;
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    return problem(
      `a template with ${error.message}`,
      error.allowed,
      `${path}:${error.line}: ${error.message} is not understood; possible are ${error.allowed}`,
    );
  }
}

/** The page of a text that loadErrorPage found sound; undefined for an empty one. */
export function errorPage(text: string): ErrorPage | undefined {
  return text === '' ? undefined : parseTemplate(text);
}
