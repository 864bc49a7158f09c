/** @file Computes causal convolutions by FFT, with every step rounded and random errors in the twiddle factors. */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { paddedLength } from '../f64/causal-convolution.ts';
import { rootAt } from '../f64/fft.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Arithmetic, Summands } from './order.ts';

type Complex = readonly [number, number];

/** Lists the summands of each element of the convolution, by its definition. */
export function convolutionSummands(
  x: Float64Array,
  k: Float64Array,
  { axis, reverse }: CausalConvolutionParams,
  shape: Shape,
): Summands {
  const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
  return {
    most: length,
    list(i, a, b) {
      const t = Math.floor(i / inner) % length;
      const start = i - t * inner;
      const count = reverse ? length - t : t + 1;
      for (let lag = 0; lag < count; lag++) {
        a[lag] = k[start + lag * inner]!;
        b[lag] = x[start + (reverse ? t + lag : t - lag) * inner]!;
      }
      return count;
    },
  };
}

/** Convolution by FFT: pads, transforms recursively, multiplies, and transforms back. */
export function convolutionByTransform(
  x: Float64Array,
  k: Float64Array,
  { axis, reverse }: CausalConvolutionParams,
  shape: Shape,
  profile: Profile,
  arithmetic: Arithmetic,
): Float64Array {
  const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
  const out = new Float64Array(x.length);
  if (out.length === 0) return out;
  const size = paddedLength(length);
  const roots = rootsOf(size, profile, arithmetic);
  for (let start = 0; start < out.length; start++) {
    if (Math.floor(start / inner) % length !== 0) continue;
    const sequence = (data: Float64Array): Complex[] =>
      Array.from({ length: size }, (_, t) => [t < length ? data[start + t * inner]! : 0, 0]);
    const [fx, fk] = [x, k].map((data) => transformed(sequence(data), roots, arithmetic)) as [Complex[], Complex[]];
    const product = fx.map((value, j) => times(value, reverse ? conjugate(fk[j]!) : fk[j]!, arithmetic));
    // the inverse transform is the conjugate of the transform of the conjugates
    const y = transformed(product.map(conjugate), roots, arithmetic);
    for (let t = 0; t < length; t++) out[start + t * inner] = arithmetic.round(y[t]![0] / size);
  }
  return out;
}

const conjugate = ([re, im]: Complex): Complex => [re, -im];

/** Twiddle factors `e^{−2πij/N}` for j < N/2. Real and imaginary parts have random errors, as large as those of sin and cos may be. */
function rootsOf(size: number, { functions, at }: Profile, { round, random }: Arithmetic): Complex[] {
  const off = (x: number): number => round(x * (1 + (2 * random.uniform() - 1) * (functions.sin.units - 1) * at.sum.u));
  return Array.from({ length: size / 2 }, (_, j): Complex => {
    const [c, s] = rootAt(j / size);
    return [off(c), off(-s)];
  });
}

/** Fourier transform, from the transforms of even and odd positions (Cooley and Tukey). */
function transformed(x: readonly Complex[], roots: readonly Complex[], arithmetic: Arithmetic): Complex[] {
  if (x.length === 1) return [...x];
  const half = (odd: number): Complex[] =>
    transformed(
      x.filter((_, i) => i % 2 === odd),
      roots,
      arithmetic,
    );
  const [even, odd] = [half(0), half(1)];
  const turned = odd.map((value, j) => times(value, roots[(2 * roots.length * j) / x.length]!, arithmetic));
  const { round } = arithmetic;
  const sum = (sign: number): Complex[] =>
    even.map(([re, im], j) => [round(re + sign * turned[j]![0]), round(im + sign * turned[j]![1])]);
  return [...sum(1), ...sum(-1)];
}

function times([a, b]: Complex, [c, d]: Complex, { round, fused }: Arithmetic): Complex {
  const first = (product: number): number => (fused ? product : round(product));
  return [round(first(a * c) - round(b * d)), round(first(a * d) + round(b * c))];
}
