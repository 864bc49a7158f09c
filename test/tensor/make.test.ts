/** Values from numbers with a shape, as text and as JSON. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import {
  f32,
  grad,
  indices,
  input,
  ones,
  read,
  scalar,
  sum,
  tensor,
  toNested,
  type Value,
  zeros,
} from '../../src/index.ts';

describe('a value', () => {
  it.each<[Value, string]>([
    [
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'tensor [2, 2] = [[1, 2], [3, 4]]',
    ],
    [scalar(0.1 + 0.2), 'tensor [] = 0.3'],
    [tensor([-0, Number.NEGATIVE_INFINITY, Number.NaN]), 'tensor [3] = [-0, -Infinity, NaN]'],
    [indices([[1], [0]]), 'indices [2, 1] = [[1], [0]]'],
    [input(f32, [0.1], [1]), 'tensor [1] on f32 = [0.1]'],
    [zeros([0, 3]), 'tensor [0, 3] = []'],
    [zeros([50, 3]), 'tensor [50, 3] = [[0, 0, 0], [0, 0, 0], [0, 0, 0], …, [0, 0, 0], [0, 0, 0], [0, 0, 0]]'],
    [ones([2, 10, 10]), 'tensor [2, 10, 10] = [[[1, …, 1], …, [1, …, 1]], [[1, …, 1], …, [1, …, 1]]]'],
  ])('prints its shape and numbers: %s', (x, text) => {
    expect([String(x), inspect(x)]).toEqual([text, text]);
  });

  it('prints in a gradient call, and after it', () => {
    const seen: Value[] = [];
    grad(
      (x) => {
        seen.push(x);
        expect(String(x)).toBe('tensor [2] on tape on f64 = [1, 2]');
        return sum(x);
      },
      tensor([1, 2]),
    );
    expect(String(seen[0])).toBe('tensor [2] on tape on f64 = [1, 2]');
  });

  it('prints without numbers where there are none yet', () => {
    const later = {
      ...f64,
      name: 'later',
      read: () => {
        throw new Error('not computed');
      },
    };
    expect(String(input(later, [1, 2], [2]))).toBe('tensor [2] on later');
  });

  it('refuses an axis that is no number, and a size that no array has', () => {
    const remedy = 'not a number; write an integer, as 0 or -1, or a list of them';
    expect(() => sum(ones([2, 2]), '1' as never)).toThrow(`sum: an axis is of type string, ${remedy}`);
    expect(() => sum(ones([2, 2]), [[0]] as never)).toThrow(`sum: an axis is of type object, ${remedy}`);
    expect(() => zeros([1e9, 1e9])).toThrow(
      'zeros: shape [1000000000, 1000000000] has 1000000000000000000 numbers, which no array can hold; use a smaller one',
    );
  });

  it('is its shape, kind and numbers as JSON', () => {
    const json = JSON.stringify({ x: tensor([1, Number.POSITIVE_INFINITY]), at: indices([2]) });
    expect(JSON.parse(json)).toEqual({
      x: { shape: [2], kind: 'real', data: [1, 'Infinity'] },
      at: { shape: [1], kind: 'index', data: [2] },
    });
  });
});

describe('tensor with a shape', () => {
  it('takes flat lists and typed arrays, and copies them', () => {
    const numbers = Float32Array.of(1, 2, 3, 4);
    const x = tensor(numbers, [2, 2]);
    numbers[0] = 9;
    expect(toNested(x)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(toNested(tensor([1, 2, 3, 4], [2, 2]))).toEqual(toNested(x));
    expect(tensor(numbers).shape).toEqual([4]);
    expect(toNested(indices(Int32Array.of(1, 0), [2, 1]))).toEqual([[1], [0]]);
    expect(toNested(scalar(3))).toBe(3);
    expect(read(tensor([[1, 2]], [1, 2]))).toEqual(Float64Array.of(1, 2));
  });

  it.each<[string, () => unknown, string]>([
    ['numbers that do not fill it', () => tensor([1, 2, 3], [2, 2]), 'tensor: 3 numbers do not fill shape [2, 2]'],
    [
      'nested lists of another',
      () =>
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          [4],
        ),
      'tensor: lists of shape [2, 2] are not [4]',
    ],
    ['a number for it', () => tensor([1, 2], 2 as never), 'tensor: the shape is 2, not a list of axis lengths'],
    ['no list for it', () => ones(3 as never), 'ones: the shape is 3, not a list of axis lengths'],
    ['integers of 64 bits', () => tensor(BigInt64Array.of(1n) as never), 'tensor: element [] is 1, neither a number'],
    ['fractions as indices', () => indices([0.5], [1]), 'indices: element 0 is 0.5'],
  ])('refuses %s', (_, f, message) => {
    expect(f).toThrow(message);
  });
});
