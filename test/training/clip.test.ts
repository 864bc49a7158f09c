/** @file Norms of gradients, and clipping by them. */
import { describe, expect, it } from 'vitest';
import { f32 } from '../../src/executors/f32/index.ts';
import { f64, scalar, tensor } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { input, item, read } from '../../src/tensor/input.ts';
import type { Executor } from '../../src/tensor/value.ts';
import { clipByGlobalNorm, clipped, globalNorm } from '../../src/training/index.ts';

/** Clips a list on an executor or, without one, on the compiled backend wasm. */
async function clip(on: Executor | null, numbers: readonly number[], limit: number): Promise<number[]> {
  if (on !== null) return [...read(clipByGlobalNorm(input(on, numbers, [numbers.length]), limit))];
  const shape = { shape: [numbers.length] };
  const f = await compile(({ g }) => ({ g: clipByGlobalNorm(g!, limit) }), { g: shape }, { backend: 'wasm' });
  const { g } = await f({ g: Float32Array.from(numbers) });
  await f.dispose();
  return [...g!];
}

describe('clipByGlobalNorm', () => {
  it('keeps a short gradient and scales a long one, by the norm of the whole tree', () => {
    const g = { a: tensor([3]), b: scalar(4) };
    expect(clipByGlobalNorm(g, 6).b).toMatchObject({ shape: [] });
    expect(item(clipByGlobalNorm(g, 6).b)).toBe(4);
    const short = clipByGlobalNorm(g, 1);
    expect([item(short.a), item(short.b)].map((x) => Math.round(x * 1e12) / 1e12)).toEqual([0.6, 0.8]);
    expect([...read(clipByGlobalNorm(tensor([0, 0]), 1))]).toEqual([0, 0]);
    expect(item(clipped(g, 1).norm)).toBeCloseTo(5, 14);
  });

  // squares of these numbers, or of the limit, leave the range of single precision
  it.each([
    ['a limit whose square overflows', [3, 4], 1e20, [3, 4]],
    ['numbers whose squares overflow', [3e20, 4e20], 1, [0.6, 0.8]],
    ['numbers whose squares underflow', [3e-30, 4e-30], 1e-30, [0.6e-30, 0.8e-30]],
    ['numbers whose norm overflows', [3e38, 3e38], 1e38, [Math.SQRT1_2 * 1e38, Math.SQRT1_2 * 1e38]],
    ['a limit whose ratio to the norm underflows', [3e38, 0], 1e-30, [1e-30, 0]],
  ])('clips in single precision %s', async (_, numbers, limit, expected) => {
    for (const on of [f32, f64, null]) {
      const found = await clip(on, numbers, limit);
      found.forEach((x, i) => {
        expect(Math.abs(x - expected[i]!), on?.name ?? 'wasm').toBeLessThanOrEqual(2 ** -21 * expected[i]!);
      });
    }
  });

  it('keeps every bit of a gradient at the limit or below', async () => {
    const numbers = [0.1, 0.7, -0.3].map(Math.fround);
    for (const on of [f32, f64, null]) expect(await clip(on, numbers, 0.8)).toEqual(numbers);
  });

  it('makes a gradient that is not finite NaN, and never finite', async () => {
    for (const wrong of [NaN, Infinity])
      for (const on of [f32, f64, null])
        expect((await clip(on, [1, wrong], 1)).map(Number.isNaN)).toEqual([true, true]);
  });

  it('refuses a limit that is not positive, and a tree without numbers', () => {
    expect(() => clipByGlobalNorm(tensor([1]), 0)).toThrow('clipByGlobalNorm: the limit is 0; it is a number above 0');
    expect(() => clipByGlobalNorm({}, 1)).toThrow('clipByGlobalNorm: the tree holds no numbers');
    expect(() => globalNorm(tensor([]))).toThrow('globalNorm: the tree holds no numbers; there is no norm of nothing');
  });
});
