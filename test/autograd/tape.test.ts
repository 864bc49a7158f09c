/** @file Reverse-mode gradients: nesting, trees, pullbacks, jvp, slices, cost, and no work for constants. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tape } from '../../src/autograd/tape.ts';
import { grad, jvp, valueAndGrad, vjp } from '../../src/autograd/vjp.ts';
import { f64, indices, scalar, tensor } from '../../src/executors/f64/index.ts';
import { input, item, read } from '../../src/tensor/input.ts';
import { at, stack } from '../../src/tensor/ops.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { gather } from '../../src/tensor/primitives/gather.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { stopGradient } from '../../src/tensor/primitives/stop-gradient.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { counting } from '../support/counting.ts';
import {
  build,
  type Dense,
  denseOf,
  digit,
  at as numberAt,
  shapesWithAxis,
  toDense,
  toValue,
} from '../support/dense.ts';
import { cases } from '../support/property.ts';

const power = (x: Value, n: number): Value => (n === 1 ? x : mul(x, power(x, n - 1)));
const numbers = (x: Value): number[] => [...read(x)];

describe('nested gradients', () => {
  it('differentiate closures over outer variables, to three nested calls', () => {
    // d/dx d/dy d/dz x² y³ z⁴ = 2x · 3y² · 4z³
    const mixed = grad(
      (x) => grad((y) => grad((z) => mul(power(x, 2), mul(power(y, 3), power(z, 4))), scalar(2)), scalar(3)),
      scalar(5),
    );
    expect(item(mixed)).toBe(2 * 5 * 3 * 9 * 4 * 8);
  });

  it('differentiate to any order', () => {
    const derivative = (f: (x: Value) => Value) => (x: Value) => grad(f, x);
    const fifth = (x: Value): Value => power(x, 5);
    expect(item(derivative(derivative(derivative(fifth)))(scalar(2)))).toBe(5 * 4 * 3 * 4);
  });

  it('keep the values of different calls apart', () => {
    // the inner call differentiates by y alone: d/dx (x · d/dy (x + y)) = d/dx x = 1, not 2
    expect(
      item(
        grad(
          (x) =>
            mul(
              x,
              grad((y) => add(x, y), scalar(1)),
            ),
          scalar(1),
        ),
      ),
    ).toBe(1);
  });

  it('accept the outer variable itself as the inner input', () => {
    // x · d/dx x³ = 3x³; its derivative is 9x²
    expect(
      item(
        grad(
          (x) =>
            mul(
              x,
              grad((y) => power(y, 3), x),
            ),
          scalar(2),
        ),
      ),
    ).toBe(36);
  });

  it('differentiate a pullback with respect to its cotangent, whether vjp ran outside or inside', () => {
    const x = tensor([1, 2, 3]);
    const { pullback } = vjp((y) => mul(y, y), x);
    expect(numbers(grad((ct) => sum(mul(pullback(ct), ct)), tensor([1, 1, 1])))).toEqual([4, 8, 12]);
    expect(numbers(grad((ct) => sum(vjp((y) => mul(y, ct), x).pullback(ct)), tensor([1, 1, 1])))).toEqual([2, 2, 2]);
  });

  it('are zero through stopGradient, at any depth', () => {
    const f = (x: Value): Value => mul(stopGradient(power(x, 2)), x);
    expect(item(grad(f, scalar(3)))).toBe(9);
    expect(item(grad((x) => grad(f, x), scalar(3)))).toBe(0);
  });
});

describe('gradients of trees', () => {
  const parameters = {
    layers: [
      {
        w: tensor([
          [1, 2],
          [3, 4],
        ]),
        bias: tensor([1, 1]),
      },
      {
        w: tensor([
          [1, 0],
          [0, 2],
        ]),
        bias: undefined,
      },
    ],
    scale: scalar(3),
  };
  const f = ({ layers, scale }: typeof parameters): Value => {
    const first = add(einsum('ij,j->i', layers[0]!.w, tensor([1, 10])), layers[0]!.bias!);
    return sum(mul(einsum('ij,j->i', layers[1]!.w, first), reshape(scale, [1])));
  };

  it('have the structure of the inputs, absent fields included', () => {
    const { value, gradient } = valueAndGrad(f, parameters);
    expect(item(value)).toBe(3 * (22 + 2 * 44));
    expect(Object.keys(gradient)).toEqual(['layers', 'scale']);
    expect(numbers(gradient.layers[0]!.w)).toEqual([3, 30, 6, 60]);
    expect(numbers(gradient.layers[0]!.bias!)).toEqual([3, 6]);
    expect(numbers(gradient.layers[1]!.w)).toEqual([66, 132, 66, 132]);
    expect(gradient.layers[1]).toHaveProperty('bias', undefined);
    expect(item(gradient.scale)).toBe(110);
  });

  it('are zero for an input that the result does not depend on', () => {
    const { unused, used } = grad(({ used: x }) => sum(x), { used: tensor([1, 2]), unused: tensor([[1], [2]]) });
    expect([unused.shape, numbers(unused), numbers(used)]).toEqual([
      [2, 1],
      [0, 0],
      [1, 1],
    ]);
    expect(numbers(grad(() => scalar(1), tensor([1, 2])))).toEqual([0, 0]);
  });

  it('match cotangents by path in the tree, not by field order', () => {
    const { value, pullback } = vjp((x) => ({ a: x, b: mul(x, 10) }), scalar(1));
    expect([item(value.a), item(value.b)]).toEqual([1, 10]);
    expect(item(pullback({ b: scalar(0), a: scalar(1) }))).toBe(1);
    expect(item(pullback({ a: scalar(0), b: scalar(1) }))).toBe(10);
  });

  it('count an input that is also a result', () => {
    const { pullback } = vjp((x) => [x, x, mul(x, x)] as const, scalar(3));
    expect(item(pullback([scalar(1), scalar(10), scalar(100)]))).toBe(611);
  });
});

describe('a pullback', () => {
  it('can be called again, with other cotangents and after later computations', () => {
    const x = tensor([1, 2, 3]);
    const { pullback } = vjp((y) => mul(slice(y, 0, 0, 2), slice(y, 0, 1, 3)), x);
    const first = numbers(pullback(tensor([1, 0])));
    mul(x, x);
    expect(numbers(pullback(tensor([0, 1])))).toEqual([0, 3, 2]);
    expect(numbers(pullback(tensor([1, 0])))).toEqual(first);
    expect(first).toEqual([2, 1, 0]);
  });

  it('is linear', () => {
    const { pullback } = vjp((y) => power(y, 3), tensor([1, 2]));
    const [a, b] = [tensor([1, -2]), tensor([5, 7])];
    expect(numbers(pullback(add(a, b)))).toEqual(numbers(add(pullback(a), pullback(b))));
  });
});

describe('a tape', () => {
  it('returns the cotangents of intermediate results, summed over their slices', () => {
    const on = tape(f64 as Executor);
    const x = on.watch(tensor([1, 2]));
    const unused = on.watch(tensor([5]));
    const square = mul(x, x);
    const last = slice(square, 0, 1, 2);
    const seed = tensor([10]);
    const wanted = [square, x, last, unused, tensor([1])];
    const found = on.backward([[last, seed]], wanted).map((ct) => (ct === null ? null : [...read(ct)]));
    expect(found).toEqual([[0, 10], [0, 40], [10], null, null]);
  });
});

describe('jvp', () => {
  it('is the directional derivative, with trees as input and output', () => {
    const f = ({ x, y }: { x: Value; y: Value }) => ({ product: mul(x, y), square: power(x, 2) });
    const { product, square } = jvp(f, { x: scalar(3), y: scalar(5) }, { y: scalar(10), x: scalar(1) });
    expect([item(product), item(square)]).toEqual([5 + 30, 6]);
  });

  it('nests in gradients', () => {
    // d/dx (d/dy y³ at x, along x) = d/dx 3x³
    expect(item(grad((x) => jvp((y) => power(y, 3), x, x), scalar(2)))).toBe(36);
  });
});

describe('slices of one value', () => {
  /** A value, some of its slices (overlapping or with gaps), and a cotangent for each slice. */
  const uses = shapesWithAxis().chain(({ shape }) =>
    fc.record({
      x: denseOf(shape, digit),
      parts: fc.array(
        fc.nat({ max: shape.length - 1 }).chain((axis) =>
          fc.tuple(fc.nat({ max: shape[axis]! }), fc.nat({ max: shape[axis]! })).chain(([a, b]) => {
            const [start, stop] = [Math.min(a, b), Math.max(a, b)];
            const cut = shape.map((length, i) => (i === axis ? stop - start : length));
            return fc.record({
              axis: fc.constant(axis),
              start: fc.constant(start),
              stop: fc.constant(stop),
              ct: denseOf(cut, digit),
            });
          }),
        ),
        { maxLength: 6 },
      ),
      whole: fc.option(denseOf(shape, digit), { nil: undefined }),
    }),
  );
  type Drawn = typeof uses extends fc.Arbitrary<infer T> ? T : never;

  const expected = ({ x, parts, whole }: Drawn): Dense =>
    build(x.shape, (i) => {
      let total = whole === undefined ? 0 : numberAt(whole, i);
      for (const { axis, start, stop, ct } of parts) {
        const inside = i[axis]! - start;
        if (i[axis]! >= start && i[axis]! < stop)
          total += numberAt(
            ct,
            i.map((p, a) => (a === axis ? inside : p)),
          );
      }
      return total;
    });

  it('add their cotangents where they overlap, and leave zeros in gaps', () => {
    fc.assert(
      fc.property(uses, (use) => {
        const cut = (y: Value): Value[] => [
          ...use.parts.map(({ axis, start, stop }) => slice(y, axis, start, stop)),
          ...(use.whole === undefined ? [] : [mul(y, 1)]),
        ];
        const cts = [...use.parts.map(({ ct }) => ct), ...(use.whole === undefined ? [] : [use.whole])].map(toValue);
        expect(toDense(vjp(cut, toValue(use.x)).pullback(cts))).toEqual(expected(use));
      }),
      cases(300),
    );
  });

  it('have second derivatives', () => {
    // f = Σ_t x_t² x_{t+1}: the gradient of the sum of the gradient gives the row sums of the Hessian
    const f = (x: Value): Value => {
      const [early, late] = [slice(x, 0, 0, 3), slice(x, 0, 1, 4)];
      return sum(mul(mul(early, early), late));
    };
    const rows = grad((x) => sum(grad(f, x)), tensor([1, 2, 3, 4]));
    expect(numbers(rows)).toEqual([2 * 2 + 2 * 1, 2 * 3 + 2 * 2 + 2 * 1, 2 * 4 + 2 * 3 + 2 * 2, 2 * 3]);
  });
});

