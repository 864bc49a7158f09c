/** @file Runs kernels that have routines: matrix products by packed panels, and scans token by token, and sums by index. */
import type { Callee } from '../../../wasm/code.ts';
import { clear, loop, loopWhile } from '../../../wasm/control.ts';
import { f32, f32x4, i32, v128 } from '../../../wasm/instructions.ts';
import { roomOf } from '../../../wasm/matmul.ts';
import { define } from '../../../wasm/module.ts';
import type { ProductRoutine, Routine, ScanRoutine, ScatterRoutine } from '../text/kernel.ts';
import type { Axis } from '../text/places.ts';

/** Arguments of one call of a routine's function. */
export type Call = readonly number[];

/** Bytes that routines need for panels. */
export const roomFor = (routines: readonly (Routine | null)[]): number =>
  routines.reduce(
    (most, one) =>
      one?.is === 'product' ? Math.max(most, roomOf('f32', one.columns.length, one.summed.length)) : most,
    0,
  );

/** The offsets of all positions along axes, in each array. */
function offsetsOf(axes: readonly Axis[]): number[][] {
  return axes.reduce<number[][]>(
    (all, { length, steps }) =>
      all.flatMap((offsets) =>
        Array.from({ length }, (_, position) => offsets.map((offset, x) => offset + position * steps[x]!)),
      ),
    [[0, 0, 0]],
  );
}

/** The calls of `multiply` that compute a product: one for all batches along the last axis. */
export function callsOfProduct(
  { batch, rows, columns, summed, starts }: ProductRoutine,
  [a, b, out, room]: readonly [number, number, number, number],
): Call[] {
  const last = batch.at(-1) ?? { length: 1, steps: [0, 0, 0] };
  return offsetsOf(batch.slice(0, -1)).map(([x, y, z]) => [
    ...[a + 4 * (starts[0] + x!), 4 * last.steps[0]!, 4 * rows.steps[0]!, 4 * summed.steps[0]!],
    ...[b + 4 * (starts[1] + y!), 4 * last.steps[1]!, 4 * summed.steps[1]!, 4 * columns.steps[1]!],
    ...[out + 4 * z!, last.length, rows.length, columns.length, summed.length, room],
  ]);
}

/** The calls of `scan`: one for each block. */
export const callsOfScan = (
  { outer, length, inner, reverse }: ScanRoutine,
  [a, b, first, out]: readonly [number, number, number, number],
): Call[] =>
  Array.from({ length: outer }, (_, o) => {
    const start = 4 * (o * length + (reverse ? length - 1 : 0)) * inner;
    const step = 4 * inner * (reverse ? -1 : 1);
    return [a + start, b + start, first + 4 * o * inner, out + start, length, 4 * inner, step];
  });

/** `h ← a h + b` token by token. `before` has the state before the first token; `row` and `step` are bytes. */
export const scan = (): Callee<null> => {
  const params = { a: 'i32', b: 'i32', before: 'i32', out: 'i32', length: 'i32', row: 'i32', step: 'i32' } as const;
  return define('scan', params, ({ a, b, before, out, length, row, step }, newLocal) => {
    const [t, at] = [newLocal('i32'), newLocal('i32')];
    const place = (array: typeof a) => i32.add(array, at);
    const four = f32x4.add(f32x4.mul(v128.load(place(a)), v128.load(place(before))), v128.load(place(b)));
    const one = f32.add(f32.mul(f32.load(place(a)), f32.load(place(before))), f32.load(place(b)));
    const on = (count: number) => at.set(i32.add(at, i32.const(count)));
    return loop(t, i32.const(0), length, 1, [
      at.set(i32.const(0)),
      loopWhile(i32.lt(at, i32.sub(row, i32.const(12))), [v128.store(place(out), four), on(16)]),
      loopWhile(i32.lt(at, row), [f32.store(place(out), one), on(4)]),
      before.set(out),
      [a, b, out].map((array) => array.set(i32.add(array, step))),
    ]);
  });
};

/** The calls of `scatter`: one for each batch. */
export const callsOfScatter = (
  { batches, rows, perBatch, width }: ScatterRoutine,
  [x, index, out]: readonly [number, number, number],
): Call[] =>
  Array.from({ length: batches }, (_, batch) => [
    ...[x + 4 * batch * perBatch * width, index + 4 * batch * perBatch, out + 4 * batch * rows * width],
    ...[perBatch, 4 * width, 4 * rows * width],
  ]);

/** Adds rows of x to those that the indices name, in order. `row` and `size` are bytes of a row and of the result. */
export const scatter = (): Callee<null> => {
  const params = { x: 'i32', index: 'i32', out: 'i32', count: 'i32', row: 'i32', size: 'i32' } as const;
  return define('scatter', params, ({ x, index, out, count, row, size }, newLocal) => {
    const [j, at, to] = [newLocal('i32'), newLocal('i32'), newLocal('i32')];
    const [from, place] = [i32.add(x, at), i32.add(to, at)];
    const on = (bytes: number) => at.set(i32.add(at, i32.const(bytes)));
    return [
      clear(out, size),
      loop(j, i32.const(0), count, 1, [
        to.set(i32.add(out, i32.mul(i32.truncateF32(f32.load(index)), row))),
        at.set(i32.const(0)),
        loopWhile(i32.lt(at, i32.sub(row, i32.const(12))), [
          v128.store(place, f32x4.add(v128.load(place), v128.load(from))),
          on(16),
        ]),
        loopWhile(i32.lt(at, row), [f32.store(place, f32.add(f32.load(place), f32.load(from))), on(4)]),
        x.set(i32.add(x, row)),
        index.set(i32.add(index, i32.const(4))),
      ]),
    ];
  });
};
