/** @file Einsum by nested loops. */
import { at, build, type Dense, positions } from './dense.ts';

/** Computes an einsum by nested loops over all its indices. */
export function naiveEinsum(spec: string, xs: readonly Dense[]): Dense {
  const [left, out] = spec.split('->') as [string, string];
  const terms = left.split(',');
  const lengths = new Map(terms.flatMap((term, i) => [...term].map((index, axis) => [index, xs[i]!.shape[axis]!])));
  const letters = [...lengths.keys()].filter((index) => !out.includes(index));
  return build(
    [...out].map((index) => lengths.get(index)!),
    (position) => {
      let total = 0;
      for (const rest of positions(letters.map((index) => lengths.get(index)!))) {
        const where = (index: string): number =>
          out.includes(index) ? position[out.indexOf(index)]! : rest[letters.indexOf(index)]!;
        total += xs.reduce((product, x, i) => product * at(x, [...terms[i]!].map(where)), 1);
      }
      return total;
    },
  );
}
