import { describe, expect, it } from 'vitest';
import { rng } from '../../../src/tensor/random.ts';
import { seed } from '../../support/property.ts';
import { fuzz, kinds } from './fuzz.ts';
import { mutated, mutations } from './mutations.ts';

describe('many damaged', () => {
  // files of settings and of accepted failures take five times as long as others
  it.each(kinds.map((kind) => [kind, ['settings', 'accepted'].includes(kind) ? 400 : 2000] as const))(
    '%s are read or refused, in little time and memory',
    (kind, asked) => {
      const { count, refused } = fuzz(kind, asked, seed);
      expect(count).toBe(asked);
      // some must be refused and some read, so that both outcomes are tested
      expect(refused).toBeGreaterThan(asked / 2);
      expect(refused).toBeLessThan(asked);
    },
  );
});

describe('the damage', () => {
  const bytes = new TextEncoder().encode('{"a": 1, "b": [2, 3], "c": "text"}');

  it.each(Object.entries(mutations))('%s changes bytes, and the same bytes for the same seed', (_, mutation) => {
    const material = { bytes, jsonAt: 0 };
    const damaged = Array.from({ length: 20 }, (_unused, i) => mutation(material, [bytes], rng(i)));
    // megabytes: toEqual would take seconds
    const again = Array.from({ length: 20 }, (_unused, i) => mutation(material, [bytes], rng(i)));
    expect(damaged.every((one, i) => Buffer.compare(one, again[i]!) === 0)).toBe(true);
    expect(damaged.some((one) => Buffer.compare(one, bytes) !== 0)).toBe(true);
  });

  it('does not mutate its input', () => {
    const before = Uint8Array.from(bytes);
    for (let i = 0; i < 200; i++) mutated({ bytes, jsonAt: 0 }, [bytes], rng(i));
    expect(bytes).toEqual(before);
  });
});
