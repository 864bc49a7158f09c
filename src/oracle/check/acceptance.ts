/** @file Accepts failures of a row that the caller knows of: of the same tensors, by the same explanation, until a day. Any other failure still fails. */
import { amount } from '../../io/text.ts';
import { matches } from '../signature.ts';
import type { Acceptance, Accepted, Unaccepted } from './acceptance-data.ts';
import type { CaseFailure } from './failure-data.ts';
import { type CheckRow, type RowKey, rowName } from './row.ts';
import { unsteady } from './smallest/smallest.ts';
import { stale } from './stale.ts';

/** The explanation of an entry for tensors that nothing explains, for those that are missing or of another shape, and for those that are not judged. */
export const [unexplained, incomparable, any] = ['unexplained', 'not comparable', 'any'];

/** Kinds of failures at which a row ends: nobody knows what else is wrong in it, so they cannot be accepted. */
export const endings: readonly string[] = ['timeout', unsteady, stale];

/** Whether an entry is about a row. */
export const isEntryOf = (entry: Acceptance, { operator, mode, dtype }: RowKey): boolean =>
  entry.operator === operator && ['*', mode].includes(entry.mode) && ['*', dtype].includes(entry.dtype);

/** The tensors that are not judged, as an entry accepts any failure of them. */
export const isUnjudged = ({ explanation }: Acceptance): boolean => explanation === any;

/** Whether an entry has not expired: `never` comes after every day. */
export const isValidOn =
  (today: string = todayIs()) =>
  ({ expires }: Acceptance): boolean =>
    expires >= today;

const todayIs = (): string => new Date().toISOString().slice(0, 10);

/** What one tensor of a failing case is: all texts that explain it; null if that was not sought. */
type Sign = { readonly tensor: string | null; readonly says: readonly string[] | null };

/** An explanation, and the tensors that it is about: all of them, or those that it begins with, as in `out/output, grad/k: every number is 0`. */
function partsOf(explanation: string): { readonly says: string; readonly isAbout: (tensor: string) => boolean } {
  const [, names, says] = /^((?:out|grad)\/[^:]+): (.*)$/s.exec(explanation) ?? [];
  if (names === undefined || says === undefined) return { says: explanation, isAbout: () => true };
  const own = names.split(', ');
  return { says, isAbout: (tensor) => own.includes(tensor) };
}

/** The signs of a failing case, one for each wrong tensor. */
function signsOf({ kind, tensors, explanations, deviations }: CaseFailure): Sign[] {
  if (endings.includes(kind) || tensors.length === 0) return [{ tensor: null, says: [kind] }];
  const parts = explanations?.map(partsOf);
  return tensors.map((tensor): Sign => {
    if (!deviations.some((one) => one.tensor === tensor)) return { tensor, says: [incomparable] };
    if (parts === undefined) return { tensor, says: null };
    const own = parts.filter(({ isAbout }) => isAbout(tensor)).map(({ says }) => says);
    return { tensor, says: own.length > 0 ? own : [unexplained] };
  });
}

function covers({ tensors, explanation }: Acceptance, { tensor, says }: Sign): boolean {
  const isOwn = tensor === null ? tensors.length === 0 : tensors.some((pattern) => matches(pattern, tensor));
  return isOwn && (says === null || says.includes(explanation)) && !endings.includes(explanation);
}

/**
 * Marks a row as ACCEPTED whose every failing case is covered by entries that have not expired: each wrong tensor of it by one that names the
 * tensor and its explanation. Cases too large to explain are covered by entries that others of the row show. A row that was cut off fails.
 */
