/** @file Draws the lengths of the sequences of a batch: empty ones, single tokens, and the neighbours of chunks. */
import * as fc from 'fast-check';
import type { Settings } from '../case.ts';
import { small } from '../draw.ts';
import type { Size } from '../operator.ts';

/** Numbers from which the lengths of a batch follow. They do not depend on its tokens, which shrink. */
export interface Picks {
  readonly count: number;
  readonly picks: readonly number[];
}

/** The most sequences of most packed rows, of one in eight, and the different picks among them. */
const [most, many, different] = [6, 17, 6];

export const picked: fc.Arbitrary<Picks> = fc.record({
  count: fc.oneof({ weight: 7, arbitrary: small(most) }, { weight: 1, arbitrary: small(many) }),
  picks: fc.array(fc.nat({ max: 1023 }), { minLength: different, maxLength: different }),
});

const pickAt = ({ picks }: Picks, i: number): number =>
  picks[i % picks.length]! >> Math.min(9, 3 * Math.floor(i / picks.length));

/** Chunks of kernels whose neighbours are lengths of sequences, if a case has no chunk of its own. */
const kernelChunks = [16, 64];

/** The lengths that sequences have among t tokens, as far as a size allows them; the first one is that to which they shrink. */
function usual(size: Size, { chunkSize }: Settings, t: number, first: number): readonly number[] {
  const chunks = typeof chunkSize === 'number' ? [chunkSize, ...kernelChunks] : kernelChunks;
  const around = chunks.flatMap((chunk) => [chunk - 1, chunk, chunk + 1]);
  const all = [first, 0, 1, ...around, 2, 0, Math.ceil(t / 2), 3, t].filter((length) => length <= t);
  return size.among?.('lengths', all) ?? all;
}

/** The lengths of packed sequences that have t tokens together. The rest of them is the longest one in many cases. */
export function packedLengths(size: Size, settings: Settings, t: number, picks: Picks): number[] {
  const lengths: number[] = [];
  const among = usual(size, settings, t, 1);
  let rest = t;
  for (let i = 1; i < picks.count; i++) {
    const length = among[pickAt(picks, i) % among.length]!;
    if (length > rest) continue;
    lengths.push(length);
    rest -= length;
  }
  return rest === 0 && lengths.length > 0 ? lengths : placed(lengths, rest, picks);
}

/** The lengths of packed sequences, one of which has t tokens, the others up to as many as a size allows. */
export function addedLengths(size: Size, settings: Settings, t: number, picks: Picks): number[] {
  const among = usual(size, settings, size.longest, 1);
  const others = Array.from({ length: picks.count - 1 }, (_, i) => among[pickAt(picks, i + 1) % among.length]!);
  return placed(others, t, picks);
}

/** Puts a length among others. */
const placed = (others: readonly number[], length: number, picks: Picks): number[] =>
  others.toSpliced(pickAt(picks, 0) % (others.length + 1), 0, length);

/** The lengths of sequences in rows of t places. */
export function paddedLengths(size: Size, settings: Settings, t: number, rows: number, picks: Picks): number[] {
  const among = usual(size, settings, t, t);
  return Array.from({ length: rows }, (_, i) => among[pickAt(picks, i) % among.length]!);
}
