import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { denseRetNet } from '../../src/models/dense-retnet.ts';
import { initialise, type LanguageModel } from '../../src/models/language-model.ts';
import { equalWidth, presets, type Sizable } from '../../src/models/presets.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import type { Tree } from '../../src/tensor/tree.ts';
import { root } from '../support/root.ts';

const all: readonly Sizable[] = Object.values(presets);
const families = all.filter(({ name }) => !name.endsWith('1.3b'));
const [small, large] = [presets['dense-retnet-350m'], presets['dense-retnet-1.3b']];

/** Counts the unused gates (rank ⌊h/32⌋) and norms (width h) of layer 0 in the released code. They are not parameters here. */
const unusedInRelease = (h: number): number => {
  const r = Math.floor(h / 32);
  const [keys, values] = [h / 2, 2 * h].map((over) => r * h + over * r + over);
  return keys! + values!;
};

describe('presets', () => {
  it('equal those of docs/models.md', () => {
    const page = readFileSync(join(root, 'docs', 'models.md'), 'utf8').replace(/ +/g, ' ');
    for (const { name, sizes, count } of all) {
      const heads = name.endsWith('mamba') ? ' ' : ` ${sizes.heads} `;
      const row = `| \`${name}\` | ${sizes.width} | ${sizes.layers} |${heads}| ${count().toLocaleString('en')} |`;
      expect(page).toContain(row);
    }
  });

  it('of the same size have equal parameter counts within one per cent', () => {
    for (const preset of families) {
      expect(Math.abs(preset.count() / small.count() - 1), preset.name).toBeLessThan(0.01);
    }
  });

  it.each(families)('$name has the width of its size', (preset) => {
    expect(equalWidth(preset, small.count())).toBe(preset.sizes.width);
  });

  // by the shapes of the released code: 2 V h + h outside, and 7 h² + h + 2h / heads per layer, without fusion
  it.each([
    { name: 'dense-retnet-350m', preset: small, h: 1536, layers: 16, heads: 2, used: 367_630_080, all: 367_965_696 },
    {
      name: 'dense-retnet-1.3b',
      preset: large,
      h: 2560,
      layers: 25,
      heads: 4,
      used: 1_333_090_560,
      all: 1_334_018_560,
    },
  ])('$name has as many parameters as the released configuration', ({ preset, h, layers, heads, used, all }) => {
    expect(preset.count()).toBe(used);
    const layer = 7 * h * h + h + (2 * h) / heads + unusedInRelease(h);
    expect(preset.count() + unusedInRelease(h)).toBe(2 * 32_000 * h + h + layers * layer);
    expect(used + unusedInRelease(h)).toBe(all);
  });

  it('show that linear projections do not fit into the released sizes', () => {
    const { count } = presets['dense-retnet'];
    expect(count({ width: small.sizes.width })).toBe(658_355_712);
    const projections = (sizes: { width: number; layers: number }) =>
      (2 * sizes.layers - 3) * ((sizes.width / 2) ** 2 + (2 * sizes.width) ** 2);
    expect(projections(presets['dense-retnet'].sizes) / count()).toBeCloseTo(0.42, 2);
  });

  it('have the parameter count of the weights from initialise', () => {
    const config = small.config({ vocabulary: 10, width: 32, layers: 3 });
    const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
    const leaves = (x: unknown): number =>
      typeof x !== 'object' || x === null
        ? 0
        : 'shape' in x
          ? sizeOf(x.shape as readonly number[])
          : Object.values(x).reduce((total: number, one) => total + leaves(one), 0);
    expect(small.count({ vocabulary: 10, width: 32, layers: 3 })).toBe(leaves(params));
  });

  it.each(Object.values(presets).map((preset) => [preset.name, preset] as const))(
    '%s runs with small sizes',
    (_, preset) => {
      const model = preset.model as unknown as LanguageModel<unknown, Tree, Tree>;
      const config = preset.config({ vocabulary: 16, width: 64, layers: 2 });
      const params = initialise(model, config, { on: f64, seed: 1 });
      const tokens = indexInput(f64, [1, 5, 2], [1, 3]);
      const { logits } = model.forward(params, config, tokens, model.start(params, config, 1), { name: 'parallel' });
      expect(logits.shape).toEqual([1, 3, 16]);
      expect(read(logits).some((x) => x !== 0)).toBe(true);
    },
  );
});

describe('equalWidth', () => {
  const drawn = fc.record({
    preset: fc.constantFrom(...all),
    layers: fc.integer({ min: 1, max: 12 }),
    heads: fc.integer({ min: 1, max: 4 }),
    vocabulary: fc.integer({ min: 8, max: 500 }),
    parameters: fc.integer({ min: 20_000, max: 50_000_000 }),
  });

  it('finds a width better than its neighbours', () => {
    fc.assert(
      fc.property(drawn, ({ preset, parameters, ...sizes }) => {
        const step = preset.widthMultiple(sizes.heads);
        // the states of Mamba-2 are large at any width
        const least = preset.count({ ...sizes, width: step });
        const wanted = Math.max(parameters, least);
        const width = equalWidth(preset, wanted, { ...sizes, tolerance: 1 });
        expect(width % step).toBe(0);
        const off = (w: number): number => Math.abs(preset.count({ ...sizes, width: w }) - wanted);
        expect(off(width)).toBeLessThanOrEqual(off(width + step));
        if (width > step) expect(off(width)).toBeLessThanOrEqual(off(width - step));
      }),
      { numRuns: 500 },
    );
  });

  it('makes any two presets equal within three per cent, since few layers give coarse steps', () => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(...all), ({ preset, heads, layers, vocabulary }, other) => {
        const sizes = { heads, layers: layers + 1, vocabulary };
        const parameters = preset.count({ ...sizes, width: 768 });
        const width = equalWidth(other, parameters, { ...sizes, tolerance: 0.03 });
        expect(Math.abs(other.count({ ...sizes, width }) / parameters - 1)).toBeLessThanOrEqual(0.03);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [
      'a size far from that of every width',
      () => equalWidth(presets.transformer, 1000, { heads: 4 }),
      /at width 8, the nearest to 1000 in steps of 8; allow a tolerance of \d/,
    ],
    [
      'a parameter count of NaN',
      () => equalWidth(presets.mamba, Number.NaN),
      /NaN parameters; give a number of at least 1/,
    ],
    ['an infinite parameter count', () => equalWidth(presets.mamba, Infinity), /Infinity parameters/],
    ['impossible sizes', () => equalWidth(presets.mamba, 1e6, { layers: 0 }), /mamba: layers is 0/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
