import { describe, expect, it } from 'vitest';
import type { Answer, FailureKind } from '../../../src/oracle/backends/backend.ts';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { programBackend, type Twist } from './program-backend.ts';

const size = { cases: 40, longest: 17, seed: 3 };

/** Checks retention in recurrent mode and F32. */
const checked = (twist: Twist, more: Partial<CheckOptions> = {}): Promise<CheckReport> =>
  check(programBackend({}, twist), {
    ...size,
    operators: ['retention'],
    modes: ['recurrent'],
    dtypes: ['F32'],
    ...more,
  });

const failing = (kind: FailureKind): Answer => ({ kind: 'failure', failure: { kind, message: kind, stderr: [] } });

const wrong: Twist = (answer) =>
  new Map([...answer].map(([name, x]) => [name, { ...x, data: x.data.map((value) => value + 1) }]));

describe('the total limit', () => {
  it('leaves rows unchecked, with no failure', async () => {
    const { ok, rows } = await checked((answer) => answer, { total: -1 });
    expect(ok).toBe(false);
    expect(rows[0]).toMatchObject({
      outputs: 'UNCHECKED',
      gradients: 'UNCHECKED',
      finding: null,
      notes: ['no time was left after 0 of 40 cases'],
    });
  });

  it('is no failure of the question that it cuts off', async () => {
    let asked = 0;
    const { rows } = await checked((answer) => (++asked < 12 ? answer : failing('out-of-time')));
    expect(rows[0]).toMatchObject({ outputs: 'UNCHECKED', gradients: 'UNCHECKED', finding: null, cut: true });
    expect(rows[0]!.cases).toBeGreaterThan(5);
  });

  it('keeps a failure that was found before, and stops its shrinking', async () => {
    let asked = 0;
    const { rows } = await checked((answer, question) =>
      ++asked < 6 ? wrong(answer, question) : failing('out-of-time'),
    );
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'wrong out/output' } });
    expect(asked).toBe(6);
  });

  it('shrinks a late answer to other late answers only', async () => {
    const { rows } = await checked((answer, { c }) => (c.inputs.q!.shape[2]! > 4 ? failing('timeout') : answer));
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'timeout' } });
    expect(rows[0]!.finding!.smallest.inputs.q!.shape[2]).toBe(5);
  });
});
