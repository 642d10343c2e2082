import type { Figure } from './scenario.ts';

/** What became of one scenario. */
export interface Outcome {
  readonly name: string;
  readonly about: string;
  readonly figures: readonly Figure[];
  /** Why there are no figures. */
  readonly failure?: string;
  /** It was left out for want of a program, and is no failure. */
  readonly skipped?: string;
  readonly seconds: number;
}

/** A markdown table of all figures, as docs/benchmarks.md keeps it; columns are padded to be read as they are. */
export function reportTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ name, figures, failure, skipped }) => {
    if (failure !== undefined) return [[name, 'could not be run', firstLine(failure), '', '']];
    if (skipped !== undefined) return [[name, 'left out', skipped, '', '']];
    return figures.map((figure) => [name, figure.name, figure.value, figure.target ?? '', verdict(figure)]);
  });
  const table = [['scenario', 'what', 'figure', 'target', 'verdict'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(table[0]!), rule, ...rows.map(line)].join('\n');
}

/** How many figures met their target, and what became of the rest, in one line. */
export function reportCounts(outcomes: readonly Outcome[]): string {
  const figures = outcomes.flatMap((outcome) => outcome.figures);
  const counts = [
    `${figures.filter(({ met }) => met === true).length} met`,
    `${figures.filter(({ met }) => met === false).length} missed`,
    `${figures.filter(({ target, met }) => target !== undefined && met === undefined).length} without a verdict`,
    `${outcomes.filter(({ skipped }) => skipped !== undefined).length} scenarios left out`,
    `${outcomes.filter(({ failure }) => failure !== undefined).length} could not be run`,
  ];
  return counts.join(', ');
}

function verdict({ met }: Figure): string {
  if (met === undefined) return '';
  return met ? 'met' : 'missed';
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replaceAll('|', '/');
}
