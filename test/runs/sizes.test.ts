import { describe, expect, it } from 'vitest';
import { configOf, defaults, modelNames, type Settings, widthStep } from '../../src/runs/settings.ts';
import { atSize, offText, parametersOf, sizeOfOther } from '../../src/runs/sizes.ts';

const vocabulary = 30;
const settings = (own: Partial<Settings>): Settings => ({ ...defaults, layers: 2, ...own });

describe('widths', () => {
  it.each(modelNames)('of %s are the multiples of its step', (model) => {
    for (const heads of [1, 3, 4]) {
      const step = widthStep(model, heads);
      for (const width of [1, 2, 3, 5].map((n) => n * step))
        expect(configOf(settings({ model, heads, width }), vocabulary)).toMatchObject({ width });
      if (step === 1) continue;
      expect(() => configOf(settings({ model, heads, width: 3 * step + 1 }), vocabulary)).toThrow(
        `--width ${3 * step + 1} does not fit ${model} with --heads ${heads}, which takes multiples of ${step}; take ${3 * step} or ${4 * step}, or fewer heads`,
      );
    }
  });
});

describe('the size of another model', () => {
  const equal = (own: Partial<Settings>, other: string): Settings =>
    atSize(settings(own), sizeOfOther(settings(own), other, vocabulary).parameters, vocabulary);

  it('is found among all widths, the nearest of them', () => {
    const own = { model: 'mamba', width: 16, heads: 2 };
    const { parameters } = sizeOfOther(settings(own), 'dense-retnet', vocabulary);
    const off = (width: number): number => Math.abs(parametersOf(settings({ ...own, width }), vocabulary) - parameters);
    const { width } = equal(own, 'dense-retnet');
    const all = Array.from({ length: 64 }, (_, i) => i + 1);
    expect(off(width)).toBe(Math.min(...all.map(off)));
    expect(width % 8).not.toBe(0);
  });

  it('is that with the readings and connections that the other has', () => {
    const own = { model: 'dense-retnet', width: 128, denseLayers: 1, readings: { gate: 'perLayer' } };
    expect(equal(own, 'retnet').width).toBeGreaterThan(0);
  });

  it('shows the two nearest widths and options that are there, where none is within a tenth', () => {
    expect(() => equal({ model: 'retnet', width: 16, heads: 4 }, 'dense-retnet')).toThrow(
      /^no width gives retnet \d+ parameters within a tenth; the nearest are \d+ at width 16 \(\d+\.\d % more\) and \d+ at width 8 \(\d+\.\d % fewer\): take a larger --width, or fewer --heads$/,
    );
  });

  it('is compared in words', () => {
    expect([offText(10, 10), offText(1031, 1000), offText(5, 10)]).toEqual(['equal', '3.1 % more', '50.0 % fewer']);
  });
});
