/** @file State space models on numerically hard inputs: decays at 0 and 1, tiny and huge steps, long sequences. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { f64, tensor } from '../../../src/executors/f64/index.ts';
import type { Complex } from '../../../src/nn/ssm/complex.ts';
import { complexPhi1 } from '../../../src/nn/ssm/complex.ts';
import { convolutionSsm } from '../../../src/nn/ssm/convolution.ts';
import { type ContinuousModel, type DiscretisationRule, discretise } from '../../../src/nn/ssm/discretise.ts';
import type { StateValue } from '../../../src/nn/ssm/form.ts';
import { emptySsmState } from '../../../src/nn/ssm/inputs.ts';
import { matrixExponential } from '../../../src/nn/ssm/matrix-exponential.ts';
import { type SsmMode, ssmIn } from '../../../src/nn/ssm/modes.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { isRight, within } from '../../../src/oracle/compare.ts';
import { diagonalSsm } from '../../../src/oracle/operators/diagonal-ssm/operator.ts';
import { allowance, boundsOf, numbersOf } from '../../../src/oracle/tolerance.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { rng } from '../../../src/tensor/random.ts';
import { type Shape, sizeOf } from '../../../src/tensor/shape.ts';
import { leavesOf, mapTree, type Tree } from '../../../src/tensor/tree.ts';
import type { Executor, Value } from '../../../src/tensor/value.ts';
import { expectSameInDoubleDouble } from '../../support/double-double/same.ts';

const modes: readonly SsmMode[] = [
  { name: 'recurrent' },
  { name: 'scan' },
  { name: 'logStep' },
  { name: 'direct' },
  { name: 'fft' },
  { name: 'chunkwise', chunkSize: 7 },
];
const rules: readonly DiscretisationRule[] = ['zeroOrderHold', 'bilinear', 'euler'];

const drawn = (shape: Shape, seed: number, on: Executor = f64): Value =>
  input(on, Float64Array.from({ length: sizeOf(shape) }, rng(seed).normal), shape);

const allFinite = (tree: Tree): boolean => leavesOf(tree).every((x) => read(x).every(Number.isFinite));

/** Returns whether a function is finite, and whether its gradient for a cotangent of ones is. */
function finiteBothWays<X extends Tree>(f: (xs: X) => Tree, xs: X): [boolean, boolean] {
  const { value, pullback } = vjp(f, xs);
  const ones = mapTree(value, (y) => input(f64, new Float64Array(sizeOf(y.shape)).fill(1), y.shape));
  return [allFinite(value), allFinite(pullback(ones))];
}

describe('decays at 0 and at 1', () => {
  const decays = tensor([
    [0, 1, 0.5],
    [1e-300, 1 - 2 ** -52, -1],
  ]);
  it.each(modes)('$name is finite, and so are the gradients', (mode) => {
    const model = { x: drawn([2, 19, 2], 1), a: decays, b: drawn([2, 3], 2), c: drawn([2, 3], 3) };
    const run = ({ state, ...inputs }: typeof model & { state: Value }) => ({ ...ssmIn(mode)(inputs, state) });
    expect(finiteBothWays(run, { ...model, state: drawn([2, 2, 3], 4) })).toEqual([true, true]);
  });

  it.each(modes)('$name agrees with double-double', (mode) => {
    const run = ({ state, ...inputs }: { x: Value; a: Value; b: Value; c: Value; state: Value }) => ({
      ...ssmIn(mode)(inputs, state),
    });
    expectSameInDoubleDouble(run, (on) => ({
      ...{ x: drawn([2, 19, 2], 1, on), a: input(on, read(decays), decays.shape) },
      ...{ b: drawn([2, 3], 2, on), c: drawn([2, 3], 3, on), state: drawn([2, 2, 3], 4, on) },
    }));
  });

  it.each(modes.filter(({ name }) => name !== 'scan'))(
    '$name is finite with complex decays of modulus 0 and 1',
    (mode) => {
      const a: Complex = { re: tensor([[0, 0.6, 1]]), im: tensor([[0, 0.8, 0]]) };
      const pair = (shape: Shape, seed: number): Complex => ({ re: drawn(shape, seed), im: drawn(shape, seed + 1) });
      const model = { x: drawn([2, 19, 1], 1), a, b: pair([1, 3], 2), c: pair([1, 3], 4), state: pair([2, 1, 3], 6) };
      const run = ({ state, ...inputs }: typeof model) => ({ ...ssmIn(mode)(inputs, state) });
      expect(finiteBothWays(run, model)).toEqual([true, true]);
    },
  );
});

