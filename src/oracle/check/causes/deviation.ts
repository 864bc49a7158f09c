/** @file Measures how far the wrong tensors of an answer are from the right ones, as people do who know no bounds. */
import { ulpsBetween } from '../../../io/ulps.ts';
import type { Deviation } from '../failure-data.ts';
import type { JudgedAnswer } from '../inquiry.ts';
import { nearest } from '../verdict/judged.ts';

/** Measures the wrong tensors of an answer, except those that cannot be compared. Neither measure decides: bounds do. */
export const deviationsOf = ({ answered, allowed, judgement }: JudgedAnswer): Deviation[] =>
  judgement.mismatches.flatMap(({ tensor, worst, wrong }) => {
    const own = allowed.tensors[tensor];
    const have = answered.get(tensor);
    if (worst === null || own === undefined || have === undefined) return [];
    const { expected } = own;
    const data = nearest(own, have.data);
    let [errors, sizes, ulps] = [0, 0, 0];
    expected.forEach((want, i) => {
      const got = data[i]!;
      if (got === want || Object.is(got, want)) {
        if (Number.isFinite(want)) sizes += want ** 2;
        return;
      }
      errors += (got - want) ** 2;
      sizes += want ** 2;
      const apart = Math.abs(ulpsBetween(want, got, have.dtype));
      ulps = Math.max(ulps, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart);
    });
    const relative = errors === 0 ? 0 : Math.sqrt(errors / sizes);
    const relativeRms = Number.isNaN(relative) ? Number.POSITIVE_INFINITY : relative;
    return [{ tensor, wrong: wrong.length, of: expected.length, ratio: worst.ratio, relativeRms, ulps }];
  });
