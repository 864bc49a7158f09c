/** @file Makes a long failing case small: cuts its axes to their first entries. */
import type { Case, Layout } from '../../case.ts';
import type { Operator } from '../../operator.ts';
import { lengthsOf, resized } from '../diagnosis/resized.ts';

/** A case and its layout. */
export interface Laid {
  readonly c: Case;
  readonly layout: Layout;
}

/**
 * Looks for a small case that still fails: first with all widths 1, then with each axis as short as it may be. `stillFails` asks about a
 * case. Lengths are doubled from 1 on, so small cases, which take little time, come first. Returns the smallest that fails.
 */
export async function slim(
  operator: Operator,
  large: Laid,
  stillFails: (smaller: Laid) => Promise<boolean>,
): Promise<Laid> {
  const lengths = lengthsOf(operator, large.c);
  const letters = Object.keys(lengths).filter((letter) => lengths[letter]! > 1 && !/\d/.test(letter));
  const widths = letters.filter((letter) => letter !== 't');
  let best = large;
  const fails = async (changes: readonly (readonly [letter: string, length: number])[]): Promise<boolean> => {
    const smaller = changes.reduce<Laid | null>((laid, change) => laid && cut(operator, laid, ...change), best);
    if (smaller === null || !(await stillFails(smaller))) return false;
    best = smaller;
    return true;
  };
  const isNarrow = await fails(widths.map((letter) => [letter, 1]));
  for (const letter of ['t', ...(isNarrow ? [] : widths)].filter((one) => letters.includes(one))) {
    await shortest(lengths[letter]!, (length) => fails([[letter, length]]));
  }
  return best;
}

/** Looks for the shortest length below `most` that fails: doubles it until one does, then halves the distance to the last that did not. */
async function shortest(most: number, fails: (length: number) => Promise<boolean>): Promise<void> {
  let [passes, failing] = [0, most];
  for (let length = 1; length < most; length *= 2) {
    if (await fails(length)) {
      failing = length;
      break;
    }
    passes = length;
  }
  while (failing - passes > 1) {
    const middle = Math.floor((passes + failing) / 2);
    if (await fails(middle)) failing = middle;
    else passes = middle;
  }
}

/** Cuts an axis. Null if the shapes do not follow from the signature. */
function cut(operator: Operator, { c, layout }: Laid, letter: string, length: number): Laid | null {
  const smaller = resized(operator, c, letter, length);
  if (smaller === null) return null;
  const { inputs, cotangents, settings } = smaller;
  const slots = Object.entries(layout.inputs).map(([name, slot]) => [name, { ...slot, shape: inputs[name]!.shape }]);
  const outputs = Object.entries(cotangents).map(([name, { shape }]) => [name, shape]);
  return {
    c: smaller,
    layout: { ...layout, inputs: Object.fromEntries(slots), outputs: Object.fromEntries(outputs), settings },
  };
}
