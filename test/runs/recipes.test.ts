import { describe, expect, it } from 'vitest';
import { optimizerOf, scheduleOf } from '../../src/runs/recipes.ts';
import { defaults } from '../../src/runs/settings.ts';
import { decayMatrices, type WeightDecay } from '../../src/training/index.ts';

/** The decay of a matrix and of a list. */
const decays = (decay: WeightDecay): number[] =>
  [[4, 4], [4]].map((shape) => (typeof decay === 'number' ? decay : decay('x', shape)));

describe('recipes', () => {
  it.each([
    [{}, [100, 1, 0.1], 0.95, [0.1, 0]],
    [{ schedule: 'constant', warmup: 0 }, [1, 1, 1], 0.95, [0.1, 0]],
    [{ schedule: 'polynomial', decayOf: 'all' }, [100, 1, 0], 0.95, [0.1, 0.1]],
    [{ recipe: 'paper' }, [30, 1, 0], 0.98, [0.01, 0.01]],
    [{ recipe: 'paper', warmup: 7, decay: 0.5, decayOf: 'matrices', beta2: 0.9 }, [7, 1, 0], 0.9, [0.5, 0]],
  ])('%j', (given, [warmup, peak, end], beta2, decay) => {
    const settings = { ...defaults, rate: 1, ...given };
    const schedule = scheduleOf(settings, 2000);
    expect(schedule(warmup!)).toBe(peak);
    expect(schedule(warmup! / 2)).toBeCloseTo(warmup === 1 ? 1 : 0.5, 12);
    expect(schedule(2000)).toBeCloseTo(end!, 12);
    const optimizer = optimizerOf(settings);
    expect({ beta2: optimizer.beta2, decay: decays(optimizer.weightDecay) }).toEqual({ beta2, decay });
  });

  it('decay as the library does', () => expect(decays(decayMatrices(0.1))).toEqual([0.1, 0]));
});
