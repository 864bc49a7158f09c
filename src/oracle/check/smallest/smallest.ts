/** @file Shrinks a failure to the smallest case that shows it. */
import * as fc from 'fast-check';
import { type Case, type Layout, rangeOf } from '../../case.ts';
import { isInside } from '../../domain/drawn.ts';
import { deviationsOf } from '../causes/deviation.ts';
import type { Failing } from '../diagnosis/contrast/contrast.ts';
import { explain, placesOf } from '../diagnosis/explain.ts';
import { findingNumbers, fitsOf } from '../failing-numbers.ts';
import { asKind, type Inquiry, isOf, type WrongAnswer } from '../inquiry.ts';
import { type Questions, redrawn } from '../questions/in-turn.ts';
import { onGrid } from '../questions/on-grid.ts';
import { questionCase } from '../questions/question.ts';
import type { Finding, Replay } from '../row.ts';
import { tapHints } from '../taps/tap-lines.ts';
import { isLarge, isLong, leftOutOf } from '../verdict/large.ts';
import { simplify } from './simpler.ts';
import { slim } from './slimmer.ts';

/** The first wrong answer. fast-check can draw its case again from `replay`. */
export interface FirstWrong {
  readonly c: Case;
  /** The layout of the case, which says what its numbers may be. */
  readonly layout: Layout;
  readonly wrong: WrongAnswer;
  readonly replay: Replay;
}

/** The kind of failure for nondeterministic answers. */
export const unsteady = 'nondeterministic';

/** Limits on shrinking; the time for compiling does not count. */
const limits = { questions: 1000, milliseconds: 15_000 };
/** The part of the time after which structure is not shrunk any more, as values matter too. */
const forStructure = 1 / 2;
/** How often and how long the first case that failed is asked again to count its wrong answers, if they are nondeterministic. */
const counting = { questions: 60, milliseconds: 3000 };
/** A case is asked so often that it fails again 9 times in 10, but only if that takes few questions. */
const fewQuestions = 12;

/** Counts the wrong answers to a case, which has had one already. */
async function wrongAnswers(inquiry: Inquiry, c: Case, end: number): Promise<{ wrong: number; of: number }> {
  const until = Math.min(end, performance.now() + counting.milliseconds);
  let [wrong, of] = [1, 1];
  while (of < counting.questions && performance.now() < until) {
    const outcome = await inquiry.ask(c);
    if (outcome.is === 'cut') break;
    of++;
    if (outcome.is === 'wrong') wrong++;
  }
  return { wrong, of };
}

const contiguous = (c: Case): Case => ({ ...c, memory: 'contiguous' });

/** Says whether a case of strided tensors is right with contiguous ones. */
async function stridesOf(inquiry: Inquiry, c: Case): Promise<string[]> {
  const { is } = await inquiry.ask(contiguous(c));
  return is === 'right' ? ['right if the same tensors are contiguous: it ignores their strides'] : [];
}

/** What else to know for shrinking. */
export interface Shrinking {
  /** Other cases that fail alike. */
  readonly alike: readonly FirstWrong[];
  /** The part of the limits to use. */
  readonly share: number;
  /** The time at which questions end, as `performance.now()` has it. */
  readonly end?: number | undefined;
}

