/** @file Values and executors: a value lives on an executor, and an executor interprets the primitives. */
import type { Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';

/** `real` values are rounded and differentiated; `index` values (token ids, positions) are exact and never differentiated. */
export type Kind = 'real' | 'index';

/** An immutable array of numbers on an executor, which stores it as a `D`. */
export interface Value<D = unknown> {
  readonly shape: Shape;
  readonly kind: Kind;
  readonly on: Executor<D>;
  readonly data: D;
}

/** How far the i-th number of an implementation's table may be from ours, `value`, in units of round-off. */
export type Slack = (value: number, i: number) => number;

/** An interpreter of the primitives: on plain numbers, on numbers with an error bound, on a gradient tape. */
export interface Executor<D = unknown> {
  readonly name: string;
  /** The executor that holds the numbers in the end: itself, or the root of the one that a tape records. */
  readonly root: Executor;
  /** 0 for a root. A tape made later is the inner one and has the greater order. */
  readonly order: number;
  /** False once a gradient call has ended: its values are no longer usable. */
  readonly open: boolean;
  /** Stores given numbers, which must be exact in the executor's format. The executor keeps the array. */
  input(x: Float64Array, shape: Shape, kind: Kind): D;
  /**
   * Stores a table or literal. An implementation may round it once, or be off by `slack` units of round-off (`|x|` is one
   * rounding). The array is kept, not copied: the caller must not change it afterwards.
   */
  constant(x: Float64Array, shape: Shape, slack?: Slack): D;
  /** The primitive's result on checked operands. */
  run(primitive: Primitive, xs: readonly Value[], params: unknown, shape: Shape): D;
  /** The numbers of one of its values; the caller must not change them. */
  read(data: D): Float64Array;
}

/** Whether something is a value. */
export function isValue(x: unknown): x is Value {
  return typeof x === 'object' && x !== null && 'on' in x && 'data' in x && 'shape' in x;
}
