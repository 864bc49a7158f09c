/** @file Primitive `causalConvolution`: `y_t = Σ_{s≤t} k_{t−s} x_s` along one axis */
import { apply, checkValue } from '../apply.ts';
import { fail } from '../errors.ts';
import { didYouMean } from '../names.ts';
import type { Primitive } from '../primitive.ts';
import { axisOf, sameShape, show } from '../shape.ts';
import type { Value } from '../value.ts';

/** Algorithm of a convolution: direct sums, or a product of Fourier transforms (FFT). */
export type ConvolutionMethod = 'direct' | 'fft';

/** The axis of time (counted from the front), the algorithm, and the direction: in reverse, `Σ_{s≥t} k_{s−t} x_s`. */
export interface CausalConvolutionParams {
  readonly axis: number;
  readonly reverse: boolean;
  readonly method: ConvolutionMethod;
}

export const causalConvolutionPrimitive: Primitive<CausalConvolutionParams> = {
  name: 'causalConvolution',
  shape([x, k]) {
    if (!sameShape(x!.shape, k!.shape)) {
      fail(`causalConvolution: x has shape ${show(x!.shape)}, k has ${show(k!.shape)}; broadcast one first`);
    }
    return x!.shape;
  },
  // dx_s = Σ_{t≥s} k_{t−s} ct_t and dk_j = Σ_{t≥j} x_{t−j} ct_t; reversed, dx_s = Σ_{t≤s} k_{s−t} ct_t and dk_j = Σ_{t≥j} ct_{t−j} x_t
  vjp(ct, _out, [x, k], { reverse, ...rest }, needs) {
    const along = (back: boolean, ...xs: readonly Value[]): Value =>
      apply(causalConvolutionPrimitive, xs, { ...rest, reverse: back });
    const [later, earlier] = reverse ? [x!, ct] : [ct, x!];
    return [needs[0] ? along(!reverse, ct, k!) : null, needs[1] ? along(true, later, earlier) : null];
  },
};

/**
 * Causal convolution along an axis: `y_t = Σ_{s≤t} k_{t−s} x_s` for every token t; with `reverse` the correlation
 * `y_t = Σ_{s≥t} k_{s−t} x_s`. `x`, `k` and the result have the same shape. The method `fft` takes O(T log T) steps. Its rounding errors
 * are relative to ‖k‖₂ ‖x‖₂, not to each element, and a NaN or infinity spreads over the whole sequence. Throws when the shapes differ.
 * @example
 * read(causalConvolution(tensor([1, 2, 3]), tensor([1, 10, 0]), 0)) // [1, 12, 23]
 */
export function causalConvolution(
  x: Value,
  k: Value,
  axis: number,
  { method = 'direct', reverse = false }: { readonly method?: ConvolutionMethod; readonly reverse?: boolean } = {},
): Value {
  checkValue('causalConvolution', 'operand 0', x);
  if (method !== 'direct' && method !== 'fft') {
    fail(
      `causalConvolution: there is no method '${method}'; use 'direct' or 'fft'${didYouMean(method, ['direct', 'fft'])}`,
    );
  }
  const at = axisOf('causalConvolution', axis, x.shape);
  return apply(causalConvolutionPrimitive, [x, k], { axis: at, reverse, method });
}
