/** @file Tests signatures: their grammar, their shapes and axes, and that every operator's signature matches its cases. */
import { describe, expect, it } from 'vitest';
import { sampleDraws } from '../../src/oracle/draw.ts';
import { layoutOf } from '../../src/oracle/layout.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import {
  axisIn,
  growingAxisIn,
  hasAxis,
  lengthsIn,
  lettersOf,
  matches,
  type Side,
  shapeIn,
  signatureOf,
} from '../../src/oracle/signature.ts';
import { sameShape } from '../../src/tensor/shape.ts';

const attention = signatureOf(
  'q bhtd, keys bhsd, skip? e, source.* btw, merged bt(hd), map en|enn, pair 2b, param.** -> output bhte, keys bh(s+t)d',
);
const lengths = { b: 2, h: 3, t: 5, d: 7, s: 1, w: 4, e: 6, n: 8 };

describe('a signature', () => {
  it('gives shapes from the lengths of letters, sums, products and digits', () => {
    const { inputs, outputs } = attention;
    expect(shapeIn(inputs, 'q', lengths)).toEqual([2, 3, 5, 7]);
    expect(shapeIn(inputs, 'source.12', lengths)).toEqual([2, 5, 4]);
    expect(shapeIn(inputs, 'merged', lengths)).toEqual([2, 5, 21]);
    expect(shapeIn(inputs, 'map', lengths)).toEqual([6, 8]);
    expect(shapeIn(inputs, 'pair', lengths)).toEqual([2, 2]);
    expect(shapeIn(outputs, 'keys', lengths)).toEqual([2, 3, 6, 7]);
  });

  it('finds axes by letter, and the growing axis', () => {
    const { inputs, outputs } = attention;
    expect(axisIn(inputs, 't', 'q')).toBe(2);
    expect(axisIn(inputs, 'h', 'merged')).toBeUndefined();
    expect(axisIn(inputs, 't', 'keys')).toBeUndefined();
    expect(axisIn(outputs, 't', 'keys')).toBeUndefined();
    expect(growingAxisIn(outputs, 't', 'keys')).toBe(2);
    expect(growingAxisIn(outputs, 't', 'output')).toBeUndefined();
    expect(axisIn(inputs, 't', 'nothing')).toBeUndefined();
    expect(axisIn(inputs, 't', 'param.layers.0.norm')).toBeUndefined();
    expect([hasAxis(inputs, 's'), hasAxis(outputs, 's')]).toEqual([true, false]);
  });

  it('names axes for reports', () => {
    expect(lettersOf(attention.outputs, 'keys', 4)).toEqual(['b', 'h', 's+t', 'd']);
    expect(lettersOf(attention.inputs, 'merged', 3)).toEqual(['b', 't', 'h·d']);
    expect(lettersOf(attention.inputs, 'map', 3)).toEqual(['e', 'n', 'n']);
    expect(lettersOf(attention.inputs, 'param.layers.0.norm', 1)).toBeUndefined();
  });

  it('matches names by pattern: * is an index, ** any path', () => {
    expect(matches('source.*', 'source.0')).toBe(true);
    expect(matches('source.*', 'source.x')).toBe(false);
    expect(matches('source.*', 'sources0')).toBe(false);
    expect(matches('param.**', 'param.layers.0.norm')).toBe(true);
    expect(matches('state.*.keys', 'state.3.keys')).toBe(true);
    expect(matches('state.*.keys', 'state.3.values')).toBe(false);
  });

  it('finds lengths, and refuses two lengths of one letter', () => {
    const q = { shape: [2, 3, 5, 7] };
    expect(lengthsIn(attention.inputs, { q })).toEqual({ b: 2, h: 3, t: 5, d: 7 });
    expect(() => lengthsIn(attention.inputs, { q, 'source.0': { shape: [4, 5, 1] } })).toThrow(
      "axis 0 of 'source.0' [4,5,1] is b, which is 2 elsewhere",
    );
    expect(() => lengthsIn(attention.inputs, { pair: { shape: [3, 2] } })).toThrow('which is 2 elsewhere');
  });

  it.each([
    ['q bhtd', "signature 'q bhtd': expected 'inputs -> outputs'"],
    ['q bhtd -> y b -> z b', 'expected'],
    ['q b h -> y b', "'q b h' is no name with letters"],
    ['q Bh -> y b', "'Bh' are no axes"],
    ['q b -> y b(h', "'b(h' are no axes"],
  ])('refuses %s', (text, message) => {
    expect(() => signatureOf(text)).toThrow(message);
  });

  it('refuses a letter without a length, and a name without letters', () => {
    expect(() => shapeIn(attention.inputs, 'q', { b: 1 })).toThrow("the letter 'h' has no length");
    expect(() => shapeIn(attention.inputs, 'param.a', lengths)).toThrow("'param.a' has no letters");
  });
});