export function accepting(row: CheckRow, entries: readonly Acceptance[], today: string = todayIs()): CheckRow {
  const { finding, judged = [], cut, accepted: unjudged = [] } = row;
  if (entries.length === 0 || finding === null) return row;
  const valid = entries.filter(isValidOn(today));
  const failures = judged.flatMap(({ failure }) => failure ?? []).map(signsOf);
  const isExplained = (signs: readonly Sign[]): boolean => signs.every(({ says }) => says !== null);
  const seen = valid.filter((entry) => failures.some((signs) => signs.some((one) => one.says && covers(entry, one))));
  const counts = new Map<Acceptance, { cases: number; alike: number; tensors: Set<string> }>();
  const left = new Map<string, Unaccepted>();
  for (const signs of failures) {
    const found = signs.map((sign) => seen.find((entry) => covers(entry, sign)));
    for (const entry of new Set(found.flatMap((one) => one ?? []))) {
      const count = counts.get(entry) ?? { cases: 0, alike: 0, tensors: new Set() };
      count[isExplained(signs) ? 'cases' : 'alike']++;
      for (const { tensor } of signs.filter((_, i) => found[i] === entry))
        if (tensor !== null) count.tensors.add(tensor);
      counts.set(entry, count);
    }
    for (const { tensor, says } of signs.filter((_, i) => found[i] === undefined)) {
      const explanation = says?.[0] ?? 'too large to explain';
      const key = JSON.stringify([tensor, explanation]);
      left.set(key, { tensor, explanation, cases: (left.get(key)?.cases ?? 0) + 1 });
    }
  }
  const own = [...counts].map(([entry, count]): Accepted => ({ entry, ...count, tensors: [...count.tensors] }));
  const accepted = [...unjudged, ...own];
  const marked = { ...row, accepted, unaccepted: [...left.values()] };
  if (cut || left.size > 0 || failures.length === 0) return marked;
  const statusOf = (status: CheckRow['outputs']): CheckRow['outputs'] => (status === 'FAIL' ? 'ACCEPTED' : status);
  return { ...marked, outputs: statusOf(row.outputs), gradients: statusOf(row.gradients) };
}

/** What is wrong with an entry. */
export interface EntryProblem {
  readonly entry: Acceptance;
  readonly is: 'expired' | 'passes' | 'passes in part' | 'not seen' | 'not asked';
  /** What passes of an entry that passes in part: rows, tensors, or tensors in rows. */
  readonly passes?: readonly string[];
}

/** Whether two entries are equal: rows come from other processes. */
const isSame = (one: Acceptance, other: Acceptance): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What entries were checked with. */
interface Asked {
  readonly accepted?: readonly Acceptance[];
  readonly today?: string;
  readonly operators?: readonly string[];
  readonly modes?: readonly string[];
  readonly dtypes?: readonly string[];
  readonly path?: string;
}

/** The tensors that were wrong in some case of a row. */
const wrongTensors = ({ wrongIn, accepted = [], judged = [] }: CheckRow): Set<string> =>
  new Set([
    ...Object.keys(wrongIn),
    ...accepted.flatMap(({ tensors }) => tensors),
    ...judged.flatMap(({ failure }) => failure?.tensors ?? []),
  ]);

/** Lists the rows, and the tensors in rows, that an entry names and that were right in all cases: it would accept their next failure without a word. */
function passingParts({ tensors }: Acceptance, rows: readonly CheckRow[]): string[] {
  const passing = rows.map((row) => {
    const wrong = [...wrongTensors(row)];
    const isLeftOut = (tensor: string): boolean =>
      tensor.startsWith('grad/') &&
      (row.gradients === 'UNCHECKED' || row.gradientsLeftOut.includes(tensor.slice('grad/'.length)));
    return {
      name: rowName(row),
      isRight: tensors.length === 0 && row.finding === null,
      tensors: tensors.filter((pattern) => !isLeftOut(pattern) && !wrong.some((tensor) => matches(pattern, tensor))),
    };
  });
  const isWhole = (one: (typeof passing)[number]): boolean =>
    one.isRight || (tensors.length > 0 && one.tensors.length === tensors.length);
  const some = passing.filter((one) => !isWhole(one));
  const everywhere = tensors.filter((tensor) => some.every((one) => one.tensors.includes(tensor)));
  return [
    ...passing.filter(isWhole).map(({ name }) => name),
    ...everywhere,
    ...some.flatMap((one) =>
      one.tensors.filter((tensor) => !everywhere.includes(tensor)).map((tensor) => `${tensor} in ${one.name}`),
    ),
  ];
}

