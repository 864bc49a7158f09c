/** @file The one abstraction: a value lives on an executor, and an executor gives the primitives their meaning. */
import type { Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';

/** `real` values are rounded and differentiated; `index` values (token ids, positions) are exact and never differentiated. */
export type Kind = 'real' | 'index';

/** An immutable array of numbers on an executor. `D` is whatever that executor stores. */
export interface Value<D = unknown> {
  readonly shape: Shape;
  readonly kind: Kind;
  readonly on: Executor<D>;
  readonly data: D;
}

/** How far an implementation's table may be from ours at `value`, the i-th number of it, in units of round-off. */
export type Slack = (value: number, i: number) => number;

/** A meaning of the primitives: plain numbers, numbers with an error bound, a gradient tape. */
export interface Executor<D = unknown> {
  readonly name: string;
  /** The executor on which the numbers finally live; itself, unless this one records (a tape). */
  readonly root: Executor;
  /** 0 for a root. Among tapes the later made is the inner one and has the greater order. */
  readonly order: number;
  /** False once a gradient call has ended: its values are no longer usable. */
  readonly open: boolean;
  /** Data of a case: exact on the executor's grid. The array is the executor's to keep. */
  input(x: Float64Array, shape: Shape, kind: Kind): D;
  /**
   * Tables and literals: rounded once, unless `slack` says by how many units of round-off a number may be off (`|x|` is once).
   * The array is kept, not copied: the caller must not change it afterwards.
   */
  constant(x: Float64Array, shape: Shape, slack?: Slack): D;
  /** The primitive's result on checked operands. */
  run(primitive: Primitive, xs: readonly Value[], params: unknown, shape: Shape): D;
  /** The numbers of one of its values, not to be changed. */
  read(data: D): Float64Array;
}

/** Whether something is a value. */
export function isValue(x: unknown): x is Value {
  return typeof x === 'object' && x !== null && 'on' in x && 'data' in x && 'shape' in x;
}
