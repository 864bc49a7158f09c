import { describe, expect, it } from 'vitest';
import { changeOverTokens, medianShares } from '../../src/measure/change-over-tokens.ts';
import type { Connection } from '../../src/measure/network.ts';
import { remainingChange } from '../../src/measure/remaining-change.ts';

const sizes = { layers: 4, count: 3, seed: 5 };
const each = changeOverTokens({ ...sizes, tokens: 4 });
const measure = (connection: Connection) => medianShares(each(connection));
const dense = { denseLayers: 2, residual: 0 };

describe('changeOverTokens', () => {
  it.each([0, 1, 3])('measures what remainingChange measures, at the first token, with m = %i', (denseLayers) => {
    const connection = { denseLayers, residual: 0.5, pass: 'fused' } as const;
    const [single] = remainingChange({ ...sizes, of: 'stacks', connections: [connection] });
    measure(connection).forEach((row, l) => {
      expect(row).toHaveLength(4);
      expect(row[0]).toBeCloseTo(single!.left[l]!, 12);
    });
  });

  it('carries the fused state to later tokens only', () => {
    const [raw, fused] = [measure(dense), measure({ ...dense, carry: 'fused' })];
    for (const [l, row] of raw.entries()) {
      expect(fused[l]![0]).toBeCloseTo(row[0]!, 12);
      // layer 0 has no sources, so it carries the same
      if (l === 0) expect(fused[l]).toEqual(row);
      else expect(fused[l]![1]).not.toBeCloseTo(row[1]!, 3);
    }
  });

  it('measures each stack by itself', () => {
    const stacks = each(dense);
    expect(stacks).toHaveLength(sizes.count);
    const sorted = stacks.map((shares) => shares[4]![2]!).toSorted((a, b) => a - b);
    expect(new Set(sorted).size).toBe(sizes.count);
    expect(measure(dense)[4]![2]).toBe(sorted[1]);
  });

  it('has closed gates that connect nothing, and half-open ones that do', () => {
    const none = measure({ denseLayers: 0, residual: 0 });
    expect(measure({ ...dense, gates: 0 })).toEqual(none);
    expect(measure({ ...dense, gates: 0.5 })).not.toEqual(none);
  });
});
