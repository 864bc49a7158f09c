import { describe, expect, it } from 'vitest';
import { check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** Adds 1 to the output of an answer where `isWrong` says so. */
const twisted =
  (isWrong: (a: Float64Array, [batch, tokens]: readonly number[]) => boolean): Twist =>
  (answer, { c }) => {
    const { data, shape } = c.inputs.a!;
    const output = answer.get('out/output')!;
    return isWrong(data, shape) ? answer.set('out/output', { ...output, data: output.data.map((x) => x + 1) }) : answer;
  };

async function rowOf(twist: Twist): Promise<CheckRow> {
  const { rows } = await check(programBackend({}, twist), {
    cases: 60,
    seed: 1,
    operators: ['linearScan'],
    modes: ['recurrent'],
    dtypes: ['F32'],
  });
  return rows[0]!;
}

describe('a row that fails in short sequences', () => {
  it('reports a failure of long ones beside it, and where it begins', async () => {
    const { finding, also } = await rowOf(twisted((_a, [batch, tokens]) => batch === 2 || tokens! > 99));
    expect(finding!.smallest.inputs.a!.shape).toEqual([2, 1, 1]);
    expect(also.map(({ kind }) => kind)).toEqual(['wrong out/output']);
    expect(also[0]!.hints).toContain('at other lengths: right up to t = 99, wrong from t = 100 on');
  });

  it.each([
    ['fails alike in long ones', twisted((_a, [batch]) => batch! < 3)],
    ['fails at some numbers, which are more in long ones', twisted((a) => a.some((x) => x > 0.95 && x < 1))],
  ])('reports none that %s', async (_what, twist) => {
    const { finding, also } = await rowOf(twist);
    expect(finding).not.toBeNull();
    expect(also).toEqual([]);
  });
});
