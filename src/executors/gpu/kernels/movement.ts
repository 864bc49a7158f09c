/** @file Primitives that move numbers without changing them. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import { fill, isNothing, type Launch, type Numbers, type Operand } from '../numbers.ts';
import { axesOf, divide, merged, placesOf } from './places.ts';
import type { Rules } from './rule.ts';

/** How many arrays a kernel can read: a device binds 8 buffers, one of which is the result. */
const mostOperands = 7;

/** A strided view made dense: element at position p is number `start + Σ p_a steps_a`. */
export interface View {
  readonly shape: Shape;
  readonly steps: readonly number[];
  readonly start: number;
}

/** Broadcast as a view: axes aligned at the right, those that grow stand still. */
export function broadcastView(from: Shape, to: Shape): View {
  const added = to.length - from.length;
  const strides = stridesOf(from);
  const steps = to.map((_, i) => (i < added || from[i - added] === 1 ? 0 : strides[i - added]!));
  return { shape: to, steps, start: 0 };
}

/** Transpose as a view. */
export function transposeView(from: Shape, order: readonly number[]): View {
  const strides = stridesOf(from);
  return { shape: order.map((axis) => from[axis]!), steps: order.map((axis) => strides[axis]!), start: 0 };
}

/** Slice as a view. */
export function sliceView(from: Shape, axis: number, start: number, to: Shape): View {
  const strides = stridesOf(from);
  return { shape: to, steps: strides, start: start * strides[axis]! };
}

function copy(launch: Launch, { numbers }: Operand, { shape, steps, start }: View): Numbers {
  if (numbers.is === 'fill') return numbers;
  const { setup, offsets } = placesOf(merged(axesOf(shape, steps)), 1);
  return launch(sizeOf(shape), [numbers], (read) => `${setup}\nreturn ${read!(`${start} + ${offsets[0]}`)};`);
}

/** Elements of one step along the axes from `axis` on: an array is rows of them. */
const rowOf = (shape: Shape, axis: number): number => sizeOf(shape.slice(axis));

/** Operands one after another along an axis: thread i stands at place p of row q. */
function join(launch: Launch, xs: readonly Operand[], axis: number): Operand {
  const shape = xs[0]!.shape.with(
    axis,
    xs.reduce((length, x) => length + x.shape[axis]!, 0),
  );
  const numbers = launch(
    sizeOf(shape),
    xs.map((x) => x.numbers),
    (...reads) => {
      let end = 0;
      const parts = reads.map((read, k) => {
        const start = end;
        const row = rowOf(xs[k]!.shape, axis);
        end += row;
        const value = `return ${read(`q * ${row} + p - ${start}`)};`;
        return k === reads.length - 1 ? value : `if (p < ${end}) { ${value} }`;
      });
      return `${divide('i', rowOf(shape, axis), 'q', 'p')}\n${parts.join('\n')}`;
    },
  );
  return { shape, numbers };
}

export const movement = {
  broadcast: (launch, [x], _params, shape) => copy(launch, x!, broadcastView(x!.shape, shape)),
  transpose: (launch, [x], { order }) => copy(launch, x!, transposeView(x!.shape, order)),
  slice: (launch, [x], { axis, start }, shape) => copy(launch, x!, sliceView(x!.shape, axis, start, shape)),
  pad(launch, [x], { axis, before }, shape) {
    if (isNothing(x!.numbers)) return fill(0);
    const row = rowOf(x!.shape, axis);
    const start = before * rowOf(shape, axis + 1);
    return launch(sizeOf(shape), [x!.numbers], (read) =>
      [
        divide('i', rowOf(shape, axis), 'q', 'p'),
        `if (p < ${start}) { return 0; }`,
        `if (p >= ${start + row}) { return 0; }`,
        `return ${read!(`q * ${row} + p - ${start}`)};`,
      ].join('\n'),
    );
  },
  concat(launch, xs, { axis }, shape) {
    let parts: readonly Operand[] = xs.filter(({ numbers }) => !isNothing(numbers));
    // a tree: joining the next to what is joined already would copy that again and again
    while (parts.length > 1) {
      parts = Array.from({ length: Math.ceil(parts.length / mostOperands) }, (_, k) =>
        join(launch, parts.slice(k * mostOperands, (k + 1) * mostOperands), axis),
      );
    }
    return parts[0]?.numbers ?? (sizeOf(shape) === 0 ? { is: 'nothing' } : fill(0));
  },
} satisfies Partial<Rules>;
