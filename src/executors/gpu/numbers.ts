/** @file What a value is while an equation is traced: an array, one number, or an expression that no kernel has computed yet. */
import type { Shape } from '../../tensor/shape.ts';
import type { Expression } from './expression.ts';
import type { Origin } from './origins.ts';

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

/** The numbers of a value in row-major order, computed or not. Reshaping a value leaves them as they are. */
export type Numbers = Resident | Fill | Nothing | Expression;

/** Numbers of which each has a place of its own. */
export type Full = Exclude<Numbers, Fill | Nothing>;

/** What the gpu executor stores for a value. */
export interface Traced {
  readonly numbers: Numbers;
  /** Of an index value: where each element comes from, so that ranges are checked before a call. */
  readonly origins: readonly Origin[];
}

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
