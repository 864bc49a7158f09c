/** @file Draws random stacks of state space models with a block between two layers (Eq. 9), and with dense connections. */
import { f64 } from '../executors/f64/index.ts';
import { collect, fuseByAddition } from '../nn/dense-fusion.ts';
import { rmsNorm } from '../nn/norms.ts';
import type { GateParams } from '../nn/selective-transition.ts';
import { stateOutput } from '../nn/ssm/continuous.ts';
import { realForm } from '../nn/ssm/form.ts';
import { type ThetaParams, thetaBlock } from '../nn/ssm/stack.ts';
import { input } from '../tensor/input.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import type { Rng } from '../tensor/random.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, normals } from './network.ts';

const epsilon = 1e-6;
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
 * Computes the states that each layer reads out, from the lowest layer [1, e, n] on (Eqs. 9, 10, 11 and 15–18): `h^l = Ā h_{t−1}^l
 * + B̄ x^l`, `x^l = Θ(C h'^{l−1})`, `h'^l = h^l + Σ_j h^{l−j} ⊙ Gate(rms(x^l))`. The sum is over the nearest m layers, which share
 * one gate.
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

/** Draws a random stack with `layers` layers above the lowest one. */
export function randomStack(layers: number, random: Rng): (connection: Connection) => Changeable {
  const stack = Array.from({ length: layers }, () => randomLayer(random));
  const bottom = normals(random, [1, channels, states], 1);
  return (connection) => ({ bottom, states: (h) => statesOf(stack, h, connection) });
}