/** Shrinks a failure, structure before values. A smaller case must fail in the same way. */
export async function smallestFailing(
  inquiry: Inquiry,
  questions: Questions,
  { c, layout, wrong, replay }: FirstWrong,
  { alike, share, end = Number.POSITIVE_INFINITY }: Shrinking,
): Promise<Finding> {
  const start = performance.now() - inquiry.timing().compiling;
  let part = 1;
  const isLate = (): boolean => {
    const now = performance.now();
    return now > end || now - inquiry.timing().compiling - start > part * share * limits.milliseconds;
  };
  const isUnsteady = wrong.kind === unsteady;
  const counted = isUnsteady ? await wrongAnswers(inquiry, c, end) : { wrong: 1, of: 1 };
  const asks = isUnsteady ? Math.ceil((Math.log(10) * counted.of) / counted.wrong) : 1;
  let left = share * limits.questions;
  let [smallest, ofSmallest, latest] = [c, layout, wrong];

  const failsAlike = async (candidate: Case, of: Layout, isHasty: boolean): Promise<boolean> => {
    // what is reported is what was asked
    const one = onGrid(candidate, inquiry.dtype);
    if (!inquiry.operator.admits(one.settings, inquiry.mode)) return false;
    for (let times = asks; times > 0; times--) {
      if (left-- <= 0 || isLate()) return false;
      const outcome = await inquiry.ask(one, isHasty);
      // no time is left for others either
      if (outcome.is === 'cut') left = 0;
      if (outcome.is !== 'wrong' || (!isUnsteady && !isOf(outcome.wrong, wrong.kind))) continue;
      [smallest, ofSmallest, latest] = [one, of, asKind(inquiry.operator, outcome.wrong, wrong.kind)];
      return true;
    }
    return false;
  };

  const { operator, domain } = inquiry;
  const { seed, path } = replay;
  let [failing, shrunkPath]: [[Failing, ...Failing[]], string] = [[{ c, wrong }, ...alike], path];

  const shrink = async (isHasty: boolean): Promise<void> => {
    if (isLong(operator, c)) {
      await slim(operator, { c, layout }, ({ c: one, layout: of }) =>
        domain === undefined || isInside(operator, of, domain) ? failsAlike(one, of, isHasty) : Promise.resolve(false),
      );
      // a long case is too slow to shrink in other ways, and a large one to explain
      if (smallest !== c) failing = [{ c: smallest, wrong: latest }];
    }
    const { drawn, parameters, pathOf } = redrawn(questions, replay);
    let isKnown = true;
    const property = fc.asyncProperty(drawn, async (draw) => {
      // fast-check first draws the known failing case again
      if (!isKnown) {
        const one = questionCase(inquiry.operator, inquiry.dtype, draw);
        return !(await failsAlike(one, draw.layout, isHasty));
      }
      isKnown = false;
      return false;
    });
    if (asks > fewQuestions) return;
    part = forStructure;
    if (smallest === c) shrunkPath = pathOf((await fc.check(property, parameters)).counterexamplePath ?? path);
    part = 1;
    const its = ofSmallest;
    const ranges = Object.fromEntries(Object.entries(its.inputs).map(([name, slot]) => [name, rangeOf(slot)]));
    const stillFails = (one: Case): Promise<boolean> => failsAlike(one, its, isHasty);
    await stillFails(contiguous(smallest));
    await simplify(smallest, ranges, stillFails, (share * limits.questions) / 2);
  };

  await shrink(true);
  left = Math.max(left, 1);
  // a hasty judgement may have led to a case that a form explains
  if (smallest !== c && !isUnsteady && !isLate() && !(await failsAlike(smallest, ofSmallest, false))) {
    [smallest, ofSmallest, latest, failing, shrunkPath] = [c, layout, wrong, [{ c, wrong }, ...alike], path];
    await shrink(false);
  }
  const explained =
    isUnsteady || isLarge(operator, failing[0].c)
      ? { contrasts: [], hints: [] }
      : await explain(inquiry, failing, { c: smallest, wrong: latest }, end);
  return {
    kind: wrong.kind,
    message: isUnsteady
      ? `nondeterministic: ${counted.wrong} of ${counted.of} answers to one question are wrong: ${latest.message}`
      : latest.message,
    contrasts: explained.contrasts,
    hints: [
      ...(isUnsteady ? [] : tapHints(inquiry, [{ c: smallest, wrong: latest }, { c, wrong }, ...alike])),
      ...explained.hints,
      ...(smallest.memory === 'strided' && !isUnsteady ? await stridesOf(inquiry, smallest) : []),
      ...leftOutOf(operator, inquiry.mode, smallest).map(
        (says) => `not tried, as the case is too large for it: ${says}`,
      ),
    ],
    places: placesOf(inquiry, { c, wrong }),
    deviations: wrong.judged === null ? [] : deviationsOf(wrong.judged),
    fits: isUnsteady || isLate() ? [] : fitsOf(inquiry, { c, wrong }),
    numbers: findingNumbers(operator, { c: smallest, wrong: latest }, [{ c, wrong }, ...alike]),
    smallest,
    replay: { seed, path: shrunkPath },
    stderr: latest.stderr,
  };
}
