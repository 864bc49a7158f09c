import { describe, expect, it } from 'vitest';
import { exactly, isRight, within } from '../../src/oracle/compare.ts';

const numbers = (...x: number[]): { y: Float64Array } => ({ y: Float64Array.from(x) });
const one = (): number => 1;

describe('within', () => {
  it('takes the worst share of an allowance', () => {
    expect(within(numbers(1, 2.5), numbers(1, 2), one)).toMatchObject({ ratio: 0.5, error: 0.25, compared: 2 });
    expect(isRight(within(numbers(3.5), numbers(2), one))).toBe(false);
  });

  it.each([
    ['a missing name', {}, numbers(1)],
    ['another length', numbers(1, 2), numbers(1)],
    ['a NaN instead of a number', numbers(Number.NaN), numbers(1)],
    ['a number instead of a NaN', numbers(1), numbers(Number.NaN)],
    ['an infinity instead of a number', numbers(Number.POSITIVE_INFINITY), numbers(1)],
  ])('gives an infinite ratio for %s', (_what, actual, expected) => {
    expect(within(actual, expected, one).ratio).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives an infinite ratio for an infinite or NaN allowance', () => {
    expect(within(numbers(1), numbers(1), () => Number.POSITIVE_INFINITY).ratio).toBe(Number.POSITIVE_INFINITY);
    expect(within(numbers(1), numbers(1), () => Number.NaN).ratio).toBe(Number.POSITIVE_INFINITY);
  });

  it('counts loose allowances', () => {
    expect(within(numbers(1, 1000), numbers(1, 1000), (_name, i) => [2, 0.5][i]!).loose).toBe(1);
  });

  it('accepts equal infinities, NaNs and zeros as equal', () => {
    expect(
      exactly(numbers(Number.NaN, Number.NEGATIVE_INFINITY), numbers(Number.NaN, Number.NEGATIVE_INFINITY)).ratio,
    ).toBe(0);
    expect(exactly(numbers(0), numbers(-0)).ratio).toBe(0);
    expect(exactly(numbers(1), numbers(1 + 2 ** -52)).ratio).toBe(Number.POSITIVE_INFINITY);
  });
});
