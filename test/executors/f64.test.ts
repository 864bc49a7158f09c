/** @file The f64 executor: accurate functions, NaN, empty sums, immutable values. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { f64, scalar, tensor } from '../../src/executors/f64/index.ts';
import { indexInput, input, item, read } from '../../src/tensor/input.ts';
import { constantLike, filledLike, zerosLike } from '../../src/tensor/operand.ts';
import { abs } from '../../src/tensor/primitives/abs.ts';
import { broadcast } from '../../src/tensor/primitives/broadcast.ts';
import { erf } from '../../src/tensor/primitives/erf.ts';
import { maxReduce } from '../../src/tensor/primitives/max-reduce.ts';
import { maximum } from '../../src/tensor/primitives/maximum.ts';
import { minimum } from '../../src/tensor/primitives/minimum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { select } from '../../src/tensor/primitives/select.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import { sign } from '../../src/tensor/primitives/sign.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';

const of = (...numbers: number[]): Float64Array => Float64Array.from(numbers);
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe('the f64 executor', () => {
  it('computes sigmoid without overflow, and accurately near 0', () => {
    expect(read(sigmoid(tensor([-inf, -800, 0, 800, inf, nan])))).toEqual(of(0, 0, 0.5, 1, 1, nan));
    expect(item(sigmoid(scalar(-700)))).toBe(Math.exp(-700));
    expect(item(sigmoid(scalar(-40)))).toBeCloseTo(Math.exp(-40), 30);
  });

  it.each([
    // Abramowitz and Stegun, table 7.1, and the limits of the function
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [1.19, 0.907608285971685],
    [1.21, 0.9129555079726694],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5.999, 1],
    [6, 1],
    [30, 1],
    [inf, 1],
    [1e-300, 1.1283791670955126e-300],
  ])('computes erf(±%d)', (x, expected) => {
    const [plus, minus] = read(erf(tensor([x, -x])));
    expect(Math.abs(plus! - expected)).toBeLessThanOrEqual(3 * 2 ** -53 * expected);
    expect(minus).toBe(-plus!);
  });

  it('propagates NaN through comparisons; select blocks NaN', () => {
    const x = tensor([nan, 1]);
    expect(read(maximum(x, 0))).toEqual(of(nan, 1));
    expect(read(minimum(x, 0))).toEqual(of(nan, 0));
    expect(read(maxReduce(x, 0))).toEqual(of(nan));
    expect(read(erf(x))).toEqual(of(nan, item(erf(scalar(1)))));
    expect(read(abs(tensor([-0, -inf])))).toEqual(of(0, inf));
    expect(read(sign(tensor([-0, -inf, nan])))).toEqual(of(-0, -1, nan));
    expect(read(select(tensor([0, 1]), tensor([nan, 2]), 5))).toEqual(of(5, 2));
    expect(read(select(tensor([0, 1]), 5, tensor([2, inf])))).toEqual(of(2, 5));
    // a product with a mask gives NaN
    expect(read(mul(tensor([0, 1]), tensor([nan, 2])))).toEqual(of(nan, 2));
  });

  it('gives 0 for an empty sum', () => {
    expect(item(sum(reshape(tensor([]), [0, 3])))).toBe(0);
    expect(read(sum(reshape(tensor([]), [0, 3]), [0]))).toEqual(of(0, 0, 0));
  });
});

describe('values do not change', () => {
  it('when the array that they came from changes', () => {
    const data = of(1, 2, 3, 4);
    const shape = [2, 2];
    const index = [0, 1];
    const x = input(f64, data, shape);
    const c = constantLike(x, data, shape);
    const i = indexInput(f64, index, [2]);
    const filled = filledLike(x, 7, shape);
    const zeros = zerosLike(x, shape);
    const nested = [
      [1, 2],
      [3, 4],
    ];
    const y = tensor(nested);
    data.fill(9);
    shape[0] = 4;
    index.fill(9);
    nested[0]![0] = 9;
    for (const value of [x, y, c]) {
      expect(value.shape).toEqual([2, 2]);
      expect(read(value)).toEqual(of(1, 2, 3, 4));
    }
    expect(read(i)).toEqual(of(0, 1));
    expect([filled.shape, zeros.shape]).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  it('when a shape or order argument changes, and their gradients do not either', () => {
    const shape = [2, 3];
    const order = [1, 0];
    const x = tensor([1, 2, 3, 4, 5, 6]);
    const reshaped = reshape(x, shape);
    const repeated = broadcast(scalar(1), shape);
    const { pullback } = vjp((y) => transpose(reshape(y, shape), order), x);
    shape.reverse();
    order.reverse();
    expect([reshaped.shape, repeated.shape]).toEqual([
      [2, 3],
      [2, 3],
    ]);
    const back = pullback(
      tensor([
        [1, 4],
        [2, 5],
        [3, 6],
      ]),
    );
    expect(read(back)).toEqual(of(1, 2, 3, 4, 5, 6));
  });

  it('when a copy that read returned changes', () => {
    const x = tensor([1, 2]);
    read(x).fill(9);
    expect(read(x)).toEqual(of(1, 2));
  });

  it('when a caller changes the copy of a value that shares the same numbers', () => {
    const x = tensor([1, 2, 3, 4]);
    read(reshape(x, [2, 2])).fill(9);
    expect(read(x)).toEqual(of(1, 2, 3, 4));
  });
});
