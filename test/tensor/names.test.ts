import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../src/tensor/names.ts';

describe('nearest', () => {
  it.each([
    ['retentoin', 'retention'],
    ['RETENTION', 'retention'],
    ['linearscan', 'linearScan'],
    ['linear', 'linearScan'],
    ['tent', undefined],
    ['retension', 'retention'],
    ['retnetoin', 'retention'],
    ['serial', undefined],
    ['', undefined],
    [undefined, undefined],
    [3, undefined],
  ])('finds for %o %o', (name, expected) => {
    expect(nearest(name, ['linearScan', 'retention', 'retentions'])).toBe(expected);
  });

  it('finds the stem of names that begin with a text', () => {
    expect(nearest('chunk', ['chunkwise/packed', 'chunkwise', 'chunkwise/padded'])).toBe('chunkwise');
    expect(nearest('chunk', ['chunkwise', 'chunks'])).toBe('chunks');
  });

  it('finds no name in an empty list', () => {
    expect(nearest('retention', [])).toBeUndefined();
    expect(didYouMean('retention', [])).toBe('');
  });
});
