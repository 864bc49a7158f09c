/** @file Tests whole training steps on a backend against f64, with parameters that stay on the device between calls. */
import { expect, it } from 'vitest';
import { type Backend, compile } from '../../../src/executors/gpu/index.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { factorsOf, trainingSteps } from '../../../src/training/index.ts';
import { rate, referenceLosses } from '../../support/training/reference.ts';
import { smallTraining } from '../../support/training/small.ts';
import { refusalOf } from './support.ts';

const [steps, accumulate] = [2, 2];

/** The result of a function, computed at its first use. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const reference = once(() => referenceLosses(steps, accumulate));

/** Tests training on a backend. */
export function testTraining(backend: Backend): void {
  it(`training on ${backend} equals f64 within the bound, and is deterministic`, async () => {
    const { training, init, batches } = smallTraining(steps, accumulate);
    const { equation, inputs, keep } = trainingSteps(training);
    const f = await compile(equation, inputs, { backend, keep });
    expect(f.ran.work.kernels).toBeGreaterThan(10);
    const factors = factorsOf(training.optimizer, rate, 1, steps);
    const zeros = new Float32Array(init.length);
    const first = { params: Float32Array.from(init), first: zeros, second: zeros, factors: Float32Array.from(factors) };
    const { losses } = await f({ ...first, ...batches(0) });
    const params = await f.kept('params');
    // the second call omits the kept inputs and continues from them
    const again = await f({ factors: first.factors, ...batches(1) });
    expect((await f({ ...first, ...batches(0) })).losses).toEqual(losses);
    expect(await f.kept('params')).toEqual(params);
    expect((await f({ factors: first.factors, ...batches(1) })).losses).toEqual(again.losses);

    const { exact, bounds, later } = reference();
    exact.forEach((x, i) => {
      expect(bounds[i]).toBeGreaterThan(0);
      expect(Math.abs(losses![i]! - x)).toBeLessThanOrEqual(bounds[i]!);
    });
    [...exact, ...later].forEach((x, i) => {
      expect(Math.abs([...losses!, ...again.losses!][i]! / x - 1)).toBeLessThan(1e-4);
    });
    await f.dispose();
  });

  it(`training on ${backend} takes no step from a loss that is not finite on`, async () => {
    const { equation, inputs, keep } = trainingSteps<{ w: Value }>({
      shapes: { w: [2] },
      batch: { x: { shape: [2] } },
      loss: ({ w }, { x }) => sum(mul(w, x!)),
      optimizer: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
      clip: 1,
      steps: 3,
    });
    const f = await compile(equation, inputs, { backend, keep });
    const start = { params: Float32Array.of(1, 2), first: new Float32Array(2), second: new Float32Array(2) };
    const factors = new Float32Array(9).fill(0.5);
    const after = async (x: readonly number[]): Promise<readonly (readonly number[])[]> => {
      await f({ ...start, factors, x: Float32Array.from(x) });
      return Promise.all(Object.keys(keep).map(async (name) => [...(await f.kept(name))]));
    };
    const first = await after([1, 2, NaN, 1, 1, 2]);
    for (const wrong of [NaN, Infinity, -Infinity]) {
      expect(await after([1, 2, wrong, 1, 3, 4])).toEqual(first);
      expect(await after([wrong, 1, 1, 2, 3, 4])).toEqual(Object.values(start).map((x) => [...x]));
    }
    expect(await after([1, 2, 1, 1, 1, 2])).not.toEqual(first);
    await f.dispose();
  });

  it(`refuses on ${backend} inputs that cannot be kept, and programs over the memory limit`, async () => {
    const same = { x: { shape: [2] }, y: { shape: [3] } };
    const keeping = (keep: Record<string, string>, memoryBytes = 1e9) =>
      compile(({ x, y }) => ({ x: x!, y: y! }), same, { backend, keep, memoryBytes });
    expect(await refusalOf(keeping({ z: 'x' }))).toContain('input z is to be kept as output x; there is no such input');
    expect(await refusalOf(keeping({ x: 'y' }))).toContain('kept input x has shape [2], output y [3]; they must agree');
    expect(await refusalOf(keeping({}, 8))).toContain('2 kernels take 40 bytes together, and at most 8 are allowed');
    const f = await keeping({ x: 'x' });
    expect(await refusalOf(f.kept('y'))).toContain('y is not kept; the kept inputs are x');
    expect(await refusalOf(f({ y: new Float32Array(3) }))).toContain('input x is missing');
    await f.dispose();
  });
}
