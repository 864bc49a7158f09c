/** @file Computes a layer's states with a dense hidden connection, in every mode that the readings admit. */
import { fail } from '../../tensor/errors.ts';
import { at, chunks, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { fuseByAddition } from '../dense-fusion.ts';
import { linear } from '../linear.ts';
import { associativeScan } from '../ssm/associative-scan.ts';
import type { Affine } from '../ssm/combine.ts';
import { fuseStates, mergeBlocks, type StateFusionParams, type StateFusionRule, type StateReadings } from './fuse.ts';

/**
 * Kind of recurrence from token to token. `diagonal`: each state alone, as in the model without fusion. `matrix`: linear, but the
 * fusion mixes the states of a channel. `nonlinear`: a norm or attention weights depend on the state, so only recurrent mode can
 * compute it.
 */
export type CarriedRecurrence = 'diagonal' | 'matrix' | 'nonlinear';

/**
 * Returns the kind of recurrence of a layer with `sources` sources, under the given readings. Attention over one source is
 * addition.
 * @example
 * carriedRecurrence({ carry: 'fused', fusion: 'attention', stateNorm: 'none' }, 2) // 'nonlinear'
 */
export function carriedRecurrence(
  { carry, fusion, stateNorm }: Pick<StateReadings, 'carry' | 'fusion' | 'stateNorm'>,
  sources: number,
): CarriedRecurrence {
  if (carry === 'raw' || sources === 0) return 'diagonal';
  if (stateNorm !== 'none' || (fusion === 'attention' && sources > 1)) return 'nonlinear';
  return fusion === 'concat' ? 'matrix' : 'diagonal';
}

/** Algorithms of one mode for the states of a layer. */
export interface StateOrder {
  /** Name of the mode. */
  readonly mode: string;
  /** Computes all states [b, t, e, n] of `h_t = decay_t ⊙ h_{t−1} + drive_t`. */
  diagonal(drive: Value, state: Value): Value;
  /** Computes all states of `h_t = W (decay_t ⊙ h_{t−1}) + drive_t` with one W [n, n] for all channels. */
  matrix(own: Value, drive: Value, state: Value): Value;
}

/**
 * Inputs of a layer's recurrence. Decays are [b, t, e, n], or [e, n] if they are equal at every token. Drives are [b, t, e, n].
 * Each source has its selected states [b, t, e, n], nearest layer first.
 */
export interface DenseStatesInputs {
  readonly decay: Value;
  readonly drive: Value;
  readonly selected: readonly Value[];
}

/** States for the read-out and for deeper layers, [b, t, e, n], and the state carried after the last token, [b, e, n]. */
export interface DenseStatesResult {
  readonly read: Value;
  readonly passed: Value;
  readonly state: Value;
}

/**
 * Computes all states of a layer: `h_t = decay_t ⊙ κ_{t−1} + drive_t`, `h'_t = Fuse(h_t, H_t)`. The reading `carry` sets κ to h or
 * h'. The reading `pass` passes h or h' to deeper layers. Without sources there is no fusion and no norm. Throws where the mode
 * cannot compute the recurrence.
 * @example
 * const one = tensor([[[[1]], [[1]]]]);
 * const readings = { carry: 'fused', pass: 'raw', fusion: 'add', stateNorm: 'none' };
 * const order = { mode: 'recurrent' };
 * read(denseStates({ decay: one, drive: one, selected: [one] }, tensor([[[0]]]), { gates: [] }, { readings, epsilon: 0 }, order).read) // [2, 4]
 */
export function denseStates(
  inputs: DenseStatesInputs,
  state: Value,
  params: StateFusionParams,
  rule: StateFusionRule,
  order: StateOrder,
): DenseStatesResult {
  const { drive, selected } = inputs;
  const { carry, pass } = rule.readings;
  const t = drive.shape[1]!;
  if (t === 0) return { read: drive, passed: drive, state };
  const last = (states: Value): Value => at(states, 1, t - 1);
  if (selected.length === 0 || carry === 'raw') {
    const h = order.diagonal(drive, state);
    const read = selected.length === 0 ? h : fuseStates(h, selected, params, rule);
    return { read, passed: pass === 'raw' ? h : read, state: last(h) };
  }
  const { read, passed } =
    order.mode === 'recurrent'
      ? tokenByToken(inputs, state, params, rule)
      : { read: allAtOnce(inputs, state, params, rule, order), passed: null };
  if (pass === 'fused') return { read, passed: read, state: last(read) };
  return { read, passed: passed ?? beforeFusion(inputs, read, state), state: last(read) };
}

/** Carries the fused state, one token after another. Supports every fusion. */
function tokenByToken(
  { decay, drive, selected }: DenseStatesInputs,
  state: Value,
  params: StateFusionParams,
  rule: StateFusionRule,
): { read: Value; passed: Value } {
  const [before, fused]: [Value[], Value[]] = [[], []];
  let carried = state;
  for (let t = 0; t < drive.shape[1]!; t++) {
    const token = (x: Value): Value => at(x, 1, t);
    const h = add(mul(decay.shape.length === 2 ? decay : token(decay), carried), token(drive));
    carried = stored(fuseStates(h, selected.map(token), params, rule), 'state');
    before.push(h);
    fused.push(carried);
  }
  return { read: stack(fused, 1), passed: stack(before, 1) };
}

/** Carries the fused state by one linear recurrence: `h'_t = decay ⊙ h'_{t−1} + drive + Σ h''`, or `W_0 (decay ⊙ h'_{t−1} + drive) + W [h''; …]`. */
function allAtOnce(
  { drive, selected }: DenseStatesInputs,
  state: Value,
  params: StateFusionParams,
  { readings }: StateFusionRule,
  order: StateOrder,
): Value {
  switch (carriedRecurrence(readings, selected.length)) {
    case 'diagonal':
      return order.diagonal(fuseByAddition(drive, selected), state);
    case 'matrix': {
      const { own, others } = mergeBlocks(params);
      return order.matrix(own, add(linear(drive, own), linear(concat(selected, 3), others)), state);
    }
    case 'nonlinear': {
      const what = readings.stateNorm === 'none' ? `fusion '${readings.fusion}'` : `stateNorm '${readings.stateNorm}'`;
      return fail(
        `denseStates: with carry 'fused' and ${what} a state is no linear function of the one before it, so mode ${order.mode} can't compute it; use recurrent mode, or carry 'raw'`,
      );
    }
  }
}

/** Recovers `h_t = decay_t ⊙ h'_{t−1} + drive_t` from the carried fused states. */
function beforeFusion({ decay, drive }: DenseStatesInputs, fused: Value, state: Value): Value {
  const [b, t, ...rest] = drive.shape as readonly [number, number, ...number[]];
  const carried = concat([reshape(state, [b, 1, ...rest]), slice(fused, 1, 0, t - 1)], 1);
  return add(mul(decay, carried), drive);
}

/** Composes the steps `h ↦ a h + b`, the left one first; a [b, t, e, n, n], b [b, t, e, n, 1]. */
const combine = (left: Affine<Value>, right: Affine<Value>): Affine<Value> => ({
  a: einsum('bteij,btejk->bteik', right.a, left.a),
  b: add(einsum('bteij,btejk->bteik', right.a, left.b), right.b),
});

/**
 * Computes all states of `h_t = W (decay_t ⊙ h_{t−1}) + drive_t` by a parallel scan; decay and drive [b, t, e, n], W [n, n], state
 * [b, e, n]. Throws when W does not fit.
 * @example
 * const one = tensor([[[[1]], [[1]]]]);
 * read(matrixStates(one, tensor([[2]]), one, tensor([[[1]]]))) // [3, 7]
 */
export function matrixStates(decay: Value, own: Value, drive: Value, state: Value): Value {
  const [b, t, e, n] = decay.shape as readonly [number, number, number, number];
  if (own.shape.length !== 2 || own.shape[0] !== n) {
    fail(`matrixStates: the map has shape ${show(own.shape)}; for these decays it is [n, n] = [${n}, ${n}]`);
  }
  const steps = { a: mul(reshape(decay, [b, t, e, 1, n]), own), b: reshape(drive, [b, t, e, n, 1]) };
  const whole = associativeScan(combine, steps, 1);
  return stored(add(einsum('bteij,bej->btei', whole.a, state), reshape(whole.b, drive.shape)), 'state');
}

/** Runs {@link matrixStates} chunk by chunk. Each chunk starts from the last state of the chunk before. */
export function chunkedMatrixStates(chunkSize: number, decay: Value, own: Value, drive: Value, state: Value): Value {
  const drives = chunks(drive, 1, chunkSize);
  let h = state;
  const parts = chunks(decay, 1, chunkSize).map((part, i) => {
    const states = matrixStates(part, own, drives[i]!, h);
    h = at(states, 1, states.shape[1]! - 1);
    return states;
  });
  return concat(parts, 1);
}
