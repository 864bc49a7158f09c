/** @file Says what the taps of an answer tell. */
import { once } from '../../../tensor/once.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Case } from '../../case.ts';
import type { Failing } from '../diagnosis/contrast/contrast.ts';
import { brief, placeAmong, shown } from '../diagnosis/where.ts';
import type { Inquiry, JudgedAnswer } from '../inquiry.ts';
import { inTypesOf } from '../verdict/allowed.ts';
import { judged } from '../verdict/judged.ts';
import type { Asked } from '../verdict/verdict.ts';
import { isDivergent, isRightTap, judgedTaps } from './judged-taps.ts';
import type { ComparedTap } from './restarted.ts';

/** Says which number of a tap diverges first. */
export function divergenceText({ tap, first, wrong }: ComparedTap): string {
  const { element, answered, expected, bound } = first!;
  const place = `${tap.name}${placeAmong(tap.letters, tap.shape, element)}`;
  const right = bound === 0 ? shown(expected) : `${shown(expected)} ± ${brief(bound)}`;
  return `tap ${place} is ${shown(answered)}, not ${right}; ${wrong} of ${sizeOf(tap.shape)} numbers of it diverge`;
}

const names = (taps: readonly ComparedTap[]): string => taps.map(({ tap }) => tap.name).join(', ');

/** The question to which an answer was judged. */
export const askedFor = (
  { mode, dtype, unjudged, declared }: Inquiry,
  c: Case,
  { allowed: { tensors, profile } }: JudgedAnswer,
): Asked => {
  const gradients = Object.keys(tensors).some((name) => name.startsWith('grad/'));
  return { mode, dtype, gradients, c, ...declared, unjudged, profile };
};

/**
 * Says what the taps of wrong answers tell, the first one's before those of others: which tap diverges first, and what is right before it and from it on. A small case
 * may be so small that its taps are right.
 */
export function tapHints(inquiry: Inquiry, failing: readonly Failing[]): string[] {
  const { operator, profiles } = inquiry;
  const all = failing.flatMap(({ c, wrong: { judged: answer } }) => {
    if (answer === null || answer.taps.size === 0) return [];
    const taps = () => judgedTaps(operator, askedFor(inquiry, c, answer), profiles, answer.taps);
    return [{ c, results: answer.answered, taps: once(taps) }];
  });
  const at = all.findIndex(({ taps }) => taps().compared.some(isDivergent));
  const told = all[Math.max(at, 0)];
  if (told === undefined) return [];
  const { compared, after, ...rest } = told.taps();
  const unfit = rest.unfit.map(({ says }) => says);
  if (compared.length === 0) return unfit;
  const { mismatches } = judged(inTypesOf(after(), told.results), told.results, told.c.seed);
  const lines = linesOf(
    compared,
    mismatches.map(({ tensor }) => tensor),
  );
  return [at > 0 ? `in a larger case, ${lines}` : lines, ...unfit];
}

/** Says what taps tell in one case, where these tensors are wrong though they are computed from them. */
function linesOf(compared: readonly ComparedTap[], wrong: readonly string[]): string {
  const at = compared.findIndex(isDivergent);
  if (at < 0) {
    const rest = wrong.length === 0 ? 'all else is right: small errors add up' : `wrong: ${wrong.join(', ')}`;
    const right = compared.filter(isRightTap);
    const says = right.length === 0 ? `no number of ${names(compared)} has a bound` : `right taps: ${names(right)}`;
    return `${says}; computed from them, ${rest}`;
  }
  const [before, first, later] = [
    compared.slice(0, at).filter(isRightTap),
    compared[at]!,
    compared.slice(at + 1).filter(isDivergent),
  ];
  const rest = [...later.map(({ tap }) => `tap ${tap.name}`), ...wrong];
  return [
    `first diverges ${divergenceText(first)}`,
    ...(before.length === 0 ? [] : [`right before it: ${names(before)}`]),
    `computed from its own ${first.tap.name}, ${rest.length === 0 ? 'all else is right' : `wrong too: ${rest.join(', ')}`}`,
  ].join('; ');
}
