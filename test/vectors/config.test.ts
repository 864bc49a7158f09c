import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/tensor/errors.ts';
import {
  booleanIn,
  choiceIn,
  integerIn,
  integerOrNullIn,
  numberIn,
  numbersIn,
  numbersOrNullIn,
} from '../../src/vectors/config.ts';

const config = { size: 4, eps: 1e-6, pad: null, deep: false, kind: 'a', gammas: [0.5, 1], text: '4', half: 0.5 };

describe('reading a config', () => {
  it('returns the stored fields', () => {
    expect(integerIn(config, 'size')).toBe(4);
    expect(numberIn(config, 'eps')).toBe(1e-6);
    expect(integerOrNullIn(config, 'pad')).toBeNull();
    expect(integerOrNullIn(config, 'size')).toBe(4);
    expect(booleanIn(config, 'deep')).toBe(false);
    expect(choiceIn(config, 'kind', ['a', 'b'])).toBe('a');
    expect(choiceIn(config, 'deep', [false])).toBe(false);
    expect(choiceIn(config, 'pad', [null, 0])).toBeNull();
    expect(numbersIn(config, 'gammas')).toEqual([0.5, 1]);
    expect(numbersOrNullIn(config, 'gammas')).toEqual([0.5, 1]);
  });

  it('takes missing keys for null, where null is allowed', () => {
    expect(integerOrNullIn(config, 'heads')).toBeNull();
    expect(choiceIn(config, 'activation', ['silu', null])).toBeNull();
    expect(numbersOrNullIn(config, 'chunks')).toBeNull();
    expect(numbersOrNullIn(config, 'pad')).toBeNull();
  });

  it.each<[string, () => unknown]>([
    ['config.heads is missing; expected an integer ≥ 1', () => integerIn(config, 'heads')],
    ['config.toString is missing; expected a number', () => numberIn(config, 'toString')],
    ['config.text is "4"; expected an integer ≥ 1', () => integerIn(config, 'text')],
    ['config.half is 0.5; expected an integer ≥ 1', () => integerIn(config, 'half')],
    ['config.size is 4; expected an integer ≥ 5', () => integerIn(config, 'size', 5)],
    ['config.pad is null; expected a number', () => numberIn(config, 'pad')],
    ['config.half is 0.5; expected an integer ≥ 0', () => integerOrNullIn(config, 'half')],
    ['config.size is 4; expected true or false', () => booleanIn(config, 'size')],
    ['config.kind is "a"; expected one of "b", null', () => choiceIn(config, 'kind', ['b', null])],
    ['config.size is 4; expected a list of numbers', () => numbersIn(config, 'size')],
    ['config.list is [1,"2"]; expected a list of numbers', () => numbersIn({ list: [1, '2'] }, 'list')],
  ])('fails: %s', (message, read) => {
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });
});
