/** @file Computes causal convolutions, directly or by fast Fourier transform (FFT). */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { type Numbers, zerosLike } from './allocate.ts';
import { fourierTable, transform } from './fft.ts';
import { around } from './movement.ts';

/** `y_t = Σ_{s≤t} k_{t−s} x_s` along an axis; in reverse, `y_t = Σ_{s≥t} k_{s−t} x_s`. */
export function causalConvolution<A extends Numbers>(
  x: A,
  k: A,
  { axis, reverse, method }: CausalConvolutionParams,
  shape: Shape,
): A {
  const out = zerosLike(x, sizeOf(shape));
  if (out.length === 0) return out;
  const length = shape[axis]!;
  const { outer, inner } = around(shape, axis);
  const along = method === 'fft' ? byTransform : direct;
  for (let o = 0; o < outer; o++) along(x, k, out, { start: o * length * inner, length, inner, reverse });
  return out;
}

/** Interleaved sequences: token t of channel i is at `start + t · inner + i`. */
interface Channels {
  readonly start: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
}

function direct(x: Numbers, k: Numbers, out: Numbers, { start, length, inner, reverse }: Channels): void {
  for (let t = 0; t < length; t++) {
    const to = start + t * inner;
    const [first, stop] = reverse ? [t, length] : [0, t + 1];
    for (let s = first; s < stop; s++) {
      const from = start + s * inner;
      const weight = start + Math.abs(t - s) * inner;
      for (let i = 0; i < inner; i++) out[to + i]! += k[weight + i]! * x[from + i]!;
    }
  }
}

/** Convolution by FFT. Pads with zeros to at least twice the length, so that nothing wraps around. In reverse, conjugates k's transform. */
function byTransform(x: Numbers, k: Numbers, out: Numbers, { start, length, inner, reverse }: Channels): void {
  const table = fourierTable(paddedLength(length));
  const { size } = table;
  const sequence = (data: Numbers, i: number): [Float64Array, Float64Array] => {
    const [re, im] = [new Float64Array(size), new Float64Array(size)];
    for (let t = 0; t < length; t++) re[t] = data[start + t * inner + i]!;
    transform(re, im, table);
    return [re, im];
  };
  for (let i = 0; i < inner; i++) {
    const [re, im] = sequence(x, i);
    const [kr, ki] = sequence(k, i);
    for (let j = 0; j < size; j++) {
      const [a, b, c, d] = [re[j]!, im[j]!, kr[j]!, reverse ? -ki[j]! : ki[j]!];
      re[j] = a * c - b * d;
      im[j] = a * d + b * c;
    }
    transform(im, re, table);
    for (let t = 0; t < length; t++) out[start + t * inner + i] = re[t]! / size;
  }
}

/** The length to which the FFT pads sequences: the least power of two that is at least twice their length. */
export const paddedLength = (length: number): number => 2 ** Math.ceil(Math.log2(2 * length));
