/** @file Compares the time of square matrix products in double precision with that of three plain loops. */
import { f64 } from '../src/executors/f64/index.ts';
import { input } from '../src/tensor/input.ts';
import { einsum } from '../src/tensor/primitives/einsum.ts';
import { rng } from '../src/tensor/random.ts';
import { measure, type Trial } from './measure.ts';

/** Computes a matrix product by three loops, with the innermost along rows. */
function tripleLoop(x: Float64Array, y: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let k = 0; k < n; k++) total += x[i * n + k]! * y[k * n + j]!;
      out[i * n + j] = total;
    }
  }
  return out;
}

/** Times the product of square matrices by densessm and by three loops. */
export async function matmul(): Promise<void> {
  for (const n of [128, 256, 512, 1024]) {
    const random = rng(n);
    const [a, b] = [0, 1].map(() => Float64Array.from({ length: n * n }, random.normal)) as [
      Float64Array,
      Float64Array,
    ];
    const [x, y] = [input(f64, a, [n, n]), input(f64, b, [n, n])];
    const flops = 2 * n ** 3;
    const goal = n === 512 ? { goal: { flopsPerSecond: 3e9 } } : {};
    const trials: Trial[] = [
      { name: `einsum ij,jk->ik, n = ${n}`, flops, run: () => einsum('ij,jk->ik', x, y), ...goal },
      { name: `einsum ij,kj->ik, n = ${n}`, flops, run: () => einsum('ij,kj->ik', x, y) },
    ];
    // at 1024, ten runs take half a minute
    if (n < 1024) trials.push({ name: `three loops, n = ${n}`, flops, run: () => tripleLoop(a, b, n) });
    await measure(`matrix product, n = ${n}`, trials);
  }
}
