import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DType } from '../../src/io/dtypes.ts';
import { compareTensor, type TensorResult } from '../../src/vectors/compare.ts';

/** Compares lists of numbers under a tensor's name and type. */
function compare(name: string, dtype: DType, expected: number[], actual: number[]): TensorResult {
  const stored = { dtype, shape: [expected.length], data: Float64Array.from(expected) };
  return compareTensor(name, stored, { shape: [actual.length], data: actual });
}

describe('the tolerance', () => {
  it.each<[what: string, name: string, dtype: DType, expected: number[], passes: number[], fails: number[]]>([
    ['F64 near 0: 1e-11', 'out/y', 'F64', [0], [0.99e-11], [1.01e-11]],
    ['F64 at 1: 1e-11 + 1e-10', 'out/y', 'F64', [1], [1 + 1.09e-10], [1 + 1.11e-10]],
    ['F64 at −1000: relative to |expected|', 'grad/w', 'F64', [-1000], [-1000 + 0.99e-7], [-1000 + 1.02e-7]],
    ['F64 by its own element, not the largest', 'out/y', 'F64', [1000, 0], [1000, 0], [1000, 1e-9]],
    ['I32: exact', 'out/ids', 'I32', [5, 7], [5, 7], [5, 8]],
    ['I64: exact', 'out/ids', 'I64', [5], [5], [5 + 1e-12]],
    ['_asis64: 1e-5', 'out/logits_asis64', 'F64', [1], [1 + 0.99e-5], [1 + 1.01e-5]],
    ['_asis64 is not relative', 'out/logits_asis64', 'F64', [1000], [1000 + 0.99e-5], [1000 + 1.01e-5]],
    ['_asis64 before a number', 'out/state_asis64.0', 'F64', [1], [1 + 0.99e-5], [1 + 1.01e-5]],
    ['_f32: 2e-4 of the largest element', 'out/y_f32', 'F32', [10, 0], [10, 1.99e-3], [10, 2.01e-3]],
    ['_f32 stored as F64', 'out/y_f32', 'F64', [1], [1 + 1.99e-4], [1 + 2.01e-4]],
    ['F32 by another name', 'out/y', 'F32', [1], [1 + 1.99e-4], [1 + 2.01e-4]],
    ['_f32 of zeros only: exact', 'out/y_f32', 'F32', [0, 0], [0, 0], [0, 1e-30]],
    ['_f32 beside an infinity: of the largest finite', 'out/y_f32', 'F32', [Infinity, 1], [Infinity, 1], [Infinity, 2]],
    ['BF16: one rounding, 2⁻⁸', 'out/y', 'BF16', [1], [1 + 0.99 * 2 ** -8], [1 + 1.01 * 2 ** -8]],
    ['F16: one rounding, 2⁻¹¹', 'out/y', 'F16', [-3], [-3 - 2.99 * 2 ** -11], [-3 - 3.01 * 2 ** -11]],
    ['F16 near 0: 2⁻²⁴', 'out/y', 'F16', [0], [0.99 * 2 ** -24], [1.01 * 2 ** -24]],
    ['_f32 stored as BF16: both', 'out/y_f32', 'BF16', [1], [1 + 1.9e-4 + 2 ** -8], [1 + 2.1e-4 + 2 ** -8]],
    ['f32 inside a name has no effect', 'out/f32_y', 'F64', [1], [1], [1 + 1e-9]],
  ])('%s', (_, name, dtype, expected, passes, fails) => {
    expect(compare(name, dtype, expected, passes)).toMatchObject({ name, status: 'passed' });
    expect(compare(name, dtype, expected, fails)).toMatchObject({ name, status: 'failed' });
  });
});

describe('numbers that are not finite', () => {
  const odd = [NaN, Infinity, -Infinity];

  it.each(['out/y', 'out/y_f32', 'out/y_asis64'])('equal only themselves in %s', (name) => {
    for (const expected of [...odd, 0, 1e308]) {
      for (const actual of [...odd, 0, 1e308]) {
        const { status, worst } = compare(name, 'F64', [0, expected], [0, actual]);
        expect(status).toBe(Object.is(expected, actual) ? 'passed' : 'failed');
        expect(worst).not.toBeNaN();
      }
    }
  });

  it('are found at any position', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.nat(),
        (data, at) => {
          const place = at % data.length;
          const result = compare('out/y', 'F64', data, data.with(place, NaN));
          expect(result).toMatchObject({ status: 'failed', worst: Infinity, at: [place], actual: NaN });
        },
      ),
    );
  });

  it('of opposite sign at the end of the range fail', () => {
    expect(compare('out/y', 'F64', [1.7e308], [-1.7e308])).toMatchObject({ status: 'failed', worst: Infinity });
  });
});

describe('the result', () => {
  it('names the element with the largest error relative to the allowed error', () => {
    const expected = { dtype: 'F64' as const, shape: [2, 3], data: Float64Array.of(1, 2, 3, 1e6, 5, 6) };
    const actual = { shape: [2, 3], data: [1, 2, 3, 1e6 + 1e-4, 5 + 1e-6, 6] };
    const result = compareTensor('inter/m', expected, actual);
    expect(result).toMatchObject({ status: 'failed', at: [1, 1], expected: 5, actual: 5 + 1e-6 });
    expect(result.allowed).toBeCloseTo(5.1e-10, 15);
    expect(result.worst).toBeCloseTo(1e-6 / 5.1e-10, 0);
  });

  it('fails on another shape, even with the same numbers', () => {
    const expected = { dtype: 'F64' as const, shape: [2, 1], data: Float64Array.of(1, 2) };
    for (const shape of [[1, 2], [2], [2, 1, 1], []]) {
      const result = compareTensor('out/y', expected, { shape, data: [1, 2] });
      expect(result).toMatchObject({ status: 'failed', reason: expect.stringContaining('expected [2, 1]') });
    }
  });

  it('fails on too few or too many numbers', () => {
    const expected = { dtype: 'F64' as const, shape: [2], data: Float64Array.of(1, 2) };
    for (const data of [[1], [1, 2, 3], []]) {
      const result = compareTensor('out/y', expected, { shape: [2], data });
      expect(result).toMatchObject({ status: 'failed', reason: expect.stringContaining('do not fill shape [2]') });
    }
  });

  it('passes scalars and tensors without elements', () => {
    const scalar = { dtype: 'F64' as const, shape: [], data: Float64Array.of(1) };
    expect(compareTensor('out/loss', scalar, { shape: [], data: [1] })).toMatchObject({ status: 'passed', at: [] });
    const empty = { dtype: 'F64' as const, shape: [0, 4], data: new Float64Array() };
    expect(compareTensor('grad/w', empty, { shape: [0, 4], data: [] })).toMatchObject({ status: 'passed', at: null });
    expect(compareTensor('grad/w', empty, { shape: [4, 0], data: [] })).toMatchObject({ status: 'failed' });
  });

  it('rejects every single change of an element', () => {
    const numbers = fc.array(fc.double({ noNaN: true, min: -1e3, max: 1e3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(numbers, fc.nat(), fc.constantFrom(1e-6, -1e-6, 1, -1e9), (data, at, by) => {
        const place = at % data.length;
        expect(compare('out/y', 'F64', data, data)).toMatchObject({ status: 'passed', worst: 0 });
        const result = compare('out/y', 'F64', data, data.with(place, data[place]! + by));
        expect(result).toMatchObject({ status: 'failed', at: [place] });
      }),
    );
  });
});
