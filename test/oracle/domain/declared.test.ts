import { describe, expect, it } from 'vitest';
import { domainFrom } from '../../../src/oracle/domain/declared.ts';
import { askedWords, meets } from '../../../src/oracle/domain/domain.ts';
import { unknownNames } from '../../../src/oracle/domain/known.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { InputError } from '../../../src/tensor/errors.ts';

const operatorOf = (name: string): Operator => operators.find((one) => one.name === name)!;

const domain = domainFrom(
  {
    axes: { b: 1, d: [16, 32], e: 'd', t: { multipleOf: 16, atMost: 64 } },
    inputs: { gate: { atLeast: -20 }, state: 0, q: 'finite' },
    settings: { chunkSize: [16, 32] },
    cotangents: { state: 0 },
  },
  'mine',
);

describe('a domain', () => {
  it('has known names only, and says what it is', () => {
    expect(unknownNames(operatorOf('simpleGla'), domain)).toEqual([]);
    expect(askedWords(domain, { b: [1], d: [16, 32], e: [16, 32], t: [16, 32, 48] })).toEqual([
      'b = 1',
      'd in {16, 32}',
      'e = d',
      't in {16, 32, 48}',
      'gate at least -20',
      'state = 0',
      'q finite',
      'chunkSize in {16, 32}',
      'cotangent of state = 0',
    ]);
  });

  it.each([
    [{ atLeast: 2, below: 5 }, [2, 3, 4.5], [1, 5, Number.POSITIVE_INFINITY, 'x']],
    [{ above: 0, atMost: 1 }, [0.5, 1, [0.25, 1]], [0, -1, [0.5, 0]]],
    [{ powerOf: 2 }, [1, 2, 64], [0, 3, 48]],
    [{ multipleOf: 16 }, [16, 32], [8, 17]],
    [true, [true], [false, 1]],
    [['token', 'group'], ['token'], ['constant']],
    [
      [[0.5, 1], [0]],
      [[0.5, 1], [0]],
      [[1, 0.5], [0.5], 0.5, [0, 0]],
    ],
  ])('of %j admits %j, and not %j', (declared, inside, outside) => {
    const { one } = domainFrom({ settings: { one: declared } }, 'mine').settings;
    expect(inside.filter((x) => !meets(one!, x))).toEqual([]);
    expect(outside.filter((x) => meets(one!, x))).toEqual([]);
  });
});

describe('a wrong domain is refused with its value and the remedy', () => {
  it.each([
    [[], 'mine is []; it is an object with axes, inputs, settings, cotangents'],
    [
      { axis: {} },
      `mine has "axis", which is not known; known are axes, inputs, settings, cotangents (did you mean 'axes'?)`,
    ],
    [{ axes: [16] }, 'mine: axes is [16]; it is an object with an entry for each name'],
    [
      { axes: { d: -1 } },
      'mine: axes: "d" is -1; it is a whole number from 0 to 65536, a list of these, or an object with',
    ],
    [
      { axes: { d: [16, '32'] } },
      'mine: axes: "d" is the list [16,"32"]; each entry is a whole number from 0 to 65536',
    ],
    [{ axes: { d: [] } }, 'and there is at least one'],
    [{ settings: { decay: [[0.5], 1] } }, 'where an entry is a list, each is'],
    [{ axes: { d: [[16]] } }, 'each entry is a whole number from 0 to 65536'],
    [{ axes: { t: { multiple: 16 } } }, `mine: axes: "t" has "multiple", which is not known`],
    [{ axes: { t: { multipleof: 16 } } }, `(did you mean 'multipleOf'?)`],
    [{ axes: { t: { multipleOf: 0 } } }, 'mine: axes: "t" has multipleOf 0; it is a whole number, at least 1'],
    [{ axes: { t: { powerOf: 1 } } }, 'mine: axes: "t" has powerOf 1; it is a whole number, at least 2'],
    [
      { axes: { t: { multipleOf: 16, atMost: 8, atLeast: 1 } } },
      'mine: axes: "t" is a multiple of 16, at least 1 and at most 8: no length up to 65536 is; widen it',
    ],
    [
      { axes: { t: {} } },
      'mine: axes: "t" is {}; give one of atLeast, atMost, above, below, multipleOf, powerOf, or leave it out',
    ],
    [
      { inputs: { gate: 'finit' } },
      `mine: inputs: "gate" is "finit"; the words are given, absent, finite (did you mean 'finite'?)`,
    ],
    [{ inputs: { gate: { atLeast: '0' } } }, 'mine: inputs: "gate" has atLeast "0"; it is a finite number'],
    [{ inputs: { gate: { atLeast: 0, above: 0 } } }, 'mine: inputs: "gate" has atLeast and above; give one of them'],
    [{ inputs: { gate: { above: 1, atMost: 1 } } }, 'mine: inputs: "gate" is = 1: no number is; widen it'],
    [
      { inputs: { gate: [0] } },
      'mine: inputs: "gate" is [0]; it is a number, one of the words given, absent, finite, or an object with',
    ],
    [
      { settings: { chunkSize: null } },
      'mine: settings: "chunkSize" is null; it is a number, a text, true or false, a list of these',
    ],
    [{ cotangents: { state: 1 } }, 'mine: cotangents: "state" is 1; it is 0, or left out'],
  ])('%j', (declared, message) => {
    expect(() => domainFrom(declared, 'mine')).toThrow(InputError);
    expect(() => domainFrom(declared, 'mine')).toThrow(message);
  });

  it.each([
    [
      { axes: { D: 16 } },
      `the axis "D", which is not known; known are b, h, t, d, e (q bhtd, k bhtd, v bhte, state bhde, gate bht -> output bhte, state bhde) (did you mean 'd'?)`,
    ],
    [{ axes: { e: 'f' } }, 'the axis "f", which is not known'],
    [{ axes: { e: 'd', d: 'e' } }, 'says that e is as long as d; name a letter that is not itself as long as another'],
    [
      { inputs: { gates: 'finite' } },
      `the input "gates", which is not known; known are q, k, v, state, gate (did you mean 'gate'?)`,
    ],
    [{ inputs: { q: 'absent' } }, 'says that q is absent; it is always given: leave that out'],
    [
      { settings: { chunksize: 16 } },
      `the setting "chunksize", which is not known; known are chunkSize, scale, lengths, padding (did you mean 'chunkSize'?)`,
    ],
    [
      { cotangents: { states: 0 } },
      `the output "states", which is not known; known are output, state (did you mean 'state'?)`,
    ],
  ])('%j, by its names', (declared, message) => {
    const [first] = unknownNames(operatorOf('simpleGla'), domainFrom(declared, 'mine'));
    expect(first).toContain(`its domain of simpleGla ${message.startsWith('says') ? '' : 'has '}${message}`);
  });
});
