/** @file A small RetNet as a language model, and its inputs: the network that `bench/pages.ts` trains in several libraries. */
import { drawn } from '../peers/inputs.ts';

export const vocabulary = 256;

/** The size of a network and of its batches. `head` is the width of a head, and of each of its queries, keys and values. */
export interface NetworkSize {
  readonly width: number;
  readonly heads: number;
  readonly head: number;
  readonly layers: number;
  readonly batch: number;
  readonly length: number;
}

const sized = (width: number, layers: number, batch: number): NetworkSize => ({
  ...{ width, layers, batch },
  ...{ heads: 2, head: width / 2, length: 64 },
});

/** What is trained: the network in every library, and a DenseRetNet in ours. */
export const sizes: Readonly<Record<string, NetworkSize>> = {
  small: sized(64, 3, 8),
  large: sized(128, 4, 12),
  denseRetNet: sized(128, 4, 12),
};

/** Adam in the middle of its run, without bias correction: squares of gradients begin at `second`. */
export const adam = { rate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, second: 1e-4 } as const;

/** The small number that norms add to the mean square. */
export const epsilon = 1e-5;

/**
 * Shapes of the parameters in order: the embedding; for each layer the projections of queries, keys, values, gates and the output, and
 * the two maps of the feed-forward part; at the end the map to logits.
 */
export function shapesOf({ width, layers }: NetworkSize): (readonly [number, number])[] {
  const square = Array.from({ length: 5 }, () => [width, width] as const);
  const layer = [...square, [width, 2 * width] as const, [2 * width, width] as const];
  return [[vocabulary, width], ...Array.from({ length: layers }, () => layer).flat(), [width, vocabulary]];
}

/** Initial parameters, drawn with a spread of 1/√width, as arrays. */
export const parametersOf = (size: NetworkSize): Float32Array[] =>
  shapesOf(size).map(([rows, columns], i) =>
    Float32Array.from(drawn(rows * columns, 20 + i), (x) => (x * Math.sqrt(3)) / Math.sqrt(rows)),
  );

/** The decay matrix [h, t, s], divided by the root of the width of a head: γ^(t−s), and 0 above the diagonal. */
export function decaysOf({ heads, head, length }: NetworkSize): Float32Array {
  const of = (h: number, t: number, s: number): number =>
    s > t ? 0 : (1 - 2 ** (-5 - h)) ** (t - s) / Math.sqrt(head);
  return Float32Array.from({ length: heads * length * length }, (_, i) =>
    of(Math.floor(i / length / length), Math.floor(i / length) % length, i % length),
  );
}

/** Tokens of a batch and the tokens after them, each as a row with a 1 at its number, so that every library looks up by a product. */
export function rowsOf({ batch, length }: NetworkSize): { tokens: Float32Array; targets: Float32Array } {
  const count = batch * length;
  const draws = drawn(count + 1, 5);
  const row = (i: number): number => Math.floor(((draws[i]! + 1) / 2) * vocabulary);
  const rows = (offset: number): Float32Array => {
    const ones = new Float32Array(count * vocabulary);
    for (let i = 0; i < count; i++) ones[i * vocabulary + row(i + offset)] = 1;
    return ones;
  };
  return { tokens: rows(0), targets: rows(1) };
}

/** Training in one library. */
export interface Trainer {
  readonly about: string;
  /** Takes a step, and returns its loss. */
  step(): Promise<number>;
}
