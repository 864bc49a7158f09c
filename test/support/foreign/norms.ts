/** @file Foreign kernels of the root-mean-square norm. */
import type { Arithmetic } from './arithmetic.ts';
import { cotangent, type Kernel, need } from './program.ts';
import type { Dot } from './sums.ts';

/** How a norm is computed. */
export interface Norm {
  /** The mean of squares: a sum divided, a running mean, or a sum of numbers scaled by the largest. */
  readonly mean: 'sum' | 'running' | 'scaled';
  readonly root: 'rsqrt' | 'quotient';
  /** dx = r (g − x̂ mean(g x̂)), or r g − x r³ mean(g x). */
  readonly backward: 'normed' | 'cubed';
  readonly dot: Dot;
}

function meanSquare(a: Arithmetic, { mean, dot }: Norm, x: Float64Array): number {
  if (mean === 'sum')
    return a.div(
      dot(
        a,
        x.length,
        (c) => x[c]!,
        (c) => x[c]!,
        0,
      ),
      x.length,
    );
  if (mean === 'running') {
    return x.reduce((so, value, c) => a.add(so, a.div(a.sub(a.mul(value, value), so), c + 1)), 0);
  }
  const largest = Math.max(...x.map(Math.abs));
  if (largest === 0) return 0;
  // a power of two, so that scaling is exact
  const unit = 2 ** Math.floor(Math.log2(largest));
  const scaled = x.map((value) => value / unit);
  return a.mul(
    a.mul(
      a.div(
        dot(
          a,
          x.length,
          (c) => scaled[c]!,
          (c) => scaled[c]!,
          0,
        ),
        x.length,
      ),
      unit,
    ),
    unit,
  );
}

/** Makes the kernel of a norm. */
export const normKernel =
  (norm: Norm): Kernel =>
  (call, a) => {
    const [x, weight] = [need(call, 'x'), need(call, 'weight').data];
    const w = weight.length;
    const dOutput = cotangent(call, 'output');
    const epsilon = a.constant(call.settings.epsilon as number);
    const [output, dx, dWeight] = [
      new Float64Array(x.data.length),
      new Float64Array(x.data.length),
      new Float64Array(w),
    ];
    for (let from = 0; from < x.data.length; from += w) {
      const own = x.data.slice(from, from + w);
      const square = a.add(meanSquare(a, norm, own), epsilon);
      const root = norm.root === 'rsqrt' ? a.rsqrt(square) : a.div(1, a.sqrt(square));
      const normed = own.map((value) => a.mul(value, root));
      const g = own.map((_, c) => a.mul(dOutput[from + c]!, weight[c]!));
      const mean = (y: Float64Array): number =>
        a.div(
          norm.dot(
            a,
            w,
            (c) => g[c]!,
            (c) => y[c]!,
            0,
          ),
          w,
        );
      const [ofNormed, ofOwn] = [mean(normed), mean(own)];
      // one root at a time, as a cube of the root underflows from 1e13 on
      const cubed = a.mul(a.mul(a.mul(ofOwn, root), root), root);
      normed.forEach((value, c) => {
        output[from + c] = a.mul(value, weight[c]!);
        dWeight[c] = a.fma(dOutput[from + c]!, value, dWeight[c]!);
        dx[from + c] =
          norm.backward === 'normed'
            ? a.mul(root, a.fma(-value, ofNormed, g[c]!))
            : a.sub(a.mul(root, g[c]!), a.mul(own[c]!, cubed));
      });
    }
    return { 'out/output': output.map(a.out), 'grad/x': dx.map(a.out), 'grad/weight': dWeight.map(a.out) };
  };
