/** @file Computes linear scans by one sequential loop in memory order, along any axis. */
import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import type { Value } from '../../tensor/value.ts';
import { type Numbers, zerosLike } from './allocate.ts';
import { around } from './movement.ts';

/** `h_t = a_t h_{t−1} + b_t` along an axis; in reverse, `h_t = a_t h_{t+1} + b_t`. */
export function linearScan<A extends Numbers>(
  [{ data: a }, { data: b, shape }, { data: h0 }]: readonly [Value<A>, Value<A>, Value<A>],
  { axis, reverse }: LinearScanParams,
): A {
  const { outer, inner } = around(shape, axis);
  const length = shape[axis]!;
  const out = zerosLike(b, b.length);
  if (out.length === 0) return out;
  const step = reverse ? -inner : inner;
  for (let o = 0; o < outer; o++) {
    let at = (o * length + (reverse ? length - 1 : 0)) * inner;
    for (let i = 0; i < inner; i++) out[at + i] = a[at + i]! * h0[o * inner + i]! + b[at + i]!;
    for (let t = 1; t < length; t++) {
      at += step;
      for (let i = at; i < at + inner; i++) out[i] = a[i]! * out[i - step]! + b[i]!;
    }
  }
  return out;
}
