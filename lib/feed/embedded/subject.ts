/** The `.`-separated tokens of a subject, or undefined when one is empty or, for texts off the wire, none is there. */
export function tokensOf(subject: string): readonly string[] | undefined {
  const tokens = subject.split('.');
  return tokens.includes('') ? undefined : tokens;
}

/**
 * The tokens of a subject that may be subscribed to: `*` stands for one token, `>` at the end for one or more.
 * Both only when they are a token of their own; `a*` is an ordinary one.
 */
export function subscribableTokens(subject: string): readonly string[] | undefined {
  const tokens = tokensOf(subject);
  const rest = tokens?.indexOf('>') ?? -1;
  return rest === -1 || rest === (tokens?.length ?? 0) - 1 ? tokens : undefined;
}

/** Whether a subject is one that a pedantic client may publish to: no empty token and no wildcard. */
export function isLiteralSubject(subject: string): boolean {
  const tokens = tokensOf(subject);
  return tokens !== undefined && !tokens.includes('*') && !tokens.includes('>');
}
