/** @file Rounding error bounds of causal convolutions, direct and by FFT. */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { paddedLength } from '../f64/causal-convolution.ts';
import { type Bounded, evaluate, type Rule } from './operands.ts';
import type { Precision } from './precision.ts';
import type { Rounding } from './rounding.ts';

/**
 * Makes the rule from that for sums of products, which bounds the method `direct`. The method `fft` adds an error relative to
 * ‖k‖₂ ‖x‖₂ of the whole sequences, operands' errors included: γ_n with
 *
 *     n = 3 (f + 4) log₂ N + 9,   f the error of sin and cos in units of u,   N the power of two from 2T on.
 *
 * Proof, after Higham, Accuracy and Stability, ch. 24. A stage of a transform computes a ± wb from a and b. The table's w is off by f u,
 * a complex product by √2 γ₂, a sum by u: together ε ≤ (f + 4) u. Relative to its own size √2 |(a, b)|, the error of (a + wb, a − wb) is
 * at most ε; so the transform X of x is off by (1 + ε)^{log₂ N} − 1 =: δ, relative in the 2-norm, where ‖X‖₂ = √N ‖x‖₂. The product of
 * transforms is then off by (1 + δ)² (1 + √2 γ₂) − 1, relative to ‖X‖₂ ‖K‖₂ ≥ Σ_j |X_j K_j| and in the 1-norm. In the inverse transform
 * each summand passes log₂ N stages, so that an element is off by δ (1/N) Σ_j |X_j K_j| more; and (1/N) ‖X‖₂ ‖K‖₂ = ‖x‖₂ ‖k‖₂.
 * Together: 3 log₂ N stages and a product of 3 u. Another 6 u cover transforms of real sequences by complex ones of half the
 * length. Covered: any order of stages, radix 2 or 4. Not covered: lengths that are no powers of two.
 */
export function causalConvolutionRule(precision: Precision, { error, within }: Rounding, sums: Rule): Rule {
  return (xs, primitive, params, shape) => {
    const of = params as CausalConvolutionParams;
    const direct = sums(xs, primitive, { ...of, method: 'direct' }, shape);
    if (of.method === 'direct') return direct;
    const [x, k] = xs.map(({ data }) => norms(data, of.axis, shape)) as [Norms, Norms];
    const padded = paddedLength(shape[of.axis]!);
    const roundings = 3 * (precision.functions + 4) * Math.log2(padded) + 9;
    const bound = (already: number, i: number): number => {
      const [a, b] = [x(i), k(i)];
      if (a === 0 || b === 0) return already;
      // each stage may underflow; later stages amplify the loss by √2 each, and the product by the other transform's size
      const underflows = 32 * (1 + Math.sqrt(padded) * (a + b));
      // partial sums of the inverse transform are the largest numbers
      return within(padded * Math.max(1, a) * Math.max(1, b), already + error(a * b, roundings, underflows));
    };
    return { x: evaluate(xs, primitive, params, shape), e: direct.e.map(bound) };
  };
}

/** The 2-norm of the sequence in which an element stands. */
type Norms = (element: number) => number;

function norms({ x, e }: Bounded, axis: number, shape: Shape): Norms {
  const inner = sizeOf(shape.slice(axis + 1));
  const whole = inner * shape[axis]!;
  const channelOf = (i: number): number => Math.floor(i / whole) * inner + (i % inner);
  const squares = new Float64Array(whole === 0 ? 0 : (x.length / whole) * inner);
  // scaled, as a square may leave the doubles where the norm does not
  const scale = x.reduce((largest, value, i) => Math.max(largest, Math.abs(value) + e[i]!), 0) || 1;
  x.forEach((value, i) => {
    squares[channelOf(i)]! += ((Math.abs(value) + e[i]!) / scale) ** 2;
  });
  return (i) => scale * Math.sqrt(squares[channelOf(i)]!);
}
