/** @file Draws random stacks of state space models with a block between two layers (Eq. 9), and with dense connections. */
import { f64 } from '../executors/f64/index.ts';
import { denseStates } from '../nn/dense-states/carry.ts';
import { selectedStates } from '../nn/dense-states/fuse.ts';
import { rmsNorm } from '../nn/norms.ts';
import type { GateParams } from '../nn/selective-transition.ts';
import { stateOutput } from '../nn/ssm/continuous.ts';
import { realForm } from '../nn/ssm/form.ts';
import { type ThetaParams, thetaBlock } from '../nn/ssm/stack.ts';
import { linearScanStates } from '../nn/ssm/states.ts';
import { input } from '../tensor/input.ts';
import { broadcast } from '../tensor/primitives/broadcast.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import type { Rng } from '../tensor/random.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, normals } from './network.ts';

const epsilon = 1e-6;
/** Readings of the connection: one gate for all sources, with a number for each channel and state, and addition. */
const additive = {
  projection: 'identity',
  projectionWidth: 'state',
  gate: 'shared',
  gateActivation: 'silu',
  gateWidth: 'full',
  fusion: 'add',
  stateNorm: 'none',
} as const;
const [channels, states, hidden, gateRank] = [8, 4, 16, 4];

/** Layer of a random stack: C that reads the layer below, Θ, Ā, B̄, h_{t−1}, and the gate of the dense connection. */
export interface RandomLayer {
  readonly below: Value;
  readonly theta: ThetaParams;
  readonly a: Value;
  readonly b: Value;
  readonly before: Value;
  readonly gate: GateParams;
}

/**
 * Draws weights that keep numbers at order 1. The variance is 1 / inputs. After a silu, which halves its input, the standard
 * deviation is doubled. Decays are from ½ to 1.
 */
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
 * Computes the states that each layer reads out, [b, t, e, n], from the lowest layer on, whose states are `bottom` (Eqs. 9, 10, 11
 * and 15–18): `h^l = Ā h_{t−1}^l + B̄ x^l`, `x^l = Θ(C h'^{l−1})`, `h'^l = h^l + Σ_j h^{l−j} ⊙ Gate(rms(x^l))`. The sum is over the
 * nearest m layers, which share one gate.
 */
export function statesOf(
  stack: readonly RandomLayer[],
  bottom: Value,
  { denseLayers, residual, pass = 'raw', carry = 'raw', gates = 1 }: Connection,
): Value[] {
  const rule = { readings: { ...additive, pass, carry }, epsilon };
  const [passed, read] = [[bottom], [bottom]];
  for (const { below, theta, a, b, before, gate } of stack) {
    const x = thetaBlock(stateOutput(below, read.at(-1)!), theta, { epsilon, residual });
    const fusion = { gates: [{ ...gate, up: scale(gate.up, gates) }] };
    const sources = denseLayers === 0 ? [] : passed.slice(-denseLayers).reverse();
    const selected = selectedStates(sources, rmsNorm(x, theta.norm, epsilon), fusion, rule);
    const scanned = (drive: Value, state: Value): Value => linearScanStates(realForm, a, drive, state);
    const order = { mode: 'scan', diagonal: scanned, matrix: scanned };
    const start = broadcast(before, [bottom.shape[0]!, channels, states]);
    const layer = denseStates({ decay: a, drive: realForm.drive(b, x), selected }, start, fusion, rule, order);
    passed.push(layer.passed);
    read.push(layer.read);
  }
  return read;
}

/** Draws a random stack with `layers` layers above the lowest one, whose state at one token is [1, e, n]. */
export function drawStack(layers: number, random: Rng): { stack: readonly RandomLayer[]; bottom: Value } {
  const stack = Array.from({ length: layers }, () => randomLayer(random));
  return { stack, bottom: normals(random, [1, channels, states], 1) };
}

/** Draws a random stack that computes one token. */
export function randomStack(layers: number, random: Rng): (connection: Connection) => Changeable {
  const { stack, bottom } = drawStack(layers, random);
  return (connection) => ({ bottom, states: (h) => statesOf(stack, sequenceFrom(h), connection) });
}

/** A state [b, e, n] as a sequence of one token. */
const sequenceFrom = (h: Value): Value => reshape(h, [h.shape[0]!, 1, channels, states]);

/**
 * Draws a random stack that computes `tokens` tokens. `bottom` is the state of the lowest layer at the first token; from there on
 * it is a state space model of its own, with inputs drawn from `laterRandom`. The first token is that of {@link randomStack}.
 */
export function randomStackOverTokens(
  layers: number,
  tokens: number,
  random: Rng,
  laterRandom: Rng,
): (connection: Connection) => Changeable {
  const { stack, bottom } = drawStack(layers, random);
  const { a, b } = randomLayer(laterRandom);
  const drive = realForm.drive(b, normals(laterRandom, [1, tokens - 1, channels], 1));
  const later = (h: Value): Value =>
    linearScanStates(realForm, a, broadcast(drive, [h.shape[0]!, tokens - 1, channels, states]), h);
  return (connection) => ({
    bottom,
    states: (h) => statesOf(stack, concat([sequenceFrom(h), later(h)], 1), connection),
  });
}
