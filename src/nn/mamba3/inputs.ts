/** @file Types of inputs and states of Mamba-3, and what its modes compute first: angles, rotated queries and keys, factors of inputs. */
import { fail } from '../../tensor/errors.ts';
import { filledLike } from '../../tensor/operand.ts';
import { at, stack, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { cos } from '../../tensor/primitives/cos.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sigmoidByDifference } from '../../tensor/primitives/sigmoid.ts';
import { sin } from '../../tensor/primitives/sin.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';
import { silu, tanh } from '../activations.ts';
import { checkAxes, checkShape } from '../check.ts';
import { repeatGroups } from '../groups.ts';

/**
 * Queries and keys [b, g, t, n], values [b, h, t, e]; gates, step sizes and shares before their sigmoid [b, h, t]; biases of queries and
 * keys [h, n]; rates of rotation before their tanh [b, h, t, p], for p pairs of neighbouring channels of n. Optional: a skip [h], and
 * `z` [b, h, t, e], whose SiLU multiplies the outputs. A gate is the natural logarithm of a decay.
 */
export interface Mamba3Inputs {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly gate: Value;
  readonly delta: Value;
  readonly trap: Value;
  readonly qBias: Value;
  readonly kBias: Value;
  readonly angles: Value;
  readonly skip?: Value | undefined;
  readonly z?: Value | undefined;
}

/** Angles [b, h, p], the state [b, h, e, n], and the rotated key [b, h, n] and the value [b, h, e] of the token before. */
export interface Mamba3State {
  readonly angleState: Value;
  readonly state: Value;
  readonly keyState: Value;
  readonly valueState: Value;
}

/** Outputs [b, h, t, e] and the states after the last token. */
export interface Mamba3Result extends Mamba3State {
  readonly output: Value;
}

/** Mamba-3 in one mode. All modes compute the same function, in different orders. */
export type Mamba3 = (inputs: Mamba3Inputs, start: Mamba3State) => Mamba3Result;

/** What the modes compute from: rotated queries and keys [b, h, t, n], and the factors of inputs [b, h, t]. */
export interface Rotated {
  /** The angles of each token, [b, h, t, p]. */
  readonly angles: Value;
  readonly q: Value;
  readonly k: Value;
  /** The factor of a token's own input, τ Δ. */
  readonly own: Value;
  /** The factor of the input of the token before, (1 − τ) Δ, before it decays. */
  readonly before: Value;
}

/** Checks all shapes, and computes angles, rotations and factors. `call` names it in errors. */
export function rotatedInputs(call: string, inputs: Mamba3Inputs, start: Mamba3State): Rotated {
  const { q, k, v, gate, delta, trap, qBias, kBias, angles, skip, z } = inputs;
  checkAxes(call, 'q', q, ['b', 'g', 't', 'n']);
  checkAxes(call, 'v', v, ['b', 'h', 't', 'e']);
  checkAxes(call, 'angles', angles, ['b', 'h', 't', 'p']);
  const [b, g, t, n] = q.shape as readonly [number, number, number, number];
  const [, h, , e] = v.shape as readonly [number, number, number, number];
  const p = angles.shape[3]!;
  if (2 * p > n)
    fail(`${call}: ${p} angles rotate ${2 * p} channels, and n is ${n}; give at most ${Math.floor(n / 2)}`);
  checkShape(call, 'k', k, ['b', 'g', 't', 'n'], [b, g, t, n]);
  checkShape(call, 'v', v, ['b', 'h', 't', 'e'], [b, h, t, e]);
  for (const [name, x] of Object.entries({ gate, delta, trap })) checkShape(call, name, x, ['b', 'h', 't'], [b, h, t]);
  for (const [name, x] of Object.entries({ qBias, kBias })) checkShape(call, name, x, ['h', 'n'], [h, n]);
  checkShape(call, 'angles', angles, ['b', 'h', 't', 'p'], [b, h, t, p]);
  if (skip !== undefined) checkShape(call, 'skip', skip, ['h'], [h]);
  if (z !== undefined) checkShape(call, 'z', z, ['b', 'h', 't', 'e'], [b, h, t, e]);
  checkShape(call, 'the angle state', start.angleState, ['b', 'h', 'p'], [b, h, p]);
  checkShape(call, 'the state', start.state, ['b', 'h', 'e', 'n'], [b, h, e, n]);
  checkShape(call, 'the key state', start.keyState, ['b', 'h', 'n'], [b, h, n]);
  checkShape(call, 'the value state', start.valueState, ['b', 'h', 'e'], [b, h, e]);

  const turns = mul(scale(tanh(angles), Math.PI), reshape(delta, [b, h, t, 1]));
  const sums = linearScan(filledLike(turns, 1, turns.shape), turns, start.angleState, 2);
  const turned = (what: string, x: Value, bias: Value): Value =>
    rotateBy(add(repeatGroups(call, what, x, h), reshape(bias, [1, h, 1, n])), sums);
  // what is left for the token before is 1 − σ, which kernels subtract
  const share = sigmoidByDifference(trap);
  return {
    angles: sums,
    q: turned('q', q, qBias),
    k: turned('k', k, kBias),
    own: mul(share, delta),
    before: mul(sub(1, share), delta),
  };
}

/** Rotates the first pairs of neighbouring channels of x [b, h, t, n] by angles [b, h, t, p]. */
function rotateBy(x: Value, angles: Value): Value {
  const [b, h, t, n] = x.shape as readonly [number, number, number, number];
  const p = angles.shape[3]!;
  const pairs = reshape(slice(x, 3, 0, 2 * p), [b, h, t, p, 2]);
  const [first, second, c, s] = [at(pairs, 4, 0), at(pairs, 4, 1), cos(angles), sin(angles)];
  const turned = stack([sub(mul(first, c), mul(second, s)), add(mul(first, s), mul(second, c))], 4);
  return concat([reshape(turned, [b, h, t, 2 * p]), slice(x, 3, 2 * p, n)], 3);
}

/** Adds the skip, and multiplies by the gate of the outputs. */
export function gatedOutput(read: Value, { v, skip, z }: Mamba3Inputs): Value {
  const y = skip === undefined ? read : add(read, mul(reshape(skip, [skip.shape[0]!, 1, 1]), v));
  return z === undefined ? y : mul(y, silu(z));
}

/** The states that are left beside the state itself, of at least one token. */
export function leftBeside({ angles, k }: Rotated, v: Value): Omit<Mamba3State, 'state'> {
  const last = (x: Value): Value => at(x, 2, x.shape[2]! - 1);
  return { angleState: last(angles), keyState: last(k), valueState: last(v) };
}

/** Keys or values with that of the token before the first in front, without the last: [b, h, t, …]. */
export function oneLater(x: Value, first: Value): Value {
  const [b, h, t, c] = x.shape as readonly [number, number, number, number];
  return concat([reshape(first, [b, h, 1, c]), slice(x, 2, 0, t - 1)], 2);
}
