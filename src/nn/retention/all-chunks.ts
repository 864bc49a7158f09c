/** @file Retention of all chunks at once: the products of every chunk in one operation, and a linear scan over their states. */
import { at } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';
import type { PowerTable } from './decay-tables.ts';
import type { RetentionInputs, RetentionResult } from './inputs.ts';
import { distances } from './parallel.ts';

/** Retention of n chunks of c tokens, n · c tokens in all, from a state [b, h, d, e]. Values of all chunks are [b, h, n, c, ·]. */
export function retainAllChunks(
  c: number,
  powers: PowerTable,
  { q, k, v, decay }: RetentionInputs,
  state: Value,
): RetentionResult {
  const [b, h, t, d] = q.shape as readonly [number, number, number, number];
  const e = v.shape[3]!;
  const n = t / c;
  const [queries, keys, values] = [q, k, v].map((x) => reshape(x, [b, h, n, c, x.shape[3]!])) as [Value, Value, Value];
  const tokens = Array.from({ length: c }, (_, i) => i);
  const toLast = tokens.map((i) => c - 1 - i);
  const fromFirst = tokens.map((i) => i + 1);

  const added = einsum('bhntd,bhnte->bhnde', mul(keys, powers(k, decay, toLast, [1, c, 1])), values);
  const after = linearScan(broadcast(powers(k, decay, [c], [1, 1, 1]), added.shape), added, state, 2);
  const before = concat([reshape(state, [b, h, 1, d, e]), slice(after, 2, 0, n - 1)], 2);

  const scores = mul(einsum('bhntd,bhnsd->bhnts', queries, keys), powers(q, decay, distances(c), [1, c, c]));
  const carried = mul(einsum('bhntd,bhnde->bhnte', queries, before), powers(q, decay, fromFirst, [1, c, 1]));
  const output = add(einsum('bhnts,bhnse->bhnte', scores, values), carried);
  return { output: reshape(output, [b, h, t, e]), state: at(after, 2, n - 1) };
}
