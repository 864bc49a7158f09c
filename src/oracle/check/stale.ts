/** @file Finds answers that depend on what was asked before: asks questions again after others, and in a fresh process. */
import type { Case, Layout } from '../case.ts';
import { deviationsOf } from './causes/deviation.ts';
import type { Inquiry, JudgedAnswer, WrongAnswer } from './inquiry.ts';
import type { CheckRow, Finding, Replay } from './row.ts';

/** The kind of failure for answers that depend on what was asked before. */
export const stale = 'stale';

/** A question of a row with its right answer, to ask again later. */
export interface Kept {
  readonly c: Case;
  readonly layout: Layout;
  readonly judged: JudgedAnswer;
  readonly replay: Replay;
  /** The number of right answers of the row by then. */
  readonly at: number;
}

/** How a row can be asked again, and the question that was kept. */
export interface Revisit {
  readonly inquiry: Inquiry;
  readonly kept: Kept | null;
}

/** The number of other questions after which a kept one is asked again. */
const others = 8;

/** Whether to ask a kept question again, and to keep the next one. */
export const isOld = (kept: Kept | null, right: number): boolean => kept === null || right >= kept.at + others;

/** A row with fewer cases is not asked in a fresh process: a start costs more than it. */
const casesWorthAStart = 50;

/** Whether rows are asked again in a fresh process. One that compiles would take long again. */
export const asksAfresh = (cases: number, compiles: boolean): boolean => cases >= casesWorthAStart && !compiles;

/** The part of a row that says that its answers depend on earlier questions. Nothing is shrunk, as other questions would be between. */
const said = (what: string, message: string): Pick<Finding, 'kind' | 'message'> => ({
  kind: stale,
  message: `depends on what was asked before: ${what}: ${message}`,
});

/** The finding of a question that was right at first, and is wrong after others. Only the whole row shows it again. */
export const staleFinding = (
  { c, replay }: Pick<Kept, 'c' | 'replay'>,
  { message, stderr, judged }: WrongAnswer,
): Finding => ({
  ...said('right at first, wrong after other questions', message),
  contrasts: [],
  hints: [],
  places: [],
  fits: [],
  // one question does not show it again
  numbers: null,
  deviations: judged === null ? [] : deviationsOf(judged),
  smallest: c,
  replay: { seed: replay.seed, path: '' },
  stderr,
});

/** Asks a right row again in a fresh process. Returns it with a finding if its answers depend on earlier questions, else null. */
export async function revisited(row: CheckRow, { inquiry, kept }: Revisit): Promise<CheckRow | null> {
  if (row.finding !== null || kept === null) return null;
  const { outcome: again } = await inquiry.again(kept.c, kept.judged);
  if (again?.is !== 'wrong') return null;
  const finding: Finding = {
    ...staleFinding(kept, again.wrong),
    ...said('right after other questions, wrong in a fresh process', again.wrong.message),
    replay: kept.replay,
  };
  return { ...row, outputs: 'FAIL', gradients: row.gradients === 'UNCHECKED' ? 'UNCHECKED' : 'FAIL', finding };
}
