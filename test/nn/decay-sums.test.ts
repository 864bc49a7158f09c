import { describe, expect, it } from 'vitest';
import { decaySums } from '../../src/nn/retention/decay-tables.ts';

/** Every sum from the first on, whatever was reached. */
function plainly(gamma: number, position: number, t: number): number[] {
  const sums: number[] = [];
  for (let n = 0, total = 0; n < position + t; n++) {
    total = gamma * total + 1;
    if (n >= position) sums.push(total);
  }
  return sums;
}

describe('sums of decay', () => {
  it.each([
    [0, 1],
    [0, 5],
    [3, 4],
    [30, 200],
    [5_000, 3],
    [60_000, 2],
  ])(
    'from position %i, %i of them, are those of every addition, bit for bit, also after their limit',
    (position, t) => {
      const decay = [0, 0.5, 1 - 2 ** -5, 1 - 2 ** -9, 1, 0.3, -0.5];
      expect([...decaySums(decay, position, t)]).toEqual(decay.flatMap((gamma) => plainly(gamma, position, t)));
    },
  );
});
