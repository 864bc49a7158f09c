/**
 * @file How much a change of a shallow layer's state still moves the states above it (Eq. 9), with and without dense connections:
 * measured on random stacks, by derivatives along random directions.
 */
import { jvp } from '../autograd/vjp.ts';
import { f64 } from '../executors/f64/index.ts';
import { collect, fuseByAddition } from '../nn/dense-fusion.ts';
import { rmsNorm } from '../nn/norms.ts';
import type { GateParams } from '../nn/selective-transition.ts';
import { stateOutput } from '../nn/ssm/continuous.ts';
import { realForm } from '../nn/ssm/form.ts';
import { type ThetaParams, thetaBlock } from '../nn/ssm/stack.ts';
import { input, read } from '../tensor/input.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { randomDenseMamba } from './degradation-models.ts';

/**
 * How layers are connected: m of the dense hidden connection, and the factor of a residual connection around each Θ. DenseMamba has a
 * residual stream of its own.
 */
export interface Connection {
  readonly denseLayers: number;
  readonly residual: number;
  /** Which states deeper layers receive: before fusion unless given. */
  readonly pass?: 'raw' | 'fused';
}

/** What is measured: stacks of state space models with a block between each two (Eq. 9), or DenseMamba as a language model. */
export type DegradationSubject = 'stacks' | 'dense-mamba';

/** What to measure: so many stacks or models, of so many layers above the one that is changed. */
export interface DegradationOptions {
  readonly of: DegradationSubject;
  readonly layers: number;
  readonly count: number;
  readonly seed: number;
  readonly connections: readonly Connection[];
}

/** For one connection: what is left after 0, 1, … `layers` layers, the median over the stacks, relative to the change. */
export interface DegradationCurve extends Connection {
  readonly left: readonly number[];
}

const epsilon = 1e-6;
const [channels, states, hidden, gateRank, directions] = [8, 4, 16, 4, 8];

/** One layer of a random stack: the C that reads the layer below, Θ, Ā, B̄, h_{t−1}, and the gate of the dense connection. */
export interface RandomLayer {
  readonly below: Value;
  readonly theta: ThetaParams;
  readonly a: Value;
  readonly b: Value;
  readonly before: Value;
  readonly gate: GateParams;
}

const normals = (random: Rng, shape: Shape, spread: number): Value =>
  input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => spread * random.normal()),
    shape,
  );

/** Weights that keep numbers of order 1: variance 1 / inputs, twice as large where silu halves what comes in; decays from ½ to 1. */
export function randomLayer(random: Rng): RandomLayer {
  const decays = Float64Array.from({ length: channels * states }, () => 0.5 + random.integer(512) / 1024);
  return {
    below: normals(random, [channels, states], states ** -0.5),
    theta: {
      norm: input(f64, new Float64Array(channels).fill(1), [channels]),
      up: normals(random, [hidden, channels], channels ** -0.5),
      down: normals(random, [channels, hidden], 2 * hidden ** -0.5),
    },
    a: input(f64, decays, [channels, states]),
    b: normals(random, [channels, states], 1),
    before: normals(random, [1, channels, states], 1),
    gate: {
      down: normals(random, [gateRank, channels], channels ** -0.5),
      up: normals(random, [channels * states, gateRank], 2 * gateRank ** -0.5),
    },
  };
}

/**
 * The states that each layer reads out, the changed one's [1, e, n] first: `h^l = Ā h_{t−1}^l + B̄ x^l`, `x^l = Θ(C h'^{l−1})`, and
 * `h'^l = h^l + Σ_j h^{l−j} ⊙ Gate(rms(x^l))` over the nearest m layers, one gate for all (Eqs. 9, 10, 11 and 15–18).
 */
export function statesOf(
  stack: readonly RandomLayer[],
  bottom: Value,
  { denseLayers, residual, pass = 'raw' }: Connection,
): Value[] {
  const flat = (h: Value): Value => reshape(h, [1, channels * states]);
  const raw = [bottom];
  const fused = [bottom];
  for (const { below, theta, a, b, before, gate } of stack) {
    const x = thetaBlock(stateOutput(below, fused.at(-1)!), theta, { epsilon, residual });
    const h = realForm.plus(realForm.act(a, before), realForm.drive(b, x));
    const sources = denseLayers === 0 ? [] : (pass === 'raw' ? raw : fused).slice(-denseLayers).reverse();
    const gated = rmsNorm(x, theta.norm, epsilon);
    const dense = collect(sources.map(flat), gated, { gates: [gate] }, { activation: 'silu' });
    raw.push(h);
    fused.push(reshape(fuseByAddition(flat(h), dense), h.shape));
  }
  return fused;
}

const norm = (x: Value): number => Math.hypot(...read(x));

/** Layers under a connection: the state of the lowest one, which is changed, and what all layers then read out, that one's first. */
export interface Changeable {
  readonly bottom: Value;
  states(bottom: Value): Value[];
}

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

function randomStack(layers: number, random: Rng): (connection: Connection) => Changeable {
  const stack = Array.from({ length: layers }, () => randomLayer(random));
  const bottom = normals(random, [1, channels, states], 1);
  return (connection) => ({ bottom, states: (h) => statesOf(stack, h, connection) });
}

const subjects = { stacks: randomStack, 'dense-mamba': randomDenseMamba };

/**
 * What is left of a relative change of a layer's state in the layers above it, for each connection, over random stacks or models: the
 * same ones for all.
 */
export function degradation({ of, layers, count, seed, connections }: DegradationOptions): DegradationCurve[] {
  const random = rng(seed);
  const drawn = Array.from({ length: count }, (_, i) => ({ one: subjects[of](layers, random), seed: seed + i }));
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
