import { describe, expect, it } from 'vitest';
import { plot } from '../../src/cli/degradation.ts';
import { remainingChange } from '../../src/measure/remaining-change.ts';

describe('the plot of densessm degradation', () => {
  it('has the largest number at the top and the smallest at the bottom', () => {
    const lines = plot([{ denseLayers: 2, residual: 0, left: [1, 0.1, 0.01] }]);
    expect(lines[0]).toBe('     1.0 │ 2');
    expect(lines[15]).toBe('   0.010 │             2');
    expect(lines.at(-1)).toBe('           0     1     2 layer');
  });
});

describe('the measurement of densessm degradation', () => {
  it('says how far it is before each network', () => {
    const told: number[][] = [];
    const connections = [0, 1].map((denseLayers) => ({ denseLayers, residual: 0 }));
    const onProgress = (...progress: number[]) => told.push(progress);
    remainingChange({ of: 'stacks', layers: 1, count: 2, seed: 1, connections, onProgress });
    expect(told).toEqual([0, 1, 2, 3].map((done) => [done, 4]));
  });
});
