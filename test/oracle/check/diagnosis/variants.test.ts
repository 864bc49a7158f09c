import { describe, expect, it } from 'vitest';
import type { Case } from '../../../../src/oracle/case.ts';
import { variants } from '../../../../src/oracle/check/diagnosis/variants.ts';

const numbers = (...data: number[]) => ({ shape: [data.length], data: Float64Array.from(data) });
const caseOf = (inputs: Case['inputs'], position = 0): Case => ({
  inputs,
  cotangents: { output: numbers(0), state: numbers(1) },
  settings: { position },
  seed: 1,
  values: 'normal',
});

describe('variants of a failing case', () => {
  const first = caseOf({ q: numbers(9), k: numbers(0), state: numbers(1) }, 3);
  /** The claims that another failing case contradicts. */
  const falseOf = (failing: Case): string[] =>
    variants(first, true)
      .filter(({ isFalse }) => isFalse(failing))
      .map(({ says }) => says);

  it('mean nothing that another failing case contradicts', () => {
    expect(falseOf(first)).toEqual([]);
    const other = {
      ...caseOf({ q: numbers(1), k: numbers(2), state: numbers(0) }),
      cotangents: { output: numbers(1) },
    };
    expect(falseOf(other)).toEqual([
      'wrong only where the cotangent of output is zeros',
      'wrong only where k is zeros',
      'right where the inputs lie between -4 and 4',
      'right where position is 0',
    ]);
  });
});
