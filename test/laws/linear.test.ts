import { expect, it } from 'vitest';
import { isRight } from '../../src/oracle/compare.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { testLaw } from './support.ts';

testLaw('linear');

it('the law linear accepts addition of inputs that nearly cancel', () => {
  const law = laws.find(({ name }) => name === 'linear')!;
  const operator = operators.find(({ name }) => name === 'fuseByAddition')!;
  const one = (x: number) => ({ shape: [1, 1, 1], data: Float64Array.of(x) });
  // the bound of a sum of two is relative to the sum, so a rounded input would exceed it a million times
  const inputs = { h: one(1e6 + 0.1), 'selected.0': one(-1e6) };
  for (let seed = 1; seed <= 20; seed++) {
    const c = { inputs, cotangents: { fused: one(1) }, settings: {}, seed, values: 'normal' } as const;
    expect(isRight(law.check({ operator, mode: 'whole', program: operator.modes.whole! }, c))).toBe(true);
  }
});
