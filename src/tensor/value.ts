/** @file Defines values and executors. Each value belongs to an executor, which interprets the primitives. */
import type { Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';

/** `real` values are rounded and differentiated; `index` values (token ids, positions) are exact and never differentiated. */
export type Kind = 'real' | 'index';

/** An immutable array of numbers. Its executor stores them as a `D`. */
export interface Value<D = unknown> {
  readonly shape: Shape;
  readonly kind: Kind;
  readonly on: Executor<D>;
  readonly data: D;
}

/** The largest allowed difference between the i-th number of a table, `value`, and that of an implementation, in units of round-off. */
export type Slack = (value: number, i: number) => number;

/**
 * What a number of a table stands for, where rounding would hide it: `factor · base^exponent`, a logarithm, or the cosine or sine of `times ·
 * angle`. An executor that does not round needs it.
 */
export type Exact =
  | readonly [kind: 'power', base: number, exponent: number, factor?: number]
  | readonly [kind: 'log', of: number, base: number]
  | readonly [kind: 'cos' | 'sin', times: number, angle: number];

/** What the i-th number of a table stands for; undefined for the number itself. */
export type Meaning = (i: number) => Exact | undefined;

/** An interpreter of the primitives: on plain numbers, on numbers with error bounds, or on a gradient tape. */
export interface Executor<D = unknown> {
  readonly name: string;
  /** The executor that stores the numbers: for a tape, the root of the executor that it records; else this executor. */
  readonly root: Executor;
  /** Nesting order: 0 for a root. A tape made later is an inner one and has a greater order. */
  readonly order: number;
  /** False after a gradient call has ended. Its values cannot be used any more. */
  readonly open: boolean;
  /**
   * True if each turn of a loop becomes operations of its own in a compiled program. Then a function should compute whole sequences at
   * once.
   */
  readonly unrolls?: boolean;
  /** True if it takes the values that `tapped` names, and may put others in their places. */
  readonly watches?: true;
  /** Tables that the executor keeps, by name, for `tableLike`. Only a trace has them, as it ends. */
  readonly tables?: Map<string, Value>;
  /** Stores numbers, which must be exact in the executor's format. Keeps the array without a copy. */
  input(x: Float64Array, shape: Shape, kind: Kind): D;
  /**
   * Stores a table or literal. An implementation may round it once, or differ by `slack` units of round-off (`|x|` is one
   * rounding). Only an executor without rounding reads `exact`. Keeps the array without a copy, so the caller must not change it afterwards.
   */
  constant(x: Float64Array, shape: Shape, slack?: Slack, exact?: Meaning): D;
  /** Stores a constant that repeats one number. Executors without it store an array. */
  fill?(x: number, shape: Shape): D;
  /** Evaluates a primitive on checked operands. */
  run(primitive: Primitive, xs: readonly Value[], params: unknown, shape: Shape): D;
  /** Returns the numbers of one of its values. The caller must not change them. */
  read(data: D): Float64Array;
}

/** Whether loops that compute with `x` are unrolled into a compiled program. */
export const isUnrolled = ({ on }: Value): boolean => on.root.unrolls === true;

/** Whether the executor of `x` takes the values that `tapped` names. */
export const isWatched = ({ on }: Value): boolean => on.root.watches === true;

/** Whether `x` is a value. */
export function isValue(x: unknown): x is Value {
  return typeof x === 'object' && x !== null && 'on' in x && 'data' in x && 'shape' in x;
}
