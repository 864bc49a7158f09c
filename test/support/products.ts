/** @file Products that are large enough for WebAssembly, to compare engines. */
import { f32 } from '../../src/executors/f32/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';

/** A product of drawn n × n matrices (by no function that engines compute in their own way), with the second one transposed. */
function product(on: Executor, n: number): Value {
  const random = rng(n);
  const [x, y] = [0, 1].map(() =>
    input(
      on,
      Float64Array.from({ length: n * n }, () => random.uniform() - 0.5),
      [n, n],
    ),
  );
  return einsum('ij,kj->ik', x!, y!);
}

/** The numbers of a product in both precisions. */
export const products = (n: number): number[][] => [f64, f32].map((on) => [...read(product(on as Executor, n))]);