/** Whether what an entry names was not judged in all cases of a row: time was over, the row ended at a failure, or the backend broke. */
function isPartly({ cut, finding, judged = [] }: CheckRow, entry: Acceptance): boolean {
  const ends = (kind: string): boolean => endings.includes(kind);
  const failures = judged.flatMap(({ failure }) => failure ?? []);
  const isBroken = entry.tensors.length > 0 && failures.some(({ tensors }) => tensors.length === 0);
  return cut || isBroken || (finding !== null && ends(finding.kind)) || failures.some(({ kind }) => ends(kind));
}

/** Lists the entries that have expired, that did not occur, or not in all their rows and tensors, and, if nothing narrowed the rows, those whose row was not asked. */
export function entryProblems(
  rows: readonly CheckRow[],
  { accepted = [], today = todayIs(), operators, modes, dtypes, path }: Asked,
): EntryProblem[] {
  const isNarrowed = [operators, modes, dtypes, path].some((one) => one !== undefined);
  return accepted.flatMap((entry): EntryProblem[] => {
    if (!isValidOn(today)(entry)) return [{ entry, is: 'expired' }];
    const asked = rows.filter((row) => isEntryOf(entry, row) && (row.cases > 0 || row.cut));
    if (asked.length === 0) return isNarrowed ? [] : [{ entry, is: 'not asked' }];
    // one question, or a part of them, shows nothing about the rest
    if (path !== undefined || asked.some((row) => isPartly(row, entry))) return [];
    if (asked.some(({ accepted = [] }) => accepted.some((one) => isSame(one.entry, entry)))) {
      const passes = passingParts(entry, asked);
      return passes.length === 0 ? [] : [{ entry, is: 'passes in part', passes }];
    }
    return [{ entry, is: asked.every(({ finding }) => finding === null) ? 'passes' : 'not seen' }];
  });
}

/** Names an entry. */
export const entryName = ({ operator, mode, dtype, tensors, explanation }: Acceptance): string =>
  `${operator} ${mode} ${dtype}: ${tensors.length === 0 ? '' : `${tensors.join(', ')}: `}${explanation}`;

/** Until when an entry is accepted, in words. */
export const untilText = ({ expires }: Acceptance): string =>
  expires === 'never' ? 'accepted without an end' : `accepted until ${expires}`;

/** A sentence for each wrong entry: what is wrong, and what to do. */
export const entryLines = (problems: readonly EntryProblem[]): string[] =>
  problems.map(({ entry, is, passes = [] }) => {
    const remedy = {
      expired: `accepted until ${entry.expires}, which is over: mend it, or give a new date with a reason`,
      passes: 'accepted, but passes: remove the entry',
      'passes in part': `accepted, but passes in ${passes.join('; ')}: take that out of the entry`,
      'not seen': 'accepted, but its row does not fail in this way: remove the entry, or correct it',
      'not asked': 'accepted, but no such row was asked: correct or remove the entry',
    };
    return `${entryName(entry)}: ${remedy[is]} (${entry.reason})`;
  });

/** A line for each accepted failure that was seen. */
export const acceptedLines = (rows: readonly CheckRow[]): string[] =>
  rows.flatMap(({ cases: of, accepted = [] }) =>
    accepted.map(({ entry, cases, alike }) => {
      const more = alike === 0 ? '' : `, and ${alike} by its tensors alone, as they are too large to explain`;
      return `${entryName(entry)}; in ${cases} of ${of} cases${more}; ${untilText(entry)}: ${entry.reason}`;
    }),
  );

/** What is wrong in a row beside its accepted failures, in one line; none where nothing is accepted. */
export function unacceptedLines({ accepted = [], unaccepted = [], cut }: CheckRow): string[] {
  const texts = unaccepted.map(
    ({ tensor, explanation, cases }) =>
      `${tensor === null ? '' : `${tensor}: `}${explanation}, in ${amount(cases, 'case')}`,
  );
  if (texts.length === 0)
    return cut && accepted.length > 0 ? ['not accepted: no time was left for all its cases (--total)'] : [];
  const ending = unaccepted.some(({ explanation }) => endings.includes(explanation));
  return [`not accepted: ${texts.join('; ')}${ending ? '; the row ended there, so that it cannot be accepted' : ''}`];
}
