/** @file A judged case in few words: its sizes and settings, and what is wrong in it. */
import type { Case } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { lengthsOf } from '../diagnosis/resized.ts';
import type { CaseFailure, JudgedCase, Replay } from '../failure-data.ts';

/** Describes a case. */
export function judgedCase(operator: Operator, c: Case, replay: Replay, failure: CaseFailure | null): JudgedCase {
  const zerosIn = (tensors: Case['inputs'], kind: string): string[] =>
    Object.entries(tensors)
      .filter(([, { data }]) => data.every((x) => x === 0))
      .map(([name]) => `${kind}${name}`);
  const { settings, values, memory = 'contiguous' } = c;
  return {
    replay,
    lengths: lengthsOf(operator, c),
    settings,
    values,
    memory,
    zeros: [...zerosIn(c.inputs, ''), ...zerosIn(c.cotangents, 'cotangent ')],
    failure,
  };
}
