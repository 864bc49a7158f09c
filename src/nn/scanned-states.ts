/** @file States by a linear scan, one of which kernels may return. */
import { at, stack } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { linearScan } from '../tensor/primitives/linear-scan.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { tapped } from '../tensor/primitives/site.ts';
import { stored } from '../tensor/primitives/stored.ts';
import { isWatched, type Value } from '../tensor/value.ts';

/**
 * Computes all states `h_i = a_i h_{i−1} + b_i` along an axis, from a state without that axis. An executor that watches takes them one by one, each
 * computed from the one before.
 */
export function scannedStates(a: Value, b: Value, state: Value, axis: number): Value {
  const length = b.shape[axis]!;
  if (!isWatched(state) || length === 0) return linearScan(a, b, state, axis, { role: 'state' });
  const states: Value[] = [];
  let h = state;
  for (let i = 0; i < length; i++) {
    h = tapped(stored(add(mul(at(a, axis, i), h), at(b, axis, i)), 'state'), 'state');
    states.push(h);
  }
  return stack(states, axis);
}