describe('a recurrence over T steps', () => {
  /** The cost of a forward and a backward pass over T steps: slices in, one stack at the end. */
  function work(steps: number, order: 1 | 2) {
    const { on, work } = counting();
    const xs = input(on, new Float64Array(steps * 3).fill(0.5), [steps, 3]);
    const scan = (x: Value): Value => {
      let state = input(on, new Float64Array(3), [3]);
      const states: Value[] = [];
      for (let t = 0; t < steps; t++) {
        state = add(mul(state, 0.5), mul(at(x, 0, t), at(x, 0, t)));
        states.push(state);
      }
      return sum(mul(stack(states, 0), x));
    };
    if (order === 1) grad(scan, xs);
    else grad((x) => sum(grad(scan, x)), xs);
    return work;
  }

  it.each([1, 2] as const)('costs O(T) primitives and O(T) numbers, to derivative %i', (order) => {
    const [a, b, c] = [work(20, order), work(40, order), work(60, order)];
    // equal increments of T add equal amounts of work
    expect(c.primitives - b.primitives).toBe(b.primitives - a.primitives);
    expect(c.numbers - b.numbers).toBe(b.numbers - a.numbers);
    expect(b.numbers).toBeGreaterThan(a.numbers);
  });

  it('of ten thousand steps does not exhaust the stack', () => {
    const x = tensor([1]);
    let steps = 0;
    const gradient = grad((y) => {
      let state = y;
      for (; steps < 10_000; steps++) state = add(state, y);
      return sum(state);
    }, x);
    expect(numbers(gradient)).toEqual([10_001]);
  });
});

describe('cotangents are computed only where needed', () => {
  it('constant operands add no work', () => {
    const { on, work } = counting();
    const [x, w] = [input(on, [1, 2], [2]), input(on, [3, 4], [2])];
    const { pullback } = vjp((y) => mul(y, w), x);
    const before = work.primitives;
    pullback(input(on, [1, 1], [2]));
    expect(work.primitives - before).toBe(1);
  });

  it('index operands get none', () => {
    const rows = indices([2, 0, 2]);
    expect(numbers(grad((table) => sum(mul(gather(table, rows), tensor([1, 10, 100]))), tensor([5, 6, 7])))).toEqual([
      10, 0, 101,
    ]);
  });

  it('concat of watched and constant values passes cotangents to the watched values only', () => {
    const x = tensor([1, 2]);
    const joined = grad((y) => sum(mul(concat([tensor([9]), y, tensor([9]), y], 0), tensor([1, 2, 3, 4, 5, 6]))), x);
    expect(numbers(joined)).toEqual([2 + 5, 3 + 6]);
  });
});
