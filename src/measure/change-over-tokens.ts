/**
 * @file Measures how far a change of layer 0's state at one token moves the states of all layers at that token and later ones (Eq. 9),
 * in random stacks.
 */
import { jvp } from '../autograd/vjp.ts';
import { temporarily } from '../executors/f64/allocate.ts';
import { f64 } from '../executors/f64/index.ts';
import { input, read } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, directions, median, normals } from './network.ts';
import { randomStackOverTokens } from './random-stacks.ts';

/** Options: the numbers of layers above the changed one, of tokens from the changed one on, and of stacks; the seed. */
export interface TokenOptions {
  readonly layers: number;
  readonly tokens: number;
  readonly count: number;
  readonly seed: number;
}

/** Norms of states [b, t, e, n], one for each sequence and token. */
function norms(x: Value): number[] {
  const numbers = read(x);
  const [b, t, ...rest] = x.shape as readonly [number, number, ...number[]];
  const squares = new Float64Array(b * t);
  // numbers are of order 1; Math.hypot, which scales them first, takes a tenth of the whole time
  numbers.forEach((value, i) => {
    squares[Math.floor(i / sizeOf(rest))]! += value ** 2;
  });
  return Array.from(squares, Math.sqrt);
}

/** Computes the relative change of every layer's state at every token, for a relative change of 1 of the lowest state at the first. */
function movedByToken({ bottom, states }: Changeable, tokens: number, random: Rng): number[][] {
  const sizes = states(bottom).map(norms);
  // all directions at once, as sequences of a batch
  const shape = [directions, ...bottom.shape.slice(1)];
  const repeated = input(f64, Array.from({ length: directions }, () => [...read(bottom)]).flat(), shape);
  const changes = jvp(states, repeated, normals(random, shape, 1)).map(norms);
  const put = (k: number): number => changes[0]![k * tokens]! / sizes[0]![0]!;
  return changes.map((change, l) =>
    Array.from({ length: tokens }, (_, t) => {
      let squares = 0;
      for (let k = 0; k < directions; k++) squares += (change[k * tokens + t]! / sizes[l]![t]! / put(k)) ** 2;
      return Math.sqrt(squares / directions);
    }),
  );
}

/** What one stack has of a change: of layers, from the lowest on, at tokens, from the changed one on. */
export type Shares = readonly (readonly number[])[];

/** Medians over stacks, of each layer at each token. */
export const medianShares = (stacks: readonly Shares[]): Shares =>
  stacks[0]!.map((row, l) => row.map((_, t) => median(stacks.map((shares) => shares[l]![t]!))));

/**
 * Draws stacks once, and measures each of them with any connection. At the first token the stacks and changes are those of
 * `remainingChange`.
 */
export function changeOverTokens({ layers, tokens, count, seed }: TokenOptions): (connection: Connection) => Shares[] {
  const random = rng(seed);
  const drawn = Array.from({ length: count }, (_, i) => ({
    one: randomStackOverTokens(layers, tokens, random, rng(seed + count + i)),
    seed: seed + i,
  }));
  return (connection) =>
    drawn.map(({ one, seed: own }) => temporarily(() => movedByToken(one(connection), tokens, rng(own))));
}
