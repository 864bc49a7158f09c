/** @file What a value is while a gpu.js pipeline is traced, and how a rule launches kernels. */
import type { Shape } from '../../tensor/shape.ts';
import type { Origin } from './origins.ts';

/** A resident array: a gpu.js handle of an input or of a kernel's result, or a table that is uploaded once. Opaque. */
export interface Resident {
  readonly is: 'resident';
  readonly handle: unknown;
  /** Whether a kernel wrote it: only such arrays can be results of a pipeline. */
  readonly computed: boolean;
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

/** The numbers of a value, row-major without gaps. */
export type Numbers = Resident | Fill | Nothing;

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

/** The text that reads an operand at an offset, itself text. */
export type Read = (offset: string) => string;

/**
 * Runs a kernel of one thread for each of `size` results. The body is the text of a function of the thread's number `i` that
 * returns its result; `Read`s stand for the operands.
 */
export type Launch = (
  size: number,
  operands: readonly Numbers[],
  body: (...reads: readonly Read[]) => string,
) => Numbers;

export const nothing: Nothing = { is: 'nothing' };

/** One number everywhere, rounded to f32. */
export const fill = (number: number): Fill => ({ is: 'fill', number: Math.fround(number) });

/** Whether an array has no elements. */
export const isNothing = (numbers: Numbers): boolean => numbers.is === 'nothing';
