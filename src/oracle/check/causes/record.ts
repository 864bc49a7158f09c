/** @file Records every judged case of a row that goes on past its first failure. */
import type { Case } from '../../case.ts';
import { contrasts, type Failing } from '../diagnosis/contrast/contrast.ts';
import { likenessesOf, precisionOf } from '../diagnosis/explain.ts';
import { isLikeness } from '../diagnosis/likeness.ts';
import type { Cause, JudgedCase, Replay } from '../failure-data.ts';
import type { Inquiry } from '../inquiry.ts';
import { unsteady } from '../smallest/smallest.ts';
import { stale } from '../stale.ts';
import { causesOf } from './causes.ts';
import { deviationsOf } from './deviation.ts';
import { judgedCase } from './judged-case.ts';

/** The cases of a row, in the order in which they were asked. */
export interface Recorder {
  right(c: Case, replay: Replay): void;
  /** Takes the place of a right answer to the same question. */
  wrong(failing: Failing, replay: Replay): void;
  result(): { readonly judged: readonly JudgedCase[]; readonly causes: readonly Cause[] };
}

/** The time for explaining single cases, in milliseconds; cases of more numbers are too slow to explain. */
const limits = { milliseconds: 8000, numbers: 20_000 };

/** Records the judged cases of a row. Known faults and readings that are `expected` are looked for in every case, however large. */
export function recorder(inquiry: Inquiry, expected: ReadonlySet<string> = new Set()): Recorder {
  const { operator } = inquiry;
  const judged = new Map<string, JudgedCase>();
  const known = new Set(expected);
  const likeness = [...expected].some((says) => isLikeness(says));
  let spent = 0;
  const explained = (failing: Failing): readonly string[] | null => {
    if (spent > limits.milliseconds || sizeOf(failing) > limits.numbers)
      return likeness ? likenessesOf(inquiry, [], failing, expected) : null;
    const start = performance.now();
    try {
      const found = explanationsOf(inquiry, failing, known);
      for (const says of found) known.add(says);
      return found;
    } finally {
      spent += performance.now() - start;
    }
  };
  return {
    right: (c, replay) => judged.set(replay.path, judgedCase(operator, c, replay, null)),
    wrong(failing, replay) {
      const { kind, message, judged: own } = failing.wrong;
      const failure = {
        kind,
        message,
        tensors: own?.judgement.mismatches.map(({ tensor }) => tensor) ?? [],
        deviations: own === null ? [] : deviationsOf(own),
        explanations: explained(failing),
      };
      judged.set(replay.path, judgedCase(operator, failing.c, replay, failure));
    },
    result: () => ({ judged: [...judged.values()], causes: causesOf([...judged.values()]) }),
  };
}

const sizeOf = ({ wrong: { judged } }: Failing): number =>
  Object.values(judged?.allowed.tensors ?? {}).reduce((sum, { expected }) => sum + expected.length, 0);

/** What explains one case: known faults and readings, or a lower precision, or what its tensors are instead. */
function explanationsOf(inquiry: Inquiry, failing: Failing, known: ReadonlySet<string>): readonly string[] {
  const { kind, judged } = failing.wrong;
  if (kind === unsteady || kind === stale) return [kind];
  if (judged === null) return [];
  // to try all faults takes long
  for (const among of known.size === 0 ? [undefined] : [known, undefined]) {
    const alike = likenessesOf(inquiry, [], failing, among);
    if (alike.length > 0) return alike;
  }
  const precision = precisionOf(inquiry, [failing]);
  if (precision.length > 0) return precision;
  return contrasts(inquiry, [failing]).map(({ says, tensors }) => `${tensors.join(', ')}: ${says}`);
}
