/** @file Bounds the rounding errors of causal convolutions, direct and by FFT. */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { paddedLength } from '../f64/causal-convolution.ts';
import type { Functions } from '../profiles/functions.ts';
import { type Bounded, evaluate, type Rule } from './operands.ts';
import type { Rounding } from './rounding.ts';

/**
 * Makes the rule for causal convolutions. `sums`, the rule for sums of products, bounds the method `direct`. For the method `fft`, the
 * rule adds the error γ_n ‖k‖₂ ‖x‖₂, with norms of the whole sequences that include the errors of the operands. Here
 *
 *     n = 3 (f + 4) log₂ N + 9,   f is the error of sin and cos in units of u,   N is the least power of two ≥ 2T.
 *
 * Proof, after Higham, Accuracy and Stability, ch. 24. A stage of a transform computes a ± wb from a and b. The relative error of w in
 * the table is f u, of a complex product √2 γ₂, of a sum u: together ε ≤ (f + 4) u. The error of (a + wb, a − wb), relative to its size
 * √2 |(a, b)|, is at most ε. So the transform X of x has the relative error (1 + ε)^{log₂ N} − 1 =: δ in the 2-norm, where
 * ‖X‖₂ = √N ‖x‖₂. The product of the transforms has the error (1 + δ)² (1 + √2 γ₂) − 1 in the 1-norm, relative to
 * ‖X‖₂ ‖K‖₂ ≥ Σ_j |X_j K_j|. In the inverse transform each summand passes log₂ N stages. This adds δ (1/N) Σ_j |X_j K_j| to the error
 * of an element, and (1/N) ‖X‖₂ ‖K‖₂ = ‖x‖₂ ‖k‖₂.
 * Together: 3 log₂ N stages, and a product with 3 u. Another 6 u cover transforms of real sequences by complex ones of half the
 * length. The bound covers every order of stages, with radix 2 or 4. It does not cover lengths that are not powers of two.
 */
export function causalConvolutionRule(functions: Functions, { error, within }: Rounding, sums: Rule): Rule {
  return (xs, primitive, params, shape) => {
    const of = params as CausalConvolutionParams;
    const direct = sums(xs, primitive, { ...of, method: 'direct' }, shape);
    if (of.method === 'direct') return direct;
    const [x, k] = xs.map(({ data }) => norms(data, of.axis, shape)) as [Norms, Norms];
    const padded = paddedLength(shape[of.axis]!);
    const roundings = 3 * (functions.sin.units + 4) * Math.log2(padded) + 9;
    const bound = (already: number, i: number): number => {
      const [a, b] = [x(i), k(i)];
      if (a === 0 || b === 0) return already;
      // each stage may underflow; each later stage amplifies that error by √2, and the product by the size of the other transform
      const underflows = 32 * (1 + Math.sqrt(padded) * (a + b));
      // the largest numbers are partial sums of the inverse transform
      return within(padded * Math.max(1, a) * Math.max(1, b), already + error(a * b, roundings, underflows));
    };
    const e = direct.e.map(bound);
    const terms = direct.terms && {
      // the error of a transform reaches sums whose terms are all 0
      sizes: direct.terms.sizes.map((size, i) => size + e[i]!),
      errors: e,
      lengths: direct.terms.lengths,
    };
    return { x: evaluate(xs, primitive, params, shape), e, terms };
  };
}

/** The 2-norm of the sequence that contains an element. */
type Norms = (element: number) => number;

function norms({ x, e }: Bounded, axis: number, shape: Shape): Norms {
  const inner = sizeOf(shape.slice(axis + 1));
  const whole = inner * shape[axis]!;
  const channelOf = (i: number): number => Math.floor(i / whole) * inner + (i % inner);
  const squares = new Float64Array(whole === 0 ? 0 : (x.length / whole) * inner);
  // scaled, as a square may overflow or underflow where the norm does not
  const scale = x.reduce((largest, value, i) => Math.max(largest, Math.abs(value) + e[i]!), 0) || 1;
  x.forEach((value, i) => {
    squares[channelOf(i)]! += ((Math.abs(value) + e[i]!) / scale) ** 2;
  });
  return (i) => scale * Math.sqrt(squares[channelOf(i)]!);
}