describe('discretisation', () => {
  const finite = <S extends StateValue>(rule: DiscretisationRule, model: ContinuousModel<S>): [boolean, boolean] =>
    finiteBothWays(
      (xs: ContinuousModel<S>) => ({ ...discretise(rule, xs) }) as Tree,
      model as ContinuousModel<S> & Tree,
    );

  it.each(rules)('by %s is finite for Δ|A| from 0 to 10⁴, and so are the gradients', (rule) => {
    const sizes = [0, 1e-300, 1e-160, 1e-9, 1e-3, 1, 30, 1e4];
    const rates = tensor([sizes.map((x) => -x)]);
    const turns = tensor([sizes]);
    const b = drawn([1, sizes.length], 1);
    const delta = tensor([1]);
    expect(finite(rule, { a: rates, b, delta })).toEqual([true, true]);
    expect(finite(rule, { a: { re: rates, im: turns }, b: { re: b, im: b }, delta })).toEqual([true, true]);
    const still = tensor([sizes.map(() => 0)]);
    expect(finite(rule, { a: { re: rates, im: still }, b: { re: b, im: b }, delta })).toEqual([true, true]);
    const stiff = tensor([
      [
        [-1e4, 3e3],
        [0, -1e-9],
      ],
    ]);
    expect(finite(rule, { a: stiff, b: tensor([[1, 2]]), delta })).toEqual([true, true]);
  });

  it.each(rules)('by %s agrees with double-double', (rule) => {
    const rates = [0, 1e-300, 1e-160, 1e-9, 1e-3, 0.3, 1, 30, 1e4].map((x) => -x);
    const run = (model: { a: Value; b: Value; delta: Value }) => {
      const { a, b } = discretise(rule, model);
      return { a, b };
    };
    expectSameInDoubleDouble(run, (on) => ({
      a: input(on, rates, [1, rates.length]),
      b: drawn([1, rates.length], 1, on),
      delta: input(on, [1], [1]),
    }));
  });

  it('by zero-order hold tends to ΔB as ΔA tends to 0, with the slope Δ/2 in ΔA', () => {
    for (const z of [0, 1e-320, -1e-200, 1e-12, -1e-9]) {
      const run = (a: Value) => discretise('zeroOrderHold', { a, b: tensor([[3]]), delta: tensor([2]) }).b;
      const { value, pullback } = vjp(run, tensor([[z / 2]]));
      expect(read(value)[0]).toBeCloseTo(6 * (1 + z / 2), 15);
      // d (Δ φ₁(Δa) B) / da = Δ² B φ₁′(0) = 4 · 3 / 2
      expect(read(pullback(tensor([[1]])))[0]).toBeCloseTo(6, 7);
    }
  });

  it('of an imaginary eigenvalue loses no digits of φ₁ and its derivative near 0', () => {
    for (const size of [0, 1e-300, 1e-12, 1e-6, 1e-3]) {
      const run = (im: Value) => complexPhi1({ re: tensor([0]), im });
      const { value, pullback } = vjp(run, tensor([size]));
      // φ₁(iy) = 1 + iy/2 − y²/6 − …, derivative along y: i/2 − y/3 − …
      expect(read(value.re)[0]).toBeCloseTo(1 - size ** 2 / 6, 12);
      expect(Math.abs(read(value.im)[0]! - size / 2)).toBeLessThanOrEqual(1e-15 * size + size ** 3 / 20);
      const slope = read(pullback({ re: tensor([0]), im: tensor([1]) }))[0]!;
      expect(Math.abs(slope - 0.5)).toBeLessThanOrEqual(1e-15 + size ** 2 / 6);
    }
  });

  it('of a stiff matrix drops the fast states', () => {
    const e = read(
      matrixExponential(
        tensor([
          [
            [-1e4, 0],
            [0, -1],
          ],
        ]),
      ),
    );
    expect(e[0]).toBe(0);
    expect(Math.abs(e[3]! / Math.exp(-1) - 1)).toBeLessThan(1e-11);
  });
});

describe('4,096 tokens', () => {
  const t = 4096;
  const model = (decays: readonly number[]) => {
    const a = tensor([decays]);
    return { x: drawn([1, t, 1], 1), a, b: drawn([1, decays.length], 2), c: drawn([1, decays.length], 3) };
  };
  const long = modes.map((mode): SsmMode => (mode.name === 'chunkwise' ? { ...mode, chunkSize: 100 } : mode));

  it.each(long)('$name is finite with states that decay at once, slowly and never', (mode) => {
    const run = ({ state, ...inputs }: ReturnType<typeof model> & { state: Value }) => ({
      ...ssmIn(mode)(inputs, state),
    });
    const inputs = model([0, 0.5, 1 - 1e-3, 1]);
    expect(finiteBothWays(run, { ...inputs, state: emptySsmState(inputs.a, 1) })).toEqual([true, true]);
  });

  it('give equal results by direct convolution and by FFT, within both bounds', () => {
    const inputs = model([0.5, 1 - 1e-3, -0.99]);
    const tensors = Object.entries({ ...inputs, state: drawn([1, 1, 3], 5) });
    const c: Case = {
      inputs: Object.fromEntries(tensors.map(([name, x]) => [name, { shape: x.shape, data: read(x) }])),
      cotangents: {
        output: { shape: [1, t, 1], data: read(drawn([1, t, 1], 6)) },
        state: { shape: [1, 1, 3], data: read(drawn([1, 1, 3], 7)) },
      },
      settings: { chunkSize: 100 },
      seed: 1,
      values: 'normal',
    };
    const [direct, fft] = [diagonalSsm.modes.direct!, diagonalSsm.modes.fft!];
    const allowed = allowance(boundsOf(direct, c), boundsOf(fft, c));
    const verdict = within(numbersOf(fft, c), numbersOf(direct, c), allowed);
    expect(isRight(verdict)).toBe(true);
    expect(verdict.compared).toBeGreaterThan(2 * t);
    expect(verdict.loose / verdict.compared).toBeLessThan(0.01);
    expect(verdict.error).toBeLessThan(1e-11);
  });

  it('leave the same final state as the recurrence', () => {
    const inputs = model([0.5, 0.99]);
    const state = emptySsmState(inputs.a, 1);
    const [last, other] = [ssmIn({ name: 'recurrent' })(inputs, state), convolutionSsm('fft')(inputs, state)];
    read(other.state).forEach((x, i) => {
      expect(Math.abs(x - read(last.state)[i]!)).toBeLessThan(1e-12);
    });
  });
});
