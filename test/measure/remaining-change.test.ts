import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { randomLayer, statesOf } from '../../src/measure/random-stacks.ts';
import { remainingChange } from '../../src/measure/remaining-change.ts';
import { recurrentStack } from '../../src/nn/ssm/stack.ts';
import { input, read } from '../../src/tensor/input.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { rng } from '../../src/tensor/random.ts';

const connections = [0, 1, 2].map((denseLayers) => ({ denseLayers, residual: 0 }));

describe('remainingChange', () => {
  it('measures the stacks of Eq. 9 when m = 0', () => {
    const random = rng(3);
    const stack = [randomLayer(random), randomLayer(random), randomLayer(random)];
    const bottom = input(f64, Float64Array.from({ length: 32 }, random.normal), [1, 1, 8, 4]);
    const whole = recurrentStack(
      stack,
      bottom,
      stack.map(({ before }) => before),
      { epsilon: 1e-6, residual: 0 },
    );
    const measured = statesOf(stack, bottom, { denseLayers: 0, residual: 0 });
    expect(measured).toHaveLength(4);
    expect(read(measured[3]!)).toEqual(read(whole.h));
  });

  it('measures the effect of a small change', () => {
    const random = rng(4);
    const stack = [randomLayer(random), randomLayer(random)];
    const numbers = (): Float64Array => Float64Array.from({ length: 32 }, random.normal);
    const [bottom, direction] = [numbers(), numbers()].map((data) => input(f64, data, [1, 1, 8, 4]));
    const states = (step: number) =>
      statesOf(stack, add(bottom!, scale(direction!, step)), { denseLayers: 2, residual: 1 }).map(read);
    const [ahead, behind, here] = [states(1e-4), states(-1e-4), states(0)];
    // a fused state that ignored the lowest state would not change
    const change = Math.hypot(...ahead[2]!.map((x, i) => (x - behind[2]![i]!) / 2e-4)) / Math.hypot(...here[2]!);
    expect(change).toBeGreaterThan(0.01);
  });

  it('starts at 1, and stays larger with more connected layers', () => {
    const curves = remainingChange({ of: 'stacks', layers: 8, count: 10, seed: 2, connections });
    for (const { left } of curves) {
      expect(left).toHaveLength(9);
      expect(left[0]).toBeCloseTo(1, 12);
    }
    const [none, one, two] = curves.map(({ left }) => left[8]!);
    expect(none!).toBeLessThan(0.2);
    expect(one!).toBeGreaterThan(2 * none!);
    expect(two!).toBeGreaterThan(one!);
    expect(remainingChange({ of: 'stacks', layers: 8, count: 10, seed: 2, connections })).toEqual(curves);
  });

  it('measures DenseMambas: gates pass the change of connected layers, and pass fused carries it further', () => {
    const raw = [0, 1, 3].map((denseLayers) => ({ denseLayers, residual: 0 }));
    const fused = { denseLayers: 1, residual: 0, pass: 'fused' } as const;
    const options = { of: 'dense-mamba', layers: 4, count: 5, seed: 3 } as const;
    const [none, one, three, further] = remainingChange({ ...options, connections: [...raw, fused] }).map(
      ({ left }) => left,
    );
    for (const left of [none!, one!, three!]) expect(left[0]).toBeCloseTo(1, 12);
    expect(one![1]!).toBeGreaterThan(10 * none![1]!);
    // without a gate to layer 0, the change arrives through the residual stream only
    expect(three![3]!).toBeGreaterThan(3 * one![3]!);
    expect(further![2]!).toBeGreaterThan(3 * one![2]!);
  });
});
