/** @file Times operations on a few numbers, where overhead dominates. */
import { grad } from '../src/autograd/vjp.ts';
import { f64, tensor } from '../src/executors/f64/index.ts';
import { input } from '../src/tensor/input.ts';
import { add } from '../src/tensor/primitives/add.ts';
import { einsum } from '../src/tensor/primitives/einsum.ts';
import { exp } from '../src/tensor/primitives/exp.ts';
import { mul } from '../src/tensor/primitives/mul.ts';
import { sigmoid } from '../src/tensor/primitives/sigmoid.ts';
import { sum } from '../src/tensor/primitives/sum.ts';
import { rng } from '../src/tensor/random.ts';
import type { Value } from '../src/tensor/value.ts';
import { measure } from './measure.ts';

const random = rng(1);
const values = (...shape: number[]): Value => {
  const size = shape.reduce((product, length) => product * length, 1);
  return input(f64, Float64Array.from({ length: size }, random.normal), shape);
};

/** Prints the time per call of each operation. */
export async function smallOperations(): Promise<void> {
  const [x, y] = [values(8), values(8)];
  const constant = tensor([1, 0.5, 2, 0.25, 1, 1, 0.5, 1]);
  const plain = [
    Float64Array.from({ length: 8 }, random.normal),
    Float64Array.from({ length: 8 }, random.normal),
  ] as const;

  const chain = (z: Value): Value => {
    let out = z;
    for (let i = 0; i < 5; i++) out = add(mul(out, constant), constant);
    return sum(out);
  };
  const mixed = (z: Value): Value => {
    let out = z;
    for (let i = 0; i < 5; i++) out = sigmoid(mul(out, z));
    return sum(out);
  };
  const [rows, matrices, matrix] = [values(8, 32), values(8, 32, 32), values(32, 32)];
  const [three, state] = [values(4, 16), values(4, 16, 16)];

  await measure('operations on 8 numbers', [
    { name: 'plain loop, without values', run: () => plain[0].map((number, i) => number + plain[1][i]!) },
    { name: 'add8', run: () => add(x, y), goal: { seconds: 1e-6 } },
    { name: 'exp8', run: () => exp(x) },
    { name: 'chain10, add and mul', run: () => grad(chain, x), goal: { seconds: 20e-6 } },
    { name: 'chain10, sigmoid and mul', run: () => grad(mixed, x), goal: { seconds: 20e-6 } },
  ]);
  await measure('small einsum', [
    { name: 'i,i->', run: () => einsum('i,i->', x, y), goal: { seconds: 1e-6 } },
    { name: 'bd,bde->be, b 8, d = e 32', flops: 2 * 8 * 32 * 32, run: () => einsum('bd,bde->be', rows, matrices) },
    { name: 'bd,de->be, b 8, d = e 32', flops: 2 * 8 * 32 * 32, run: () => einsum('bd,de->be', rows, matrix) },
    {
      name: 'hd,he,hde->h, h 4, d = e 16',
      flops: 3 * 4 * 16 * 16,
      run: () => einsum('hd,he,hde->h', three, three, state),
    },
  ]);
}
