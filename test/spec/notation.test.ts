import { describe, expect, it } from 'vitest';
import { add, dot, given, hadamard, matVec, outer, power, sigmoid, silu, sum, vecMat } from '../../spec/index.ts';

describe('notation', () => {
  it('includes both ends in sums, and gives 0 for an empty sum', () => {
    expect(sum(1, 4, (i) => i * i)).toBe(30);
    expect(sum(3, 2, () => 1)).toBe(0);
  });

  it('takes powers by multiplication: powers of 1/2 are exact', () => {
    for (let n = 0; n < 60; n++) expect(power(0.5, n)).toBe(1 / 2 ** n);
  });

  it('stores weights [out, in]', () => {
    const weight = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(matVec(weight, [1, 0, 2])).toEqual([7, 16]);
    expect(vecMat([1, 2], weight)).toEqual([9, 12, 15]);
    expect(outer([1, 2], [3, 4, 5])).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
  });

  it('maps an empty vector to zeros', () => {
    expect(matVec([[], [], []], [])).toEqual([0, 0, 0]);
    expect(dot([], [])).toBe(0);
  });

  it('keeps sigmoid finite and accurate in both tails', () => {
    expect(sigmoid(800)).toBe(1);
    expect(sigmoid(-800)).toBe(0);
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(-700) / Math.exp(-700)).toBe(1);
    expect(silu(-800)).toBe(-0);
    expect(silu(800)).toBe(800);
  });

  it('refuses operands of different lengths', () => {
    for (const call of [add, hadamard, dot]) expect(() => call([1, 2], [1])).toThrow(/2 entries .* 1 on the right/);
    expect(() => vecMat([1], [])).toThrow('vecMat: 1 entries');
    expect(() => given(undefined, 'norm')).toThrow('norm is missing');
  });
});
