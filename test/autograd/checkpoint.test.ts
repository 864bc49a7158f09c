/** @file Gradient checkpointing changes no value or gradient, and saves memory. */
import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../src/autograd/check-gradient.ts';
import { checkpoint } from '../../src/autograd/checkpoint.ts';
import type { Tape } from '../../src/autograd/tape.ts';
import { grad, jvp, vjp } from '../../src/autograd/vjp.ts';
import { scalar, tensor } from '../../src/executors/f64/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Value } from '../../src/tensor/value.ts';
import { counting } from '../support/counting.ts';

type Layer = { readonly x: Value; readonly w: Value };

/** A layer of several steps with two results. On small integers every sum is exact in any order. */
function layer({ x, w }: Layer): { h: Value; norm: Value } {
  const h = einsum('ij,j->i', w, x);
  const squares = mul(h, h);
  return { h: einsum('ij,j->i', w, add(squares, h)), norm: sum(mul(squares, h)) };
}
type Run = (f: typeof layer, inputs: Layer) => ReturnType<typeof layer>;
const plain: Run = (f, inputs) => f(inputs);

/** Two layers in sequence, each called through `run`. */
function network(run: Run): (inputs: Layer) => Value {
  return ({ x, w }) => {
    const first = run(layer, { x, w });
    const second = run(layer, { x: first.h, w });
    return mul(sum(mul(second.h, first.h)), second.norm);
  };
}

const point: Layer = {
  x: tensor([1, -2]),
  w: tensor([
    [1, 2],
    [-1, 1],
  ]),
};
const numbers = ({ x, w }: Layer): number[] => [...read(x), ...read(w)];

describe('checkpoint', () => {
  it('changes neither values nor gradients, bit for bit', () => {
    expect(read(network(checkpoint)(point))).toEqual(read(network(plain)(point)));
    expect(numbers(grad(network(checkpoint), point))).toEqual(numbers(grad(network(plain), point)));
  });

  it('changes no second derivatives, and these are the derivatives of the first', () => {
    const second = (run: Run) => (inputs: Layer) => {
      const { x, w } = grad(network(run), inputs);
      return add(sum(mul(x, tensor([1, 3]))), sum(w));
    };
    expect(numbers(grad(second(checkpoint), point))).toEqual(numbers(grad(second(plain), point)));
    expect(checkGradient((inputs: Layer) => grad(network(checkpoint), inputs), point)).toMatchObject({ ok: true });
  });

  it('changes no directional derivatives', () => {
    const direction = {
      x: tensor([1, 2]),
      w: tensor([
        [1, 0],
        [3, -1],
      ]),
    };
    expect(read(jvp(network(checkpoint), point, direction))).toEqual(read(jvp(network(plain), point, direction)));
  });

  it('stores only its inputs and results, and recomputes the rest', () => {
    const stepsOf = (run: Run): number => {
      let steps = 0;
      grad((inputs: Layer) => {
        const out = network(run)(inputs);
        steps = (out.on as Tape).remembered();
        return out;
      }, point);
      return steps;
    };
    const workOf = (run: Run): number => {
      const { on, work } = counting();
      const moved = { x: input(on, read(point.x), [2]), w: input(on, read(point.w), [2, 2]) };
      grad(network(run), moved);
      return work.primitives;
    };
    const steps = 6;
    // the tape stores one call and two results per layer instead of every step
    expect(stepsOf(plain) - stepsOf(checkpoint)).toBe(2 * (steps - 3));
    expect(workOf(checkpoint) - workOf(plain)).toBeGreaterThanOrEqual(2 * steps);
  });

  it('does nothing outside gradient calls', () => {
    const { on, work } = counting();
    const x = input(on, [1, 2], [2]);
    expect(checkpoint((y) => mul(y, y), x).on).toBe(on);
    expect(work.primitives).toBe(1);
  });

  it('may close over variables of outer gradient calls, and differentiates them', () => {
    // d/dx d/dy (x y²) at (3, 5) = 2y
    const mixed = grad((x) => grad((y) => checkpoint((z) => mul(x, mul(z, z)), y), scalar(5)), scalar(3));
    expect(read(mixed)).toEqual(Float64Array.of(10));
  });

  it('treats the cotangents of unused results as zero', () => {
    const used = grad((x) => checkpoint((y) => ({ a: mul(y, y), b: mul(y, 7) }), x).b, scalar(3));
    expect(read(used)).toEqual(Float64Array.of(7));
    const { pullback } = vjp((x) => {
      checkpoint((y) => mul(y, y), x);
      return mul(x, 2);
    }, scalar(3));
    expect(read(pullback(scalar(1)))).toEqual(Float64Array.of(2));
  });

  it.each([
    ['the same call', () => grad((x) => checkpoint((y) => mul(y, x), x), scalar(2))],
    // recomputed as a constant, y would silently lose its gradient
    ['an inner call', () => grad((x) => grad((y) => checkpoint((z) => mul(z, y), x), scalar(2)), scalar(3))],
  ])('refuses a function that closes over a variable of %s', (_, call) => {
    expect(call).toThrow(
      'checkpoint: the function closes over a differentiated value; pass every such value in as an input',
    );
  });
});
