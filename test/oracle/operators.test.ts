import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasAxisOf, isModel, longestIn } from '../../src/oracle/axes.ts';
import type { Layout } from '../../src/oracle/case.ts';
import { fewLayouts, tellsAxesApart } from '../../src/oracle/draw.ts';
import type { Operator, Size } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { lengthsIn } from '../../src/oracle/signature.ts';
import { sizeOf } from '../../src/tensor/shape.ts';

const size = { longest: 7 };
const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

const distinct = (layouts: readonly Layout[]): number => new Set(layouts.map((layout) => JSON.stringify(layout))).size;

describe('fewLayouts gives distinct, admitted layouts, the smallest first', () => {
  it.each(modes)('for $operator.name in mode $mode', ({ operator, mode }) => {
    const layouts = fewLayouts(operator, mode, operator.layouts(size), 24);
    expect(layouts).toEqual(fewLayouts(operator, mode, operator.layouts(size), 24));
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

describe('a size says how long an axis is', () => {
  const lengthsUnder = ({ layouts, signature }: Operator, own: Size['axis']): Record<string, number>[] =>
    fc
      .sample(layouts({ ...size, ...(own && { axis: own }) }), { numRuns: 20, seed: 1 })
      .map(({ inputs }) => ({ ...lengthsIn(signature.inputs, inputs) }));
  /** The letters of axes that have always one length, as the 2 channels of a matrix combination. */
  const constant = (letter: string, operator: Operator): boolean =>
    /\d/.test(letter) || new Set(lengthsUnder(operator, undefined).map((lengths) => lengths[letter])).size === 1;

  it.each(operators)('for every letter of $name', (operator) => {
    const letters = isModel(operator) ? ['b'] : Object.keys(Object.assign({}, ...lengthsUnder(operator, undefined)));
    for (const letter of letters.filter((one) => !constant(one, operator)))
      for (const length of [1, 12]) {
        const drawn = lengthsUnder(operator, (one) => (one === letter ? fc.constant(length) : undefined));
        const found = drawn.flatMap((lengths) => (letter in lengths ? [lengths[letter]] : []));
        // groups that do not divide their axis become fewer
        const mayBeFewer = letter.startsWith('g') && length > 1;
        if (!mayBeFewer) expect([letter, new Set(found)]).toEqual([letter, new Set([length])]);
        expect(Math.max(...(found as number[]))).toBe(length);
      }
  });
});
