/** @file Shrinks a failure to the smallest case that shows it. */
import * as fc from 'fast-check';
import type { Case } from '../case.ts';
import type { Draw } from '../draw.ts';
import { explain } from './explain.ts';
import type { Inquiry, WrongAnswer } from './inquiry.ts';
import { questionCase } from './question.ts';
import type { Finding, Replay } from './row.ts';
import { simplify } from './simpler.ts';

/** The first wrong answer. fast-check can draw its case again from `replay`. */
export interface FirstWrong {
  readonly c: Case;
  readonly wrong: WrongAnswer;
  readonly replay: Replay;
}

/** The kind of failure for nondeterministic answers. */
export const unsteady = 'unsteady';

/** Limits on shrinking. */
const limits = { questions: 1000, milliseconds: 20_000 };
/** The maximum number of times to ask a case if answers are nondeterministic. */
const unsteadyAsks = 3;

/** Shrinks a failure, structure before values, until the time `end` at most. A smaller case must fail in the same way. */
export async function smallestFailing(
  inquiry: Inquiry,
  drawn: fc.Arbitrary<Draw>,
  { c, wrong, replay }: FirstWrong,
  end = Number.POSITIVE_INFINITY,
): Promise<Finding> {
  const until = Math.min(end, performance.now() + limits.milliseconds);
  const isUnsteady = wrong.kind === unsteady;
  let left = limits.questions;
  let [smallest, latest] = [c, wrong];

  const failsAlike = async (one: Case): Promise<boolean> => {
    if (!inquiry.operator.admits(one.settings, inquiry.mode)) return false;
    for (let times = isUnsteady ? unsteadyAsks : 1; times > 0; times--) {
      if (left-- <= 0 || performance.now() > until) return false;
      const outcome = await inquiry.ask(one);
      // no time is left for others either
      if (outcome.is === 'cut') left = 0;
      if (outcome.is !== 'wrong' || (!isUnsteady && outcome.wrong.kind !== wrong.kind)) continue;
      [smallest, latest] = [one, { ...outcome.wrong, kind: wrong.kind }];
      return true;
    }
    return false;
  };

  const { seed, path } = replay;
  let isKnown = true;
  const property = fc.asyncProperty(drawn, async (draw) => {
    // fast-check first draws the known failing case again
    if (!isKnown) return !(await failsAlike(questionCase(inquiry.operator, inquiry.dtype, draw)));
    isKnown = false;
    return false;
  });
  const shrunk = await fc.check(property, { seed, path, numRuns: 1 });
  await simplify(smallest, failsAlike, limits.questions / 2);
  return {
    kind: wrong.kind,
    message: isUnsteady
      ? `the same question gets different answers, not all of them right: ${latest.message}`
      : latest.message,
    hints: explain(inquiry, { c, wrong }, { c: smallest, wrong: latest }),
    smallest,
    replay: { seed, path: shrunk.counterexamplePath ?? path },
    stderr: latest.stderr,
  };
}
