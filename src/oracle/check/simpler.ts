/** @file Simplifies the numbers of a failing case to zeros, ones and powers of two. */
import type { Case, Tensor } from '../case.ts';

/** Whether a case still shows the same failure. */
export type StillFails = (c: Case) => Promise<boolean>;

const isPowerOfTwo = (x: number): boolean =>
  Number.isFinite(x) && 2 ** Math.round(Math.log2(Math.abs(x))) === Math.abs(x);

/** The cost of reading a number: 0 for zero, 1 for one, 2 for another power of two, 3 for the rest. */
const cost = (x: number): number => (x === 0 ? 0 : x === 1 ? 1 : isPowerOfTwo(x) ? 2 : 3);

const costOf = ({ data }: Tensor): number => data.reduce((sum, x) => sum + cost(x), 0);

const nearestPower = (x: number): number => (x === 0 ? 0 : Math.sign(x) * 2 ** Math.round(Math.log2(Math.abs(x))));

/** Larger tensors are only changed as a whole, not number by number. */
const fewNumbers = 24;

/** Yields simpler versions of a tensor: first all numbers changed, then one at a time. */
function* changes(x: Tensor): Generator<Tensor> {
  const isReal = x.kind !== 'index';
  const steps: ((value: number) => number)[] = isReal ? [() => 0, () => 1, nearestPower] : [() => 0];
  for (const step of steps) yield { ...x, data: x.data.map(step) };
  if (x.data.length > fewNumbers) return;
  for (let at = 0; at < x.data.length; at++) {
    for (const step of steps) yield { ...x, data: x.data.map((value, i) => (i === at ? step(value) : value)) };
  }
}

/**
 * Finds a case with simpler numbers that still fails, with at most `tries` questions. Changes cotangents and inputs in turn until
 * no simpler case fails.
 */
export async function simplify(c: Case, stillFails: StillFails, tries: number): Promise<Case> {
  let [best, left, improved] = [c, tries, true];
  while (improved) {
    improved = false;
    for (const part of ['cotangents', 'inputs'] as const) {
      for (const name of Object.keys(best[part])) {
        for (const simpler of changes(best[part][name]!)) {
          // `best` may already be simpler than the tensor from which this change was made
          if (costOf(simpler) >= costOf(best[part][name]!)) continue;
          if (left-- <= 0) return best;
          const candidate: Case = { ...best, [part]: { ...best[part], [name]: simpler } };
          if (!(await stillFails(candidate))) continue;
          best = candidate;
          improved = true;
        }
      }
    }
  }
  return best;
}
