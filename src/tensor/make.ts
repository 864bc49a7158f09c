/** @file Makes values, which print as their shape and numbers: by console.log, as text and as JSON. */
import { type Shape, show, sizeOf, stridesOf } from './shape.ts';
import type { Executor, Kind, Value } from './value.ts';

/** Numbers in nested lists. All lists of one level have the same length. */
export type Nested = number | readonly Nested[];

/** Values with more numbers print the first and last of each axis. */
const mostPrinted = 100;

/** What Node calls to print an object. */
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A value with a prototype, which prints it. Methods of their own would cost each value time. */
class Printable<D> implements Value<D> {
  readonly shape: Shape;
  readonly kind: Kind;
  readonly on: Executor<D>;
  readonly data: D;

  constructor(on: Executor<D>, shape: Shape, kind: Kind, data: D) {
    this.shape = shape;
    this.kind = kind;
    this.on = on;
    this.data = data;
  }

  toString(): string {
    return printed(this);
  }

  toJSON(): object {
    const numbers = numbersOf(this);
    return { shape: this.shape, kind: this.kind, data: numbers && Array.from(numbers, orText) };
  }

  [inspect](): string {
    return printed(this);
  }
}

/** Makes a value from what its executor stores. */
export const makeValue = <D>(on: Executor<D>, shape: Shape, kind: Kind, data: D): Value<D> =>
  new Printable(on, shape, kind, data);

/** JSON lacks some numbers, which it gets as texts. */
const orText = (x: number): number | string => (Number.isFinite(x) ? x : String(x));

/** The numbers of a value; null in a program that is being recorded, which has none yet. */
function numbersOf(x: Value): Float64Array | null {
  try {
    return x.on.read(x.data);
  } catch {
    return null;
  }
}

/** A value as text: its kind, shape and executor, and its numbers to six digits. */
function printed(x: Value): string {
  const { shape, kind, on } = x;
  const where = on.name === 'f64' ? '' : ` on ${on.name}`;
  const head = `${kind === 'index' ? 'indices' : 'tensor'} ${show(shape)}${where}`;
  const numbers = numbersOf(x);
  return numbers === null ? head : `${head} = ${numbersText(numbers, shape)}`;
}

const short = (x: number): string => (Object.is(x, -0) ? '-0' : String(Number(x.toPrecision(6))));

function numbersText(numbers: Float64Array, shape: Shape): string {
  const strides = stridesOf(shape);
  const ends = sizeOf(shape) <= mostPrinted ? Number.POSITIVE_INFINITY : shape.length <= 2 ? 3 : 1;
  const level = (axis: number, start: number): string => {
    const length = shape[axis];
    if (length === undefined) return short(numbers[start]!);
    const part = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => level(axis + 1, start + (from + i) * strides[axis]!));
    const parts = length <= 2 * ends ? part(0, length) : [...part(0, ends), '…', ...part(length - ends, ends)];
    return `[${parts.join(', ')}]`;
  };
  return level(0, 0);
}

/** Numbers in row-major order as nested lists, a level for each axis. */
export function nestedOf(numbers: ArrayLike<number>, shape: Shape): Nested {
  const strides = stridesOf(shape);
  const level = (axis: number, start: number): Nested => {
    if (axis === shape.length) return numbers[start]!;
    const rows = new Array<Nested>(shape[axis]!);
    for (let i = 0; i < rows.length; i++) rows[i] = level(axis + 1, start + i * strides[axis]!);
    return rows;
  };
  return level(0, 0);
}
