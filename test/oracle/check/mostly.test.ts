import { expect, it } from 'vitest';
import { mostlyOne } from '../../../src/oracle/check/mostly.ts';

it.each([
  [{}, 'all 0'],
  [{ 7: 1 }, 'all 0 except [1, 0, 3] = 1'],
  [{ 0: -0.5, 23: Number.NEGATIVE_INFINITY }, 'all 0 except [0, 0, 0] = -0.5, [5, 0, 3] = -Infinity'],
  [{ 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7 }, null],
] as const)('a tensor of zeros with %j is %s', (others, words) => {
  const x = {
    shape: [6, 1, 4],
    data: Float64Array.from({ length: 24 }, (_, i) => others[i as keyof typeof others] ?? 0),
  };
  expect(mostlyOne(x, String)).toBe(words);
  const ones = { ...x, data: new Float64Array(24).fill(1) };
  expect(mostlyOne(ones, String)).toBe('all 1');
});
