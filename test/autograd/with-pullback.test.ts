/** @file A function with a backward pass of its own. */
import { describe, expect, it } from 'vitest';
import { grad, vjp } from '../../src/autograd/vjp.ts';
import { withGradient, withPullback } from '../../src/autograd/with-pullback.ts';
import { indices, scalar, tensor } from '../../src/executors/f64/index.ts';
import { item, read } from '../../src/tensor/input.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Value } from '../../src/tensor/value.ts';

type Pair = { readonly x: Value; readonly y: Value };

/** The product, with a backward pass that reads the result: dx = ct · p · y and dy = ct · p · x, the gradient of p² / 2. */
const product = (xs: Pair): { p: Value } =>
  withPullback(
    {
      call: 'product',
      f: ({ x, y }: Pair) => ({ p: mul(x, y) }),
      pullback: ({ x, y }, { p }, ct) => ({ x: mul(mul(ct.p, p), y), y: mul(mul(ct.p, p), x) }),
    },
    xs,
  );

describe('withPullback', () => {
  it('runs the given backward pass, with inputs, results and cotangents', () => {
    const { value, pullback } = vjp(product, { x: scalar(2), y: scalar(3) });
    const { x, y } = pullback({ p: scalar(10) });
    expect([item(value.p), item(x), item(y)]).toEqual([6, 180, 120]);
  });

  it('differentiates the backward pass', () => {
    // dx = p y, so d(dx)/dy = p + y dp/dy, where the given backward pass has dp/dy = p x
    const slope = (y: Value): Value => vjp((x: Value) => product({ x, y }).p, scalar(2)).pullback(scalar(1));
    expect(item(vjp(slope, scalar(3)).pullback(scalar(1)))).toBe(6 + 3 * 12);
  });

  it('runs the function alone outside of gradient calls', () => {
    expect(item(product({ x: scalar(2), y: scalar(3) }).p)).toBe(6);
  });
});

describe('withGradient', () => {
  /** The sum of squares, whose gradient is said to be seven times the cotangent. */
  const seven = withGradient(
    (x: Value) => mul(x, x),
    (x, y, ct) => {
      expect(read(y)).toEqual(read(mul(x, x)));
      return scale(ct, 7);
    },
  );

  it('computes the function, and gradients by the given pass, of higher order too', () => {
    const x = tensor([1, 2]);
    expect(read(seven(x))).toEqual(Float64Array.of(1, 4));
    expect(read(grad((v) => sum(mul(seven(v), v)), x))).toEqual(Float64Array.of(1 + 7, 4 + 14));
    expect(read(grad((v) => sum(grad((w) => sum(seven(mul(w, w))), v)), x))).toEqual(Float64Array.of(14, 14));
  });

  it('refuses at once what is no function', () => {
    const f = (x: Value): Value => x;
    expect(() => withGradient(3 as never, f)).toThrow(
      'withGradient: f is 3, not a function; write withGradient(f, backward)',
    );
    expect(() => withGradient(f, undefined as never)).toThrow('withGradient: backward is undefined, not a function');
  });

  it.each<[string, () => Value, string]>([
    ['a list', () => [tensor([1, 2])] as never, 'withGradient: backward returns no cotangent for the input'],
    ['another shape', () => tensor([1]), 'withGradient: the cotangent for the input has shape [1], not [2]'],
    [
      'indices',
      () => indices([1, 2]),
      'withGradient: the cotangent for the input is of kind index; return real values',
    ],
    ['nothing', () => undefined as never, 'tree: the root is undefined'],
  ])('refuses %s as the cotangent', (_, backward, message) => {
    const f = withGradient((x: Value) => x, backward);
    expect(() => grad((x) => sum(f(x)), tensor([1, 2]))).toThrow(message);
  });
});
