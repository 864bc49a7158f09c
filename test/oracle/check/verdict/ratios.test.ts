import { expect, it } from 'vitest';
import { bothRatios, medianOf, noRatios, ratiosOf } from '../../../../src/oracle/check/verdict/ratios.ts';
import { rng } from '../../../../src/tensor/random.ts';

it('medianOf is the median up to a factor of 2^¼, also for two merged lists', () => {
  const random = rng(1);
  const list = Array.from({ length: 1001 }, () => 2 ** (6 * random.normal()));
  const median = list.toSorted((a, b) => a - b)[500]!;
  for (const ratios of [ratiosOf(list), bothRatios(ratiosOf(list.slice(0, 300)), ratiosOf(list.slice(300)))]) {
    expect(ratios.count).toBe(1001);
    expect(ratios.max).toBe(Math.max(...list));
    expect(medianOf(ratios)).toBeGreaterThanOrEqual(median);
    expect(medianOf(ratios)).toBeLessThanOrEqual(median * 2 ** 0.25);
  }
});

it('zeros, infinities and NaN are counted correctly', () => {
  expect(medianOf(noRatios)).toBe(0);
  expect(medianOf(ratiosOf([0, 0, 5]))).toBe(0);
  expect(ratiosOf([1, Number.NaN]).max).toBe(Number.POSITIVE_INFINITY);
  expect(medianOf(ratiosOf([0.3]))).toBe(0.3);
});
