import { type EndpointOptions, NO_OPTIONS } from '../routes/endpoint.ts';
import { NumberText } from './number-text.ts';
import { SharedValues } from './shared-values.ts';

/** An entry of `options` that was left out: the router-wide setting acts in its place (newer.md 2). */
export interface OptionProblem {
  /** Name of the entry; `options` when the member as a whole is unusable. */
  readonly option: string;
  readonly reason: string;
  readonly value: unknown;
}

export interface RouteOptions {
  readonly options: EndpointOptions;
  readonly problems: readonly OptionProblem[];
}

const NO_PROBLEMS: readonly OptionProblem[] = Object.freeze([]);
const NOTHING: RouteOptions = Object.freeze({ options: NO_OPTIONS, problems: NO_PROBLEMS });

/** `inf`, `nan`, hexadecimal and blanks are garbage here, though Number() would take some of them. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** A day: whoever asks for more meant another unit. */
const MOST_SECONDS = 86_400;

const shared = new SharedValues<EndpointOptions>(256);

/**
 * The `options` member of a register message. A bad entry is left out alone and never costs the endpoint, as
 * RFC-0027 wants it (newer.md 2, which calls the dropped message of the reference router a bug).
 */
export function parseRouteOptions(value: unknown): RouteOptions {
  if (value === undefined || value === null) return NOTHING;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberText) {
    return {
      options: NO_OPTIONS,
      problems: [
        { option: 'options', reason: `must be an object, not ${nameOf(value)}`, value: plain(value) },
      ],
    };
  }
  const problems: OptionProblem[] = [];
  let loadbalancing = '';
  let hashHeader = '';
  let hashBalance = 0;
  let slowStart: number | undefined;
  for (const [name, entry] of Object.entries(value)) {
    if (entry === null) continue;
    switch (name.toLowerCase()) {
      case 'loadbalancing':
        loadbalancing = text('loadbalancing', entry, problems);
        break;
      case 'hash_header':
        hashHeader = text('hash_header', entry, problems);
        break;
      case 'hash_balance':
        hashBalance = decimal('hash_balance', entry, problems) ?? 0;
        break;
      case 'slow_start':
        slowStart = seconds('slow_start', entry, problems);
        break;
      // Other generations define more names: ignoring them stays silent (registry.md 9).
    }
  }
  if (loadbalancing === '' && hashHeader === '' && hashBalance === 0 && slowStart === undefined) {
    return problems.length === 0 ? NOTHING : { options: NO_OPTIONS, problems };
  }
  const options = shared.share(JSON.stringify([loadbalancing, hashHeader, hashBalance, slowStart]), {
    loadbalancing,
    hashHeader,
    hashBalance,
    slowStart,
  });
  return { options, problems: problems.length === 0 ? NO_PROBLEMS : problems };
}

function text(option: string, value: unknown, problems: OptionProblem[]): string {
  if (typeof value === 'string') return value.toWellFormed();
  problems.push({ option, reason: `must be text, not ${nameOf(value)}`, value: plain(value) });
  return '';
}

/** Emitters of different ages send a number or a text holding one (newer.md 3); empty text is absent, below 0 is 0. */
function decimal(option: string, value: unknown, problems: OptionProblem[]): number | undefined {
  if (value === '') return undefined;
  const spelled = value instanceof NumberText ? value.source : typeof value === 'number' ? `${value}` : value;
  if (typeof spelled === 'string' && DECIMAL.test(spelled)) {
    const number = Number(spelled);
    if (Number.isFinite(number)) return Math.max(0, number);
  }
  const reason =
    typeof spelled === 'string' ? 'is not a decimal number' : `must be a number, not ${nameOf(value)}`;
  problems.push({ option, reason, value: plain(value) });
  return undefined;
}

function seconds(option: string, value: unknown, problems: OptionProblem[]): number | undefined {
  const number = decimal(option, value, problems);
  if (number === undefined || number <= MOST_SECONDS) return number;
  problems.push({ option, reason: `must be at most ${MOST_SECONDS} seconds`, value: plain(value) });
  return undefined;
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof NumberText || typeof value === 'number') return 'a number';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'true or false' : 'an object';
}

function plain(value: unknown): unknown {
  return value instanceof NumberText ? Number(value.source) : value;
}
