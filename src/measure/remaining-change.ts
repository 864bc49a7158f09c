/**
 * @file Measures how much a change of a shallow layer's state still moves the states above it (Eq. 9), with and without dense
 * connections: on random networks, by derivatives along random directions.
 */
import { jvp } from '../autograd/vjp.ts';
import { read } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, normals } from './network.ts';
import { randomDenseMamba } from './random-dense-mamba.ts';
import { randomStack } from './random-stacks.ts';

/** What is measured: stacks of state space models with a block between each two (Eq. 9), or DenseMamba as a language model. */
export type NetworkKind = 'stacks' | 'dense-mamba';

/** What to measure: so many stacks or models, of so many layers above the one that is changed. */
export interface MeasureOptions {
  readonly of: NetworkKind;
  readonly layers: number;
  readonly count: number;
  readonly seed: number;
  readonly connections: readonly Connection[];
}

/** For one connection: what is left after 0, 1, … `layers` layers, the median over the stacks, relative to the change. */
export interface RemainingChange extends Connection {
  readonly left: readonly number[];
}

const directions = 8;

const norm = (x: Value): number => Math.hypot(...read(x));

/** The relative change of every layer's state, for a relative change of 1 of the lowest one in a random direction. */
function moved({ bottom, states: run }: Changeable, random: Rng): number[] {
  const sizes = run(bottom).map(norm);
  const squares = sizes.map(() => 0);
  for (let k = 0; k < directions; k++) {
    const direction = normals(random, bottom.shape, 1);
    const changes = jvp(run, bottom, direction).map((change, l) => norm(change) / sizes[l]!);
    changes.forEach((change, l) => {
      squares[l]! += (change / changes[0]!) ** 2;
    });
  }
  return squares.map((sum) => Math.sqrt(sum / directions));
}

const networks = { stacks: randomStack, 'dense-mamba': randomDenseMamba };

/**
 * What is left of a relative change of a layer's state in the layers above it, for each connection, over random stacks or models: the
 * same ones for all.
 */
export function remainingChange({ of, layers, count, seed, connections }: MeasureOptions): RemainingChange[] {
  const random = rng(seed);
  const drawn = Array.from({ length: count }, (_, i) => ({ one: networks[of](layers, random), seed: seed + i }));
  return connections.map((connection) => {
    const curves = drawn.map(({ one, seed: own }) => moved(one(connection), rng(own)));
    const left = Array.from({ length: layers + 1 }, (_, l) => median(curves.map((curve) => curve[l]!)));
    return { ...connection, left };
  });
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
