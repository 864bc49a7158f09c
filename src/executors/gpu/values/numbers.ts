/** @file The kinds of traced values: an array, one number, or a lazy expression that no kernel has computed yet. */
import type { Shape } from '../../../tensor/shape.ts';

/**
 * An array in device memory: an argument of the pipeline, a table that is uploaded once, or the result of a kernel. Compared by
 * identity.
 */
export interface Resident {
  readonly is: 'resident';
  readonly size: number;
  /**
   * The number of the argument, or the elements of the table. Null for the result of a kernel; only these can be results of a
   * pipeline.
   */
  readonly source: number | Float32Array | null;
}

/** A constant that fills an array: passed to kernels as a scalar. */
export interface Fill {
  readonly is: 'fill';
  readonly number: number;
}

/** An array without elements. It has no buffer. */
export interface Nothing {
  readonly is: 'nothing';
}

/** Statements that declare `result` as a function of names or literals. */
export type Statements = (args: readonly string[], result: string) => string;

/** An affine form of a position p: `start + Σ_a p_a steps_a`. An offset in an array, or a coordinate. */
export interface Form {
  readonly start: number;
  readonly steps: readonly number[];
}

/** An array read through strides. */
export interface Read {
  readonly is: 'read';
  readonly shape: Shape;
  readonly array: Resident;
  readonly form: Form;
}

/** An elementwise function of expressions of one shape. */
export interface Apply {
  readonly is: 'apply';
  readonly shape: Shape;
  readonly text: Statements;
  readonly args: readonly Node[];
  /** Cost of the function without its arguments, in the units of work.ts. */
  readonly work: number;
  readonly cost: Cost;
  readonly state: Materialisation;
  readonly base: Base | null;
}

/** `inside` where `0 ≤ coordinate < length`, else `outside`: pad and concat. */
export interface Within {
  readonly is: 'within';
  readonly shape: Shape;
  readonly coordinate: Form;
  readonly length: number;
  readonly inside: Node;
  readonly outside: Node;
  readonly cost: Cost;
  readonly state: Materialisation;
  readonly base: Base | null;
}

/**
 * A lazy elementwise expression. Its shape has no axes of length 1 and need not be that of the value: {@link Numbers} are
 * row-major.
 */
export type Expression = Read | Apply | Within;

/** An expression, or a constant. */
export type Node = Expression | Fill;

/** The expression that a view shows in another order, or broadcast. A view and its base share their state. */
export interface Base {
  readonly node: Apply | Within;
  /** The affine form of a position in the view, from that of a position in `node`. */
  form(of: Form): Form;
}

/** Cost of evaluating an expression once for each element. */
export interface Cost {
  readonly arrays: ReadonlySet<Resident>;
  /** Reads, 1 each, and work. An expression that is used twice counts twice. */
  readonly size: number;
  /** Work without reads, in the units of work.ts. */
  readonly work: number;
}

/** Materialisation state of an expression and its views: whether, and where, its elements are stored. */
export interface Materialisation {
  /** Number of the expression, in the order in which the trace made them: the key of its use count. −1 if it is not counted. */
  index: number;
  /** Stand-in for the array to come, where the expression will be materialised at its first use; else null. */
  planned: Resident | null;
  /** Kernels that have evaluated it within themselves so far. */
  kernels: number;
  /** The array of its elements, in the order of the base, once a kernel has written it. */
  materialised: Resident | null;
}

/** The elements of a value in row-major order, computed or lazy. A reshape leaves them as they are. */
export type Numbers = Resident | Fill | Nothing | Expression;

/** Elements that differ from one another: neither a constant nor empty. */
export type Full = Exclude<Numbers, Fill | Nothing>;

/** An operand of a kernel rule. */
export interface Operand {
  readonly shape: Shape;
  readonly numbers: Numbers;
}

export const nothing: Nothing = { is: 'nothing' };

/** A constant, rounded to f32. */
export const fill = (number: number): Fill => ({ is: 'fill', number: Math.fround(number) });

/** Whether an array has no elements. */
export const isNothing = (numbers: Numbers): boolean => numbers.is === 'nothing';
