/**
 * @file Four algorithms for the recurrence `h_t = decay_t ⊙ h_{t−1} + drive_t` of a diagonal state space model. Decay and drive are
 * [b, t, e, n], the initial state is [b, e, n], and the result is every state, [b, t, e, n].
 */
import { at, chunks, stack } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { isUnrolled, isWatched, type Value } from '../../tensor/value.ts';
import { scannedStates } from '../scanned-states.ts';
import { segmentDecays } from '../segment-decays.ts';
import { associativeScan } from '../ssm/associative-scan.ts';
import { realCombine } from '../ssm/combine.ts';

/** Algorithm that computes all states. */
export type Recurrence = (decay: Value, drive: Value, state: Value) => Value;

/** Computes the states one token after another; in a compiled program by a scan. */
export const recurrentStates: Recurrence = (decay, drive, state) => {
  if (isUnrolled(drive)) return scanStates(decay, drive, state);
  const states: Value[] = [];
  let h = state;
  for (let t = 0; t < drive.shape[1]!; t++) {
    h = tapped(stored(add(mul(at(decay, 1, t), h), at(drive, 1, t)), 'state'), 'state');
    states.push(h);
  }
  return states.length === 0 ? drive : stack(states, 1);
};

/** Computes the states by the primitive `linearScan`. */
export const scanStates: Recurrence = (decay, drive, state) =>
  isWatched(drive) ? scannedStates(decay, drive, state, 1) : stored(linearScan(decay, drive, state, 1), 'state');

/** Composes all steps by a parallel (associative) scan in logarithmic depth, then applies them to the initial state. */
export const logStepStates: Recurrence = (decay, drive, state) => {
  const { a, b } = associativeScan(realCombine, { a: decay, b: drive }, 1);
  return tapped(stored(add(mul(a, oneToken(state)), b), 'state'), 'state');
};

/**
 * Computes chunks of `chunkSize` tokens, each by its matrix of decays from token to token. Each chunk starts from the last state of
 * the chunk before.
 */
export const chunkwiseStates =
  (chunkSize: number): Recurrence =>
  (decay, drive, state) => {
    const drives = chunks(drive, 1, chunkSize);
    let h = state;
    const states = chunks(decay, 1, chunkSize).map((part, i) => {
      const left = segmentDecays(part, 1);
      const ofState = mul(mul(at(left, 2, 0), slice(part, 1, 0, 1)), oneToken(h));
      const all = tapped(add(einsum('btsen,bsen->bten', left, drives[i]!), ofState), 'state');
      h = stored(at(all, 1, all.shape[1]! - 1), 'state');
      return all;
    });
    return states.length === 0 ? drive : concat(states, 1);
  };

/** Reshapes a state [b, e, n] to [b, 1, e, n]. */
const oneToken = (state: Value): Value => {
  const [b, ...rest] = state.shape as readonly [number, number, number];
  return reshape(state, [b, 1, ...rest]);
};
