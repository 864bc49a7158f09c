import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasAxisOf, longestIn } from '../../src/oracle/axes.ts';
import type { Layout } from '../../src/oracle/case.ts';
import { fewLayouts, tellsAxesApart } from '../../src/oracle/draw.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';

const size = { longest: 7 };
const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

const distinct = (layouts: readonly Layout[]): number => new Set(layouts.map((layout) => JSON.stringify(layout))).size;

describe('fewLayouts gives distinct, admitted layouts, the smallest first', () => {
  it.each(modes)('for $operator.name in mode $mode', ({ operator, mode }) => {
    const layouts = fewLayouts(operator, mode, size, 24);
    expect(layouts).toEqual(fewLayouts(operator, mode, size, 24));
    expect(layouts.length).toBeGreaterThan(8);
    expect(layouts.length).toBeLessThanOrEqual(24);
    expect(distinct(layouts)).toBe(layouts.length);
    expect(layouts.every(({ settings }) => operator.admits(settings, mode))).toBe(true);
    const apart = fc.sample(operator.layouts(size), { numRuns: 200, seed: 2 }).filter(tellsAxesApart);
    if (distinct(apart) > 24) expect(layouts.filter(tellsAxesApart).length).toBeGreaterThan(12);
    const numbers = layouts.map(({ inputs }) =>
      Object.values(inputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    );
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    if (!hasAxisOf(operator, 'time', 'inputs')) return;
    const lengths = layouts.map((layout) => longestIn(operator, layout));
    expect(lengths.filter((t) => t === 1).length).toBeGreaterThan(0);
    expect(lengths.filter((t) => t === 1).length).toBeLessThanOrEqual(3);
    expect(Math.max(...lengths)).toBeGreaterThan(4);
  });
});
