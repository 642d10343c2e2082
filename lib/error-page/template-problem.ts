/** Why a template is refused. */
export class TemplateProblem extends Error {
  /** Counted from 1. */
  readonly line: number;
  /** What would be right. */
  readonly allowed: string;

  constructor(line: number, message: string, allowed: string) {
    super(message);
    this.name = 'TemplateProblem';
    this.line = line;
    this.allowed = allowed;
  }
}
