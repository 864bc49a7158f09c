import { expect, it } from 'vitest';
import { large, temporarily, zeros } from '../../src/executors/f64/allocate.ts';

const lengths = [3, 9, 200, large, large + 1, 2 ** 17, 2 ** 17 + 1];

it('temporary arrays are zeros, whatever was written before, and share no numbers', () => {
  for (let run = 0; run < 3; run++) {
    temporarily(() => {
      const arrays = lengths.map(zeros);
      for (const [i, array] of arrays.entries()) {
        expect(array).toEqual(new Float64Array(lengths[i]!));
        array.fill(i + 1);
      }
      for (const [i, array] of arrays.entries()) expect(array.every((x) => x === i + 1)).toBe(true);
    });
  }
});

it('more temporary arrays than are kept for the next time are zeros too', () => {
  for (let run = 0; run < 2; run++) {
    temporarily(() => {
      const arrays = Array.from({ length: 50 }, () => zeros(2 ** 17).fill(1, 0, 2));
      expect(arrays.every((array) => array[0] === 1 && array[2] === 0)).toBe(true);
      expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(50);
    });
  }
});

it('arrays made before and after are no temporary ones, also after an error', () => {
  const before = zeros(200).fill(1);
  expect(() =>
    temporarily(() => {
      temporarily(() => zeros(200).fill(2));
      // the inner computation does not end the outer one
      expect(zeros(200).every((x) => x === 0)).toBe(true);
      throw new Error('as a shape is wrong');
    }),
  ).toThrow('as a shape is wrong');
  const after = zeros(200).fill(3);
  temporarily(() => zeros(200).fill(4));
  expect([before[0], after[0]]).toEqual([1, 3]);
});
