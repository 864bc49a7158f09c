/** @file Makes the text of a badge from the report of a check, and reads it. The text is a function of the data inside, so that an edited badge is known. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes } from '../io/read-file.ts';
import { amount, plain } from '../io/text.ts';
import { entryLines } from '../oracle/check/acceptance.ts';
import type { Acceptance } from '../oracle/check/acceptance-data.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import { type BadgeKind, badgeEnd, badgeMark, badgeSvg } from '../oracle/check/reports/badge.ts';
import { type CheckRow, isFine, type RowKey, rowName, type Status, wasOffered } from '../oracle/check/row.ts';
import { fail } from '../tensor/errors.ts';
import type { AskedOfCheck } from './check-json.ts';
import { documentsOf } from './documents.ts';
import { packageVersion } from './paths.ts';

/** A row as a badge has it: what does not depend on the machine and its time. */
export interface BadgeRow extends RowKey {
  readonly outputs: Status;
  readonly gradients: Status;
  /** The number of judged cases; null in a row that fails, which ends when its time does. */
  readonly cases: number | null;
  readonly unsupported: number;
  readonly gradientsLeftOut: readonly string[];
  readonly domain: readonly string[];
}

/** How many rows have each verdict: that of outputs and gradients together. */
export type Verdicts = Readonly<Record<Status, number>>;

/** The data inside a badge. */
export interface BadgeData {
  readonly schema: 'densessm/badge-data';
  readonly version: 1;
  /** The version of densessm. */
  readonly densessm: string;
  readonly backend: string;
  /** The options of the check as words, without that of accepted failures. */
  readonly options: readonly string[];
  readonly cases: number;
  readonly seed: number;
  readonly accepted: readonly Acceptance[];
  readonly verdicts: Verdicts;
  /** How many rows pass without all their gradients. */
  readonly withoutGradients: number;
  readonly problems: readonly string[];
  /** A sentence for each entry of accepted failures that is to be corrected. */
  readonly wrongEntries: readonly string[];
  readonly rows: readonly BadgeRow[];
  /** The SHA-256 of the rows, and of all the rest, as JSON. */
  readonly sha256: string;
}

/** The statuses of a row, which its verdict is made of. */
type Judged = Pick<BadgeRow, 'outputs' | 'gradients' | 'gradientsLeftOut'>;

function verdictOf(row: Judged): Status {
  if (!isFine(row)) return 'FAIL';
  if (row.outputs !== 'PASS') return row.outputs;
  return row.gradients === 'ACCEPTED' ? 'ACCEPTED' : 'PASS';
}

const rowOf = (row: CheckRow): BadgeRow => {
  const { operator, mode, dtype, outputs, gradients, cases, unsupported, gradientsLeftOut, domain } = row;
  const asked = { unsupported, gradientsLeftOut, domain };
  return { operator, mode, dtype, outputs, gradients, cases: isFine(row) ? cases : null, ...asked };
};

/** What a badge counts in its rows. */
function counted(rows: readonly Judged[]): Pick<BadgeData, 'verdicts' | 'withoutGradients'> {
  const count = (status: Status): number => rows.filter((row) => verdictOf(row) === status).length;
  const isPartly = (row: Judged): boolean => row.gradients === 'UNCHECKED' || row.gradientsLeftOut.length > 0;
  return {
    verdicts: {
      PASS: count('PASS'),
      FAIL: count('FAIL'),
      ACCEPTED: count('ACCEPTED'),
      UNCHECKED: count('UNCHECKED'),
      UNSUPPORTED: count('UNSUPPORTED'),
    },
    withoutGradients: rows.filter((row) => verdictOf(row) === 'PASS' && isPartly(row)).length,
  };
}

/** Data with their hash. It shows damage, and is no signature. */
export function sealed({ sha256: _, ...data }: Omit<BadgeData, 'sha256'> & Partial<BadgeData>): BadgeData {
  return { ...data, sha256: createHash('sha256').update(JSON.stringify(data)).digest('hex') };
}

/** The options without that of accepted failures: a badge has the entries themselves. */
const withoutAccept = (options: readonly string[]): string[] =>
  options.filter((word, i) => word !== '--accept' && options[i - 1] !== '--accept');

/** The data of a badge of a report, without times and numbers that depend on the machine. */
export function badgeData(report: CheckReport, asked: AskedOfCheck): BadgeData {
  const rows = report.rows.filter(wasOffered);
  return sealed({
    schema: 'densessm/badge-data',
    version: 1,
    densessm: asked.densessm,
    backend: report.backend,
    options: withoutAccept(asked.options),
    cases: asked.cases,
    seed: asked.seed,
    accepted: asked.accepted,
    ...counted(rows),
    problems: report.problems,
    wrongEntries: entryLines(report.wrongEntries),
    rows: rows.map(rowOf),
  });
}

