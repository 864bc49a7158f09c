/** @file One token of a selective scan whose channels are in heads: from the state before the token to the state after it. */
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { silu } from '../activations.ts';
import { checkAxes, checkEither, checkGroups, checkShape } from '../check.ts';
import { repeatGroups } from '../groups.ts';
import { mamba2Steps, type StepInputs } from './steps.ts';

/**
 * `x` [b, h, e]. `delta`, its bias and `skip` (D) are [b, h], [h] and [h], one number for each head, or [b, h, e], [h, e] and [h, e]; A is
 * [h] or [h, e, n]. B and C are [b, g, n]; each of the g groups of neighbouring heads shares a row. `z` [b, h, e].
 */
export interface TokenInputs extends Omit<StepInputs, 'deltaLimit'> {
  readonly x: Value;
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
  readonly skip?: Value | undefined;
  readonly z?: Value | undefined;
}

/** The inputs of a token whose step sizes are known: [b, h] or [b, h, e]. */
export type SteppedToken = Omit<TokenInputs, keyof StepInputs> & { readonly steps: Value };

/** Output [b, h, e] and the state [b, h, e, n] after the token. */
export interface TokenResult {
  readonly output: Value;
  readonly state: Value;
}

/**
 * Computes `h ← exp(Δ A) h + Δ x ⊗ B` and `y = (h C + D x) silu(z)` for one token, from a state [b, h, e, n]. Throws on wrong shapes.
 * @example
 * const [one, head] = [tensor([[[1]]]), tensor([[1]])];
 * const inputs = { x: one, delta: head, a: tensor([0]), b: one, c: one, deltaSoftplus: false };
 * read(selectiveStateUpdate(inputs, tensor([[[[2]]]])).output) // [3]
 */
export function selectiveStateUpdate(inputs: TokenInputs, state: Value): TokenResult {
  checkToken('selectiveStateUpdate', inputs, state);
  return steppedUpdate({ ...inputs, steps: mamba2Steps(inputs) }, state);
}

/** Updates a state by a token whose step sizes are known, without checks. */
export function steppedUpdate({ steps, a, b, x, ...rest }: SteppedToken, state: Value): TokenResult {
  const heads = x.shape[1]!;
  const logDecay = mul(withAxes(steps, 4), withAxes(a, 3));
  const rows = repeatGroups('selectiveStateUpdate', 'b', b, heads);
  const drive = einsum('bhe,bhn->bhen', mul(perChannel(steps, 2), x), rows);
  const next = stored(add(mul(stored(exp(logDecay), 'decay'), state), drive), 'state');
  return { output: tokenOutput({ x, ...rest }, next), state: next };
}

/** Reads the output of a token from the state after it. */
export function tokenOutput({ x, c, skip, z }: Pick<TokenInputs, 'x' | 'c' | 'skip' | 'z'>, state: Value): Value {
  const rows = repeatGroups('selectiveStateUpdate', 'c', c, x.shape[1]!);
  return skippedAndGated(einsum('bhen,bhn->bhe', state, rows), { x, skip: skip && perChannel(skip, 1), z });
}

/** `(y + D x) silu(z)`, elementwise; D broadcasts. */
export function skippedAndGated(y: Value, { x, skip, z }: Pick<TokenInputs, 'x' | 'skip' | 'z'>): Value {
  const skipped = skip === undefined ? y : add(y, mul(skip, x));
  return z === undefined ? skipped : mul(skipped, silu(z));
}

/** Adds a channel axis of length 1 to what a head shares, which has `rank` axes. */
export const perChannel = (x: Value, rank: number): Value => (x.shape.length > rank ? x : reshape(x, [...x.shape, 1]));

/** Adds axes of length 1 at the end, up to a rank. */
const withAxes = (x: Value, rank: number): Value =>
  reshape(x, [...x.shape, ...Array<number>(rank - x.shape.length).fill(1)]);

function checkToken(call: string, inputs: TokenInputs, state: Value): void {
  const { x, delta, a, b, c, skip, z, deltaBias } = inputs;
  checkAxes(call, 'x', x, ['b', 'h', 'e']);
  checkAxes(call, 'the state', state, ['b', 'h', 'e', 'n']);
  const [batch, h, e] = x.shape as readonly [number, number, number];
  const n = state.shape[3]!;
  checkShape(call, 'the state', state, ['b', 'h', 'e', 'n'], [batch, h, e, n]);
  checkEither(call, 'delta', delta, ['b', 'h'], [batch, h], ['b', 'h', 'e'], [batch, h, e]);
  checkEither(call, 'a', a, ['h'], [h], ['h', 'e', 'n'], [h, e, n]);
  if (skip !== undefined) checkEither(call, 'skip', skip, ['h'], [h], ['h', 'e'], [h, e]);
  if (z !== undefined) checkShape(call, 'z', z, ['b', 'h', 'e'], [batch, h, e]);
  if (deltaBias !== undefined) {
    const perHead = delta.shape.length === 2;
    checkShape(call, 'deltaBias', deltaBias, perHead ? ['h'] : ['h', 'e'], perHead ? [h] : [h, e]);
  }
  for (const [what, rows] of Object.entries({ b, c })) {
    checkAxes(call, what, rows, ['b', 'g', 'n']);
    checkGroups(call, what, rows.shape[1]!, h, 'heads');
    checkShape(call, what, rows, ['b', 'g', 'n'], [batch, rows.shape[1]!, n]);
  }
}
