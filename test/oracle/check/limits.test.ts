import { describe, expect, it } from 'vitest';
import type { Answer, FailureKind } from '../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { repeater } from '../../../src/oracle/check/repeats.ts';
import { rng } from '../../../src/tensor/random.ts';
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
    expect(rows[0]!.cases).toBeGreaterThan(2);
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

describe('races', () => {
  /** Answers wrongly at one call in `of`, by a seed. */
  const racing = (of: number, seed: number): Twist => {
    const random = rng(seed);
    return (answer, question) => (random.integer(of) === 0 ? wrong(answer, question) : answer);
  };

  it.each([1, 3, 5])('of one call in 100 are found by the calls of 100 cases (seed %d)', async (seed) => {
    const { rows } = await checked(racing(100, seed), { cases: 100, longest: 5, operators: ['linearScan'], seed });
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'nondeterministic' } });
    expect(rows[0]!.finding!.message).toMatch(/^nondeterministic: \d+ of \d+ answers to one question are wrong: out\//);
  });

  it('are counted, and shrunk where they are frequent', async () => {
    const { rows } = await checked(racing(3, 1), { longest: 5, operators: ['linearScan'] });
    const { message, smallest } = rows[0]!.finding!;
    const [, wrong, of] = /^nondeterministic: (\d+) of (\d+) answers/.exec(message)!.map(Number);
    expect(of).toBeGreaterThan(10);
    expect(Math.abs(wrong! / of! - 1 / 3)).toBeLessThan(1 / 4);
    expect(smallest.inputs.a!.shape[1]).toBe(1);
  });

  it('are looked for with about 235 calls for 100 cases, and as often as the caller says', () => {
    const random = rng(5);
    const c = (length: number): Case => ({
      inputs: { x: { shape: [length], data: new Float64Array(length) } },
      cotangents: {},
      settings: {},
      seed: 1,
      values: 'normal',
    });
    const lengths = Array.from({ length: 100 }, () => 1 + random.integer(30));
    const [usual, five] = [repeater(), repeater(5)];
    const repeats = lengths.map((length) => usual(c(length)));
    expect(repeats.reduce((sum, one) => sum + one)).toBeGreaterThan(130);
    expect(repeats.reduce((sum, one) => sum + one)).toBeLessThan(140);
    // mostly small cases, but some large ones too
    expect(repeats.filter((one, i) => one > 0 && lengths[i]! > 20).length).toBeGreaterThan(0);
    expect(lengths.map((length) => five(c(length)))).toEqual(lengths.map(() => 4));
  });

  it('that break a backend are failures, even if the first answer was right', async () => {
    const asked = new Set<number>();
    const { rows } = await checked((answer, { c }) => {
      if (asked.has(c.seed)) return failing('crashed');
      asked.add(c.seed);
      return answer;
    });
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'crashed' } });
  });
});
