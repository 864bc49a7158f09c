/** @file Runs kernels that have routines: matrix products by packed panels, and scans token by token, and sums by index. */
import type { Callee } from '../../../wasm/code.ts';
import { clear, loop, loopWhile } from '../../../wasm/control.ts';
import { f32, f32x4, i32, v128 } from '../../../wasm/instructions.ts';
import { multiplication, roomOf } from '../../../wasm/matmul.ts';
import { define } from '../../../wasm/module.ts';
import type { ProductRoutine, Routine, ScanRoutine, ScatterRoutine } from '../text/kernel.ts';
import type { Axis } from '../text/places.ts';
import { type Argument, cut, type Step } from './steps.ts';

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

/** Addresses and counts that are the same for all parts of a step. */
const fixed = (...numbers: readonly number[]): Argument[] => numbers.map((at) => ({ at }));

/** Operations of a routine, about. */
export function operationsOf(routine: Routine): number {
  if (routine.is === 'scan') return routine.outer * routine.length * routine.inner;
  if (routine.is === 'scatter') return routine.batches * routine.perBatch * routine.width;
  // a vector instruction multiplies four numbers, and another one adds them
  const { batch, rows, columns, summed } = routine;
  return batch.reduce((product, { length }) => product * length, rows.length * columns.length * summed.length) / 2;
}

/** The functions of the routines. */
export const routineFunctions = () => ({ product: multiplication('f32'), scan: scan(), scatter: scatter() });

/** The steps of a routine on arrays at addresses, in about so many parts. */
export function stepsOfRoutine(
  functions: ReturnType<typeof routineFunctions>,
  routine: Routine,
  operands: readonly number[],
  out: number,
  wanted: number,
): Step[] {
  const [a, b, c] = operands as [number, number, number];
  if (routine.is === 'product') return stepsOfProduct(functions.product, routine, [a, b ?? a, out], wanted);
  if (routine.is === 'scan') return stepsOfScan(functions.scan, routine, [a, b, c, out], wanted);
  return stepsOfScatter(functions.scatter, routine, [a, b, out]);
}

/** The steps of `multiply` that compute a product: parts of all batches along the last axis, or of the rows of each batch. */
function stepsOfProduct(
  callee: Callee<null>,
  { batch, rows, columns, summed, starts }: ProductRoutine,
  [a, b, out]: readonly [number, number, number],
  wanted: number,
): Step[] {
  const last = batch.at(-1) ?? { length: 1, steps: [0, 0, 0] };
  const [m, n, k] = [rows.length, columns.length, summed.length];
  const outer = offsetsOf(batch.slice(0, -1));
  const byBatch = outer.length * last.length >= wanted;
  const [x, y] = [last.steps[0]!, last.steps[1]!].map((step) => 4 * step) as [number, number];
  const starting = byBatch ? outer : offsetsOf(batch);
  const { each, parts } = byBatch
    ? cut(last.length, wanted / outer.length, 1)
    : cut(m, wanted / outer.length / last.length, 4);
  const [batches, height] = byBatch ? [last.length, m] : [1, m];
  const strideOfX = byBatch ? each * x : each * 4 * rows.steps[0]!;
  const strideOfOut = byBatch ? each * 4 * m * n : each * 4 * n;
  const count = (total: number): Argument => ({ at: total, step: -each, most: each });
  return starting.map(([fromX, fromY, fromOut]) => ({
    callee,
    parts,
    args: [
      { at: a + 4 * (starts[0] + fromX!), step: strideOfX },
      ...fixed(x, 4 * rows.steps[0]!, 4 * summed.steps[0]!),
      { at: b + 4 * (starts[1] + fromY!), step: byBatch ? each * y : 0 },
      ...fixed(y, 4 * summed.steps[1]!, 4 * columns.steps[1]!),
      { at: out + 4 * fromOut!, step: strideOfOut },
      ...(byBatch ? [count(batches), { at: height }] : [{ at: batches }, count(height)]),
      ...fixed(n, k),
      'room',
    ],
  }));
}

/** The steps of `scan`: parts of the channels of each block. */
function stepsOfScan(
  callee: Callee<null>,
  { outer, length, inner, reverse }: ScanRoutine,
  [a, b, first, out]: readonly [number, number, number, number],
  wanted: number,
): Step[] {
  const { each, parts } = cut(inner, wanted / outer, 16);
  return Array.from({ length: outer }, (_, o) => {
    const start = 4 * (o * length + (reverse ? length - 1 : 0)) * inner;
    const starts = [a + start, b + start, first + 4 * o * inner, out + start];
    const row = { at: 4 * inner, step: -4 * each, most: 4 * each };
    const args = [
      ...starts.map((at) => ({ at, step: 4 * each })),
      { at: length },
      row,
      ...fixed(4 * inner * (reverse ? -1 : 1)),
    ];
    return { callee, parts, args };
  });
}

/** `h ← a h + b` token by token. `before` has the state before the first token; `row` and `step` are bytes. */
const scan = (): Callee<null> => {
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

/** The steps of `scatter`: one for each batch. */
const stepsOfScatter = (
  callee: Callee<null>,
  { batches, rows, perBatch, width }: ScatterRoutine,
  [x, index, out]: readonly [number, number, number],
): Step[] =>
  Array.from({ length: batches }, (_, batch) => {
    const starts = [x + 4 * batch * perBatch * width, index + 4 * batch * perBatch, out + 4 * batch * rows * width];
    return { callee, parts: 1, args: fixed(...starts, perBatch, 4 * width, 4 * rows * width) };
  });

/** Adds rows of x to those that the indices name, in order. `row` and `size` are bytes of a row and of the result. */
const scatter = (): Callee<null> => {
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
