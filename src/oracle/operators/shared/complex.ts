/** @file Converts complex numbers between signatures, which have separate real and imaginary parts, and definitions. */
import type { Complex } from '../../../../spec/complex.ts';
import type { Vector } from '../../../../spec/notation.ts';

/** Makes complex numbers from their real and imaginary parts. */
export const complexOf = (re: Vector, im: Vector): Complex[] => re.map((x, n) => ({ re: x, im: im[n]! }));

/** Interleaves real and imaginary parts, as in the states of conjugate pairs: Re h_0, Im h_0, Re h_1, … */
export const interleaved = (re: Vector, im: Vector): Vector => re.flatMap((x, n) => [x, im[n]!]);

/** Splits interleaved states into real and imaginary parts. */
export const parted = (pairs: Vector): { readonly re: Vector; readonly im: Vector } => ({
  re: pairs.filter((_, i) => i % 2 === 0),
  im: pairs.filter((_, i) => i % 2 === 1),
});
