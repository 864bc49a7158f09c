/**
 * @file Measures how far a change of a shallow layer's state moves the states above it (Eq. 9), with and without dense connections.
 * Networks are random, and changes are derivatives along random directions.
 */
import { pushforward } from '../autograd/vjp.ts';
import { read } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, directions, median, normals } from './network.ts';
import { randomDenseMamba } from './random-dense-mamba.ts';
import { randomStack } from './random-stacks.ts';

/** Networks to measure: stacks of state space models with a block between two layers (Eq. 9), or DenseMamba as a language model. */
export type NetworkKind = 'stacks' | 'dense-mamba';

/** Options: the kind of network, the number of layers above the changed one, the number of networks, the seed, the connections. */
export interface MeasureOptions {
  readonly of: NetworkKind;
  readonly layers: number;
  readonly count: number;
  readonly seed: number;
  readonly connections: readonly Connection[];
  /** Is called before each network is measured: with how many measurements are done, and of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Result for one connection: the change that remains after 0, 1, … `layers` layers, relative to the initial change. Each number is
 * the median over the networks.
 */
export interface RemainingChange extends Connection {
  readonly left: readonly number[];
}

const norm = (x: Value): number => Math.hypot(...read(x));

/**
 * Computes the relative change of every layer's state for a relative change of 1 of the lowest state. It is a root mean square over
 * random directions.
 */
function moved({ bottom, states: run }: Changeable, random: Rng): number[] {
  const sizes = run(bottom).map(norm);
  const squares = sizes.map(() => 0);
  const along = pushforward(run, bottom);
  for (let k = 0; k < directions; k++) {
    const direction = normals(random, bottom.shape, 1);
    const changes = along(direction).map((change, l) => norm(change) / sizes[l]!);
    changes.forEach((change, l) => {
      squares[l]! += (change / changes[0]!) ** 2;
    });
  }
  return squares.map((sum) => Math.sqrt(sum / directions));
}

const networks = { stacks: randomStack, 'dense-mamba': randomDenseMamba };

/**
 * Measures the relative change that remains in the layers above a changed state, for each connection. All connections have the same
 * random networks.
 */
export function remainingChange(options: MeasureOptions): RemainingChange[] {
  const { of, layers, count, seed, connections, onProgress = () => {} } = options;
  const random = rng(seed);
  const drawn = Array.from({ length: count }, (_, i) => ({ one: networks[of](layers, random), seed: seed + i }));
  return connections.map((connection, at) => {
    const curves = drawn.map(({ one, seed: own }, i) => {
      onProgress(at * count + i, connections.length * count);
      return moved(one(connection), rng(own));
    });
    const left = Array.from({ length: layers + 1 }, (_, l) => median(curves.map((curve) => curve[l]!)));
    return { ...connection, left };
  });
}