/** What a badge says: how much was asked, and every verdict but that of right rows. PASS stands there only if all rows were asked and are right. */
export function badgeSays(
  data: Pick<BadgeData, 'verdicts' | 'withoutGradients' | 'problems' | 'wrongEntries' | 'cases'>,
): {
  readonly says: string;
  readonly is: BadgeKind;
} {
  const { verdicts, withoutGradients, problems, wrongEntries, cases } = data;
  const { PASS, FAIL, ACCEPTED, UNCHECKED, UNSUPPORTED } = verdicts;
  const rows = PASS + FAIL + ACCEPTED + UNCHECKED + UNSUPPORTED;
  const isWrong = FAIL + problems.length + wrongEntries.length > 0 || PASS + ACCEPTED + UNCHECKED === 0;
  const is = isWrong ? 'wrong' : UNCHECKED + UNSUPPORTED > 0 ? 'open' : ACCEPTED > 0 ? 'accepted' : 'right';
  const words = [
    ...(is === 'right' ? ['PASS'] : []),
    ...(isWrong ? [FAIL > 0 ? `${FAIL} FAIL` : 'FAIL'] : []),
    ...(PASS + FAIL + ACCEPTED + UNCHECKED === 0 ? ['nothing compared'] : []),
    ...(ACCEPTED > 0 ? [`${ACCEPTED} ACCEPTED`] : []),
    ...(UNCHECKED > 0 ? [`${UNCHECKED} UNCHECKED`] : []),
    ...(UNSUPPORTED > 0 ? [`${UNSUPPORTED} declined`] : []),
    ...(withoutGradients > 0 ? [`${withoutGradients} without all gradients`] : []),
    ...(problems.length > 0 ? ['wrong description'] : []),
    ...(wrongEntries.length > 0
      ? [`${wrongEntries.length} ${wrongEntries.length === 1 ? 'entry' : 'entries'} to correct`]
      : []),
  ];
  return { says: `${amount(rows, 'row')} × ${amount(cases, 'case')} · ${words.join(', ')}`, is };
}

/** The text of a badge. */
export function badgeText(data: BadgeData): string {
  const { says, is } = badgeSays(data);
  const label = `densessm ${data.densessm}`;
  const narrow = ['--operator', '--mode', '--dtype'].filter((option) => data.options.includes(option));
  const some = narrow.length === 0 ? '' : `; only the rows of ${narrow.join(', ')} were asked`;
  const title = `${label} asked ${plain(data.backend, 80)}, seed ${data.seed}: ${says}${some}`;
  return badgeSvg({ label, says, is, title, data });
}

/** Reads a badge. Throws on a file that is none, is damaged or edited, or is of another version of densessm. */
export function badgeIn(path: string): BadgeData {
  // a checkout may have changed the ends of lines
  const text = new TextDecoder().decode(readBytes(path)).replaceAll('\r\n', '\n');
  const [, inside, ...more] = text.split(badgeMark);
  if (inside === undefined)
    fail(`${path}: is no badge of densessm, or has lost its <metadata>; densessm badge REPORT writes one`);
  const [json] = inside.split(badgeEnd) as [string];
  const found = parseJson(json, `${path}: its <metadata>`);
  if (isObject(found) && typeof found.densessm === 'string' && found.densessm !== packageVersion())
    fail(
      `${path}: is of densessm ${plain(found.densessm, 40)}, and this is ${packageVersion()}; replay it by that version`,
    );
  documentsOf('badge-data-1')(found, `${path}: its <metadata>`);
  const data = found as unknown as BadgeData;
  if (data.sha256 !== sealed(data).sha256)
    fail(
      `${path}: its <metadata> was edited or damaged, as its SHA-256 is not that of the rest; write the badge again`,
    );
  // anybody can make the hash anew: what is shown follows from the rows, which a replay compares
  const { rows, verdicts, withoutGradients } = data;
  if (new Set(rows.map(rowName)).size < rows.length)
    fail(`${path}: was edited, as it has a row twice; write the badge again`);
  if (!isDeepStrictEqual({ verdicts, withoutGradients }, counted(rows)))
    fail(`${path}: was edited, as its counts are not those of its rows; write the badge again`);
  if (more.length > 0 || text !== badgeText(data))
    fail(`${path}: was edited or damaged, as it does not show what its <metadata> says; write the badge again`);
  return data;
}