describe('a layout of a signature', () => {
  it('has by default every required input and output, in order', () => {
    const layout = layoutOf('x bt, skip? t, w tt -> y bt, part.* b', {
      lengths: { b: 2, t: 3 },
      settings: {},
      details: { w: { spread: 0.5 } },
    });
    expect(layout).toEqual({
      inputs: { x: { shape: [2, 3] }, w: { shape: [3, 3], spread: 0.5 } },
      outputs: { y: [2, 3] },
      settings: {},
    });
    expect(Object.keys(layout.inputs)).toEqual(['x', 'w']);
  });

  it('has the inputs and outputs that the caller names', () => {
    const layout = layoutOf('x bt, source.* b, free.** -> y bt, part.* b', {
      lengths: { b: 2, t: 3 },
      settings: {},
      inputs: { 'source.0': {}, x: {}, 'free.a': { shape: [9] } },
      outputs: ['part.0', 'y'],
    });
    expect(Object.entries(layout.inputs)).toEqual([
      ['source.0', { shape: [2] }],
      ['x', { shape: [2, 3] }],
      ['free.a', { shape: [9] }],
    ]);
    expect(layout.outputs).toEqual({ 'part.0': [2], y: [2, 3] });
  });
});

/** Whether a side of a signature allows a shape for a name. */
const isAllowed = (side: Side, name: string, shape: readonly number[], known: Readonly<Record<string, number>>) => {
  const term = side.find(({ pattern }) => matches(pattern, name));
  if (term === undefined) return false;
  if (term.shapes.length === 0) return true;
  return term.shapes.some((axes) => {
    if (axes.length !== shape.length) return false;
    // an output may have any length that no input determines, such as the number of vocabulary rows
    const told = axes.map(({ letters }) => letters.every((letter) => letter in known || /\d/.test(letter)));
    const expected = axes.map((axis, i) =>
      told[i] ? shapeIn([{ ...term, shapes: [[axis]] }], name, known)[0]! : shape[i]!,
    );
    return sameShape(expected, shape);
  });
};

describe.each(operators)('the signature of $name', (operator) => {
  const { signature } = operator;
  const { inputs, outputs } = signature;
  const drawn = sampleDraws(operator, { longest: 7 }, 300, 1);

  it('gives the shape of every drawn tensor', () => {
    for (const { layout } of drawn) {
      const known = lengthsIn(inputs, layout.inputs);
      const others = [
        ...Object.entries(layout.inputs).filter(([name, { shape }]) => !isAllowed(inputs, name, shape, known)),
        ...Object.entries(layout.outputs).filter(([name, shape]) => !isAllowed(outputs, name, shape, known)),
      ];
      expect(others).toEqual([]);
    }
  });

  it('has only names and shapes that are drawn', () => {
    const shapesOf = (side: 'inputs' | 'outputs', pattern: string): number[] =>
      drawn.flatMap(({ layout }) =>
        Object.entries(side === 'inputs' ? layout.inputs : layout.outputs).flatMap(([name, slot]) =>
          matches(pattern, name) ? ['shape' in slot ? (slot.shape as readonly number[]).length : slot.length] : [],
        ),
      );
    for (const side of ['inputs', 'outputs'] as const) {
      for (const { pattern, shapes, isOptional } of signature[side]) {
        const ranks = new Set(shapesOf(side, pattern));
        expect([pattern, ranks.size > 0]).toEqual([pattern, true]);
        for (const axes of shapes)
          expect([pattern, axes.length, ranks.has(axes.length)]).toEqual([pattern, axes.length, true]);
        // an optional tensor must be absent in some cases
        const times = drawn.filter(({ layout }) =>
          Object.keys(layout[side]).some((name) => matches(pattern, name)),
        ).length;
        if (isOptional) expect([pattern, times < drawn.length]).toEqual([pattern, true]);
      }
    }
  });
});
