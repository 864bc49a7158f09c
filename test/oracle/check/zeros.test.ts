import { describe, expect, it } from 'vitest';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Tensors } from '../../../src/oracle/case.ts';
import { check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** Checks an operator in a mode at default settings. */
async function rowOf(operator: string, mode: string, twist: Twist): Promise<CheckRow> {
  const options = { cases: 100, longest: 33, seed: 1, operators: [operator], modes: [mode], dtypes: ['F32'] as const };
  return (await check(programBackend({}, twist), options)).rows[0]!;
}

const isZero = (tensors: Tensors, name: string): boolean => tensors[name]!.data.every((x) => x === 0);

/** A copy of an answer with other numbers in the tensors of a prefix. */
const filled = (answer: Map<string, StoredTensor>, prefix: string, value: number): Map<string, StoredTensor> =>
  new Map(
    [...answer].map(([name, x]) => [name, name.startsWith(prefix) ? { ...x, data: x.data.map(() => value) } : x]),
  );

describe('cases find what random numbers hide:', () => {
  it.each<[string, Twist]>([
    [
      'a backward that returns early without a cotangent of the output',
      (answer, { c }) => (isZero(c.cotangents, 'output') ? filled(answer, 'grad/', 0) : answer),
    ],
    [
      'a backward that returns early without a cotangent of the state',
      (answer, { c }) => (isZero(c.cotangents, 'state') ? filled(answer, 'grad/', 0) : answer),
    ],
    [
      'a backward that is right only without a cotangent of the state',
      (answer, { c }) => (isZero(c.cotangents, 'state') ? answer : filled(answer, 'grad/k', 1)),
    ],
    [
      'NaN where q is 0, from a norm by which it divides',
      (answer, { c }) => (isZero(c.inputs, 'q') ? filled(answer, 'out/output', Number.NaN) : answer),
    ],
    [
      'an answer of zeros where k is 0, without the state',
      (answer, { c }) => (isZero(c.inputs, 'k') ? filled(answer, 'out/', 0) : answer),
    ],
    [
      'NaN where the state is 0',
      (answer, { c }) => (isZero(c.inputs, 'state') ? filled(answer, 'out/', Number.NaN) : answer),
    ],
  ])('%s', async (_what, twist) => {
    expect(await rowOf('retention', 'recurrent', twist)).toMatchObject({ gradients: 'FAIL' });
  });
});
