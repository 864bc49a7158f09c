import { describe, expect, it } from 'vitest';
import { plot } from '../../src/cli/degradation.ts';

describe('the plot of densessm degradation', () => {
  it('has the largest number at the top and the smallest at the bottom', () => {
    const lines = plot([{ denseLayers: 2, residual: 0, left: [1, 0.1, 0.01] }]);
    expect(lines[0]).toBe('     1.0 │ 2');
    expect(lines[15]).toBe('   0.010 │             2');
    expect(lines.at(-1)).toBe('           0     1     2 layer');
  });
});
