import { describe, expect, it } from 'vitest';
import { presets } from '../../../src/oracle/frozen/presets.ts';
import { casesOf } from './support.ts';

describe('the cases that are chosen of a row', () => {
  // the first candidates of these have outputs of zeros, or gradients without a bound
  it.each([
    ['rotary', 'nano', 'whole'],
    ['continuousSsm', 'nano', 'whole'],
    ['rmsNorm', 'minimal', 'tokenwise'],
    ['transformer', 'minimal', 'parallel'],
  ] as const)('of %s in %s %s reject any number, and zeros', (name, preset, mode) => {
    const cases = casesOf({ ...presets[preset], modesOf: () => [mode] }, name);
    expect(cases.length).toBeGreaterThan(0);
    for (const { accepted } of cases) {
      const all = Object.entries(accepted.tensors);
      expect(all.flatMap(([, { bounds }]) => [...bounds]).every(Number.isFinite)).toBe(true);
      const outputs = all.filter(([tensor]) => tensor.startsWith('out/')).map(([, one]) => one);
      expect(outputs.some(({ right, bounds }) => right.some((x, i) => Math.abs(x) > bounds[i]!))).toBe(true);
    }
  });
});
