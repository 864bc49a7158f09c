/** @file Defines the kinds of traced values: an array, a constant, or a lazy expression. */
import type { Shape } from '../../../tensor/shape.ts';

/**
 * An array in device memory: an argument of the pipeline, a table that is uploaded once, or the result of a kernel. Arrays are
 * compared by identity.
 */
export interface Resident {
  readonly is: 'resident';
  readonly size: number;
  /**
   * The number of the argument, or the elements of the table. Null for the result of a kernel: only such arrays can be results of a
   * pipeline.
   */
  readonly source: number | Float32Array | null;
  /** The place of its elements, if they are part of another array or if their kernel waits for others; schedules that kernel. */
  readonly place?: () => Place;
  /** How to write the array and an expression that reads it by one kernel. */
  readonly joint?: Joint;
  /** If true, kernels get the start of a part of the array as an argument. Equal parts, such as the weights of layers, then share kernels. */
  readonly passesStarts?: boolean;
}

/** A kernel that waits for an expression of the same rows. */
export interface Joint {
  /** Whether the kernel waits, and the expression reads the results of its own rows only. */
  suits(expression: Expression): boolean;
  /** Writes both, and returns the array of the expression. Null if they read too many arrays. */
  write(expression: Expression): Resident | null;
}

/** Consecutive elements of an array. */
export interface Place {
  readonly array: Resident;
  readonly start: number;
}

/** The start of a part of an array, as an argument of a kernel. */
export interface Start {
  readonly is: 'start';
  readonly number: number;
}

/** An array of equal numbers. Kernels get the number as a scalar argument. */
export interface Fill {
  readonly is: 'fill';
  readonly number: number;
}

/** An array without elements. It has no buffer. */
export interface Nothing {
  readonly is: 'nothing';
}

/** Writes statements that declare `result` as a function of names or literals. */
export type Statements = (args: readonly string[], result: string) => string;

/** An affine form of a position p, for an offset in an array or a coordinate: `start + Σ_a p_a steps_a`. */
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
  /** Reads of tables, of the same shape. An element is 0 wherever one of a table is. */
  readonly masks?: readonly Read[];
}

/** An elementwise function of expressions of one shape. */
export interface Apply {
  readonly is: 'apply';
  readonly shape: Shape;
  readonly text: Statements;
  readonly args: readonly Node[];
  /** Cost of the function without its arguments, in the units of work.ts. */
  readonly work: number;
  /** Number of the first arguments that are factors: the result is 0 where one of them is. */
  readonly factors: number;
  readonly cost: Cost;
  readonly state: Materialisation;
  readonly base: Base | null;
}

/** `inside` where `0 ≤ coordinate < length`, else `outside`. Pad and concat use it. */
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
 * A lazy elementwise expression. Its shape has no axes of length 1, and may differ from that of the value, as {@link Numbers} are
 * row-major.
 */
export type Expression = Read | Apply | Within;

/** An expression, or a constant. */
export type Node = Expression | Fill;

/** The base of a view: the view is this expression, permuted or broadcast. They share their state. */
export interface Base {
  readonly node: Apply | Within;
  /** Converts an affine form of a position in `node` to one of a position in the view. */
  form(of: Form): Form;
}

/** Cost of evaluating an expression once for each element. */
export interface Cost {
  readonly arrays: ReadonlySet<Resident>;
  /** The number of reads, plus work. An expression that is used twice counts twice. */
  readonly size: number;
  /** Work without reads, in the units of work.ts. */
  readonly work: number;
}

/** Materialisation state of an expression and its views: whether and where its elements are stored. */
export interface Materialisation {
  /** Number of the expression in order of creation, the key of its use count. −1 if its uses are not counted. */
  index: number;
  /** The array to write, if the expression will be materialised at its first use; else null. */
  planned: Resident | null;
  /** How many kernels have evaluated the expression so far. */
  kernels: number;
  /** The array of its elements, in the order of the base; null before a kernel has written it. */
  materialised: Resident | null;
}

/** The elements of a value in row-major order, computed or lazy. A reshape does not change them. */
export type Numbers = Resident | Fill | Nothing | Expression;

/** Elements that are neither empty nor a constant. */
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
