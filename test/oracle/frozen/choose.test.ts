import { describe, expect, it } from 'vitest';
import { presets } from '../../../src/oracle/frozen/presets.ts';
import { casesOf } from './support.ts';

describe('the cases that are chosen of a row', () => {
  // the first candidates of these have outputs of zeros, gradients without a bound, or with bounds as large as they are
  it.each([
    ['rotary', 'nano', 'whole'],
    ['continuousSsm', 'nano', 'whole'],
    ['rmsNorm', 'minimal', 'tokenwise'],
    ['transformer', 'minimal', 'parallel'],
    ['transformer', 'nano', 'chunkwise'],
    ['deltaRule', 'nano', 'chunkwise'],
  ] as const)('of %s in %s %s reject any number, and zeros', (name, preset, mode) => {
    const cases = casesOf({ ...presets[preset], modesOf: () => [mode] }, name);
    expect(cases.length).toBeGreaterThan(0);
    for (const { accepted } of cases) {
      const all = Object.entries(accepted.tensors);
      expect(all.flatMap(([, { bounds }]) => [...bounds]).every(Number.isFinite)).toBe(true);
      const vague = all.filter(
        ([, { right, bounds }]) => right.some((x) => x !== 0) && right.every((x, i) => Math.abs(x) <= bounds[i]!),
      );
      expect(vague.map(([tensor]) => tensor)).toEqual([]);
      const outputs = all.filter(([tensor]) => tensor.startsWith('out/')).map(([, one]) => one);
      expect(outputs.some(({ right, bounds }) => right.some((x, i) => Math.abs(x) > bounds[i]!))).toBe(true);
    }
  });
});
