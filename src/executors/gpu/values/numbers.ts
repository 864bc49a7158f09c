/** @file What a value is while an equation is traced: an array, one number, or an expression that no kernel has computed yet. */
import type { Shape } from '../../../tensor/shape.ts';

/** An array: an argument of the pipeline, a table that is uploaded once, or what a kernel writes. Compared by identity. */
export interface Resident {
  readonly is: 'resident';
  readonly size: number;
  /** The argument's number, the table's numbers; null for what a kernel computes, which alone can be a result of a pipeline. */
  readonly source: number | Float32Array | null;
}

/** One number, everywhere: passed to kernels as a scalar. */
export interface Fill {
  readonly is: 'fill';
  readonly number: number;
}

/** An array without elements, which has no buffer. */
export interface Nothing {
  readonly is: 'nothing';
}

/** Statements that declare `result` as a function of names or literals. */
export type Statements = (args: readonly string[], result: string) => string;

/** A linear form of a position: `start + Σ_a p_a steps_a`, an offset in an array or a coordinate. */
export interface Form {
  readonly start: number;
  readonly steps: readonly number[];
}

/** An array seen through strides. */
export interface Read {
  readonly is: 'read';
  readonly shape: Shape;
  readonly array: Resident;
  readonly form: Form;
}

/** A function of expressions of the same shape, number by number. */
export interface Apply {
  readonly is: 'apply';
  readonly shape: Shape;
  readonly text: Statements;
  readonly args: readonly Node[];
  /** What it takes beyond its arguments; a read is 1. */
  readonly work: number;
  readonly cost: Cost;
  readonly fate: Fate;
  readonly origin: Origin | null;
}

/** `inside` where `0 ≤ coordinate < length`, else `outside`: a pad or a concat. */
export interface Within {
  readonly is: 'within';
  readonly shape: Shape;
  readonly coordinate: Form;
  readonly length: number;
  readonly inside: Node;
  readonly outside: Node;
  readonly cost: Cost;
  readonly fate: Fate;
  readonly origin: Origin | null;
}

/** Shapes of expressions have no axes of length 1; what they are to the value's shape is a matter of its user. */
export type Expression = Read | Apply | Within;

/** An expression, or one number everywhere. */
export type Node = Expression | Fill;

/** Where an expression comes from that is another one seen in another order, or repeated: they have one fate. */
export interface Origin {
  readonly node: Apply | Within;
  /** What becomes of a form of a position in `node`. */
  form(of: Form): Form;
}

/** What evaluating an expression once at each position takes. */
export interface Cost {
  readonly arrays: ReadonlySet<Resident>;
  /** Reads and operations; what is used twice counts twice. */
  readonly size: number;
  /** Operations only. */
  readonly work: number;
}

/** What has become of an expression and its views. */
export interface Fate {
  /** Its number among those of a trace that are made of others; -1 for what is not counted. */
  index: number;
  /** Stands for the array that is to be made as soon as a kernel uses it; null where that is not foreseen. */
  planned: Resident | null;
  /** Kernels that evaluate it. */
  kernels: number;
  /** The array of its numbers, in the order of the expression that is no view, once a kernel has written it. */
  made: Resident | null;
}

/** The numbers of a value in row-major order, computed or not. Reshaping a value leaves them as they are. */
export type Numbers = Resident | Fill | Nothing | Expression;

/** Numbers of which each has a place of its own. */
export type Full = Exclude<Numbers, Fill | Nothing>;

/** An operand of a kernel rule. */
export interface Operand {
  readonly shape: Shape;
  readonly numbers: Numbers;
}

export const nothing: Nothing = { is: 'nothing' };

/** One number everywhere, rounded to f32. */
export const fill = (number: number): Fill => ({ is: 'fill', number: Math.fround(number) });

/** Whether an array has no elements. */
export const isNothing = (numbers: Numbers): boolean => numbers.is === 'nothing';
