/** @file Complex numbers in signatures, where real and imaginary parts are tensors of their own, and in definitions. */
import type { Complex } from '../../../../spec/complex.ts';
import type { Vector } from '../../../../spec/notation.ts';

/** Complex numbers of their parts. */
export const complexOf = (re: Vector, im: Vector): Complex[] => re.map((x, n) => ({ re: x, im: im[n]! }));

/** Complex numbers as the states of conjugate pairs: Re h_0, Im h_0, Re h_1, … */
export const interleaved = (re: Vector, im: Vector): Vector => re.flatMap((x, n) => [x, im[n]!]);

/** The real and imaginary parts of such states. */
export const parted = (pairs: Vector): { readonly re: Vector; readonly im: Vector } => ({
  re: pairs.filter((_, i) => i % 2 === 0),
  im: pairs.filter((_, i) => i % 2 === 1),
});
