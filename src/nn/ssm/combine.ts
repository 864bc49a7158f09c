/** @file Composes affine steps h ↦ a h + b, where a is a real number, a complex number or a matrix. */
import { add } from '../../tensor/primitives/add.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import type { Value } from '../../tensor/value.ts';
import type { Combine } from './associative-scan.ts';
import { type Complex, complexAdd, complexMul } from './complex.ts';

/** Affine step `h ↦ a h + b`. Shapes broadcast: a may lack the batch axis of b. */
export type Affine<S> = { readonly a: S; readonly b: S };

/**
 * Composes the left step, then the right one: `(a₂ a₁, a₂ b₁ + b₂)`, elementwise.
 * @example
 * const step = { a: tensor([2]), b: tensor([1]) };
 * read(realCombine(step, step).b) // [3]
 */
export const realCombine: Combine<Affine<Value>> = (left, right) => ({
  a: mul(right.a, left.a),
  b: add(mul(right.a, left.b), right.b),
});

/**
 * Composes steps as {@link realCombine} does, with complex numbers.
 * @example
 * const i = { re: tensor([0]), im: tensor([1]) };
 * read(complexCombine({ a: i, b: i }, { a: i, b: i }).b.re) // [-1]
 */
export const complexCombine: Combine<Affine<Complex>> = (left, right) => ({
  a: complexMul(right.a, left.a),
  b: complexAdd(complexMul(right.a, left.b), right.b),
});

/**
 * Composes steps as {@link realCombine} does, with matrices a [t, e, n, m] and columns b [b, t, e, n, 1].
 * @example
 * const step = { a: tensor([[[[0, 1], [1, 0]]]]), b: tensor([[[[[1], [2]]]]]) };
 * read(matrixCombine(step, step).b) // [3, 3]
 */
export const matrixCombine: Combine<Affine<Value>> = (left, right) => ({
  a: einsum('teij,tejk->teik', right.a, left.a),
  b: add(einsum('teij,btejk->bteik', right.a, left.b), right.b),
});
