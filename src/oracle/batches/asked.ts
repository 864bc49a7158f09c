/** @file Tells a backend of a batch, beside the case, and keeps what counts of the answer. */
import type { StoredTensor } from '../../io/safetensors.ts';
import { isToken } from '../../nn/batches/batch.ts';
import { sizeOf } from '../../tensor/shape.ts';
import { axisOf } from '../axes.ts';
import type { AskedBatch } from '../backends/backend.ts';
import { type Case, mapTensors, type Tensor } from '../case.ts';
import type { Operator } from '../operator.ts';
import { batchOf } from './alone.ts';

/** What a question about a batch tells of it; undefined if its sequences have equal lengths. */
export function askedBatch({ batched }: Operator, { inputs, settings }: Case): AskedBatch | undefined {
  if (batched === undefined) return undefined;
  const { kind } = batched;
  const batch = batchOf(batched.of, kind, inputs, settings);
  if (kind === 'padded') {
    const mask: Tensor = { shape: [batch.rows, batch.places], kind: 'index', data: isToken(batch) };
    return { kind, tensors: { mask } };
  }
  const bounds = [...batch.spans.map(({ start }) => start), batch.places];
  return { kind, tensors: { cuSeqlens: { shape: [bounds.length], kind: 'index', data: Float64Array.from(bounds) } } };
}

/** The case as it is sent. Outputs at padding mean nothing, so their cotangents are 0. */
export function sentCase(operator: Operator, c: Case): Case {
  const isPadding = paddingOf(operator, c);
  if (isPadding === null) return c;
  return { ...c, cotangents: mapTensors(c.cotangents, (x, name) => zeroedAt(operator, name, x, isPadding)) };
}

/** The answer as it counts: with zeros for outputs at padding, which may be anything. */
export function counted(
  operator: Operator,
  c: Case,
  answered: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, StoredTensor> {
  const isPadding = paddingOf(operator, c);
  if (isPadding === null) return answered;
  const entries = [...answered].map(([tensor, x]): [string, StoredTensor] => {
    if (!tensor.startsWith('out/')) return [tensor, x];
    const name = tensor.slice('out/'.length);
    // a wrong shape is judged elsewhere
    const isRight = x.shape.join() === c.cotangents[name]?.shape.join();
    return [tensor, isRight ? zeroedAt(operator, name, x, isPadding) : x];
  });
  return new Map(entries);
}

/** Whether a place is padding, by row and place; null if there is none. */
type Padding = (row: number, place: number) => boolean;

function paddingOf({ batched }: Operator, { inputs, settings }: Case): Padding | null {
  if (batched?.kind !== 'padded') return null;
  const batch = batchOf(batched.of, 'padded', inputs, settings);
  const tokens = isToken(batch);
  return (row, place) => tokens[row * batch.places + place] === 0;
}

/** An output with zeros at padding. */
function zeroedAt<T extends { readonly shape: readonly number[]; readonly data: Float64Array }>(
  operator: Operator,
  name: string,
  x: T,
  isPadding: Padding,
): T {
  const axis = axisOf(operator, 'time', 'outputs', name);
  if (axis === undefined) return x;
  const [ofPlace, ofRow] = [sizeOf(x.shape.slice(axis + 1)), sizeOf(x.shape.slice(1))];
  const data = x.data.map((value, i) =>
    isPadding(Math.floor(i / ofRow), Math.floor(i / ofPlace) % x.shape[axis]!) ? 0 : value,
  );
  return { ...x, data };
}
