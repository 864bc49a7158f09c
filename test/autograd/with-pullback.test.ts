/** @file A function with a backward pass of its own. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { withPullback } from '../../src/autograd/with-pullback.ts';
import { scalar } from '../../src/executors/f64/index.ts';
import { item } from '../../src/tensor/input.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
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
