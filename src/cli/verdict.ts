/** @file The last line of a check: whether all that was asked is right, and what was not asked. */
import { amount } from '../io/text.ts';
import type { Backend } from '../oracle/backends/backend.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import { type CheckRow, isFine } from '../oracle/check/row.ts';
import { colour } from './console.ts';

/** What a command asked for, by its options. */
interface AskedFor {
  readonly operator?: readonly string[];
  readonly mode?: readonly string[];
  readonly dtype?: readonly string[];
}

/** Says what a backend offers of the operators that were asked for, and which options leave none of it. */
export function nothingOffered({ description }: Backend, { operator, mode, dtype }: AskedFor): string {
  const offers = Object.entries(description.operators);
  const wanted = offers.filter(([name]) => operator?.includes(name) ?? true);
  const listed = (wanted.length > 0 ? wanted : offers).slice(0, mostListed);
  const texts = listed.map(([name, { modes, dtypes }]) => `${name} ${modes.join(', ')} in ${dtypes.join(', ')}`);
  const more = offers.length > listed.length && wanted.length !== listed.length ? [`and more`] : [];
  const options = Object.entries({ operator, mode, dtype }).flatMap(([name, values]) =>
    values === undefined ? [] : [`--${name} ${values.join(' ')}`],
  );
  const offered = [...texts, ...more].join('; ') || 'no operator';
  return options.length === 0 ? `it offers ${offered}` : `it offers ${offered}; ${options.join(' ')} leaves none of it`;
}

/** The most operators that are listed with their modes and types. */
const mostListed = 4;

/** Says in one line whether all that was asked is right; `nothing` says what is offered where nothing was asked. */
export function verdict({ ok, rows, problems, wrongEntries }: CheckReport, nothing: () => string): string {
  const asked = rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
  const refused = rows.find(({ unsupported }) => unsupported > 0);
  if (asked.length === 0 && refused !== undefined) {
    const { operator, unsupported, reason } = refused;
    return `${colour.wrong('FAIL')}: nothing was compared: it declined ${unsupported === 1 ? 'the case' : `all ${unsupported} cases`} of ${operator}: ${reason}`;
  }
  if (asked.length === 0 && ok) return `${colour.minor('NOTHING')} was compared: no row on offer is of this shard`;
  if (asked.length === 0) {
    const rest = problems.length === 0 ? '' : '; its description is wrong, see above';
    return `${colour.wrong('FAIL')}: nothing was compared: ${nothing()}${rest}`;
  }
  const accepted = asked.filter((row) => [row.outputs, row.gradients].includes('ACCEPTED')).length;
  const passed = asked.filter((row) => row.outputs === 'PASS' && isFine(row) && row.gradients !== 'ACCEPTED').length;
  const isOpen = ({ outputs }: CheckRow): boolean => outputs === 'UNCHECKED';
  const unasked = asked.filter((row) => isOpen(row) && row.cut).length;
  const undrawn = asked.filter((row) => isOpen(row) && !row.cut).length;
  const unchecked = asked.filter(({ gradients }) => gradients === 'UNCHECKED').length - unasked - undrawn;
  const leftOut = asked.filter(({ gradientsLeftOut }) => gradientsLeftOut.length > 0);
  const cases = asked.reduce((sum, row) => sum + row.cases, 0);
  const isWrong = problems.length + wrongEntries.length > 0 || !asked.every(isFine);
  const head = ok ? colour.right('PASS') : isWrong ? colour.wrong('FAIL') : colour.minor('UNCHECKED');
  const rest = [
    ...(unasked === 0 ? [] : [`${unasked} unchecked, as no time was left (--total)`]),
    ...(undrawn === 0 ? [] : [`${undrawn} unchecked, as no case could be drawn`]),
    ...(unchecked === 0 ? [] : [`gradients of ${unchecked} unchecked`]),
    ...(leftOut.length === 0 ? [] : [`gradients of some inputs of ${leftOut.length} unchecked`]),
    ...(accepted === 0 ? [] : [`${accepted} wrong as accepted`]),
    ...(wrongEntries.length === 0 ? [] : [`${amount(wrongEntries.length, 'accepted failure')} to correct, see above`]),
    ...(problems.length === 0 ? [] : ['its description is wrong, see above']),
  ];
  return [`${head}: ${passed} of ${asked.length} rows right on ${amount(cases, 'case')}`, ...rest].join(', ');
}
