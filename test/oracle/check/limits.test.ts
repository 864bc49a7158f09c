import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answer, Backend, FailureKind } from '../../../src/oracle/backends/backend.ts';
import { compiledForm } from '../../../src/oracle/backends/compiled-form.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { repeater } from '../../../src/oracle/check/questions/repeats.ts';
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

  it('cuts a judgement before it tries another form or profile, and leaves its row unchecked', async () => {
    let [asked, now] = [0, 0];
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { ok, rows } = await checked(
      (answer, question) => {
        if (++asked < 6) return answer;
        now = 1000;
        return wrong(answer, question);
      },
      { total: 999 },
    );
    clock.mockRestore();
    expect(ok).toBe(false);
    expect(rows[0]).toMatchObject({ outputs: 'UNCHECKED', gradients: 'UNCHECKED', finding: null, cut: true });
    expect(rows[0]!.notes.join()).toMatch(/^no time was left after \d+ of 40 cases/);
  });

  it('keeps a failure that was found before, and stops its shrinking', async () => {
    let asked = 0;
    const { rows } = await checked((answer, question) =>
      ++asked < 6 ? wrong(answer, question) : failing('out-of-time'),
    );
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'wrong out/output' } });
    // the question that is cut off may have one before it
    expect(asked).toBeLessThanOrEqual(7);
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

  it('are looked for with 200 more calls in 100 cases, and as often as the caller says', () => {
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
    expect(repeats.reduce((sum, one) => sum + one)).toBeGreaterThan(190);
    expect(repeats.reduce((sum, one) => sum + one)).toBeLessThan(201);
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

describe('a backend that compiles', () => {
  afterEach(() => vi.restoreAllMocks());

  /** A backend that compiles a shape in some seconds, on a clock of its own. Also returns the number of shapes. */
  const compiler = (seconds: number, twist: Twist = (answer) => answer): [Backend, Set<string>] => {
    let passed = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
    const shapes = new Set<string>();
    const backend = programBackend({}, (answer, question) => {
      const form = compiledForm(question);
      passed += shapes.has(form) ? 10 : 1000 * seconds;
      shapes.add(form);
      return twist(answer, question);
    });
    return [Object.assign(backend, { compiles: true }), shapes];
  };
  const options = { cases: 20, longest: 33, seed: 3, operators: ['linearScan'], dtypes: ['F32'] as const };

  it('in 60 s a shape is checked in 15 minutes, on as many shapes as there is time for', async () => {
    const [backend, shapes] = compiler(60);
    const start = performance.now();
    const { ok, rows } = await check(backend, { ...options, cases: 60, modes: ['recurrent'], total: 900_000 });
    expect(performance.now() - start).toBeLessThan(900_000);
    expect(ok).toBe(true);
    expect(rows[0]).toMatchObject({ outputs: 'PASS', cases: 60, cut: false });
    expect(shapes.size).toBeGreaterThan(5);
    expect(rows[0]!.lengths.t).toEqual([1, 5, 16, 17, 33]);
    expect(rows[0]!.timing.compiling).toBeGreaterThan(60_000 * shapes.size - 1);
    expect(rows[0]!.timing.backend).toBeLessThan(60_000);
    expect(rows[0]!.notes.join()).toMatch(/^compiled \d+ shapes in \d+ s/);
  });

  it('shares the time among its rows, and is asked about the most telling shapes', async () => {
    const [backend] = compiler(150);
    const { ok, rows } = await check(backend, { ...options, total: 900_000 });
    expect(ok).toBe(true);
    expect(rows.map(({ outputs, cases }) => [outputs, cases])).toEqual(rows.map(() => ['PASS', 20]));
    for (const { lengths } of rows) expect([[5], [5, 17]]).toContainEqual(lengths.t);
  });

  it('at once is checked on all shapes, without a note', async () => {
    const [backend] = compiler(0.001);
    const { rows } = await check(backend, { ...options, modes: ['recurrent'], total: 900_000 });
    expect(rows[0]).toMatchObject({ outputs: 'PASS', cases: 20, notes: [] });
  });

  it('and is wrong is shrunk on the shapes that there is time for', async () => {
    const [backend, shapes] = compiler(60, wrong);
    const { rows } = await check(backend, { ...options, modes: ['recurrent'], total: 400_000 });
    expect(rows[0]).toMatchObject({ outputs: 'FAIL', finding: { kind: 'wrong out/output' } });
    expect(shapes.size).toBeLessThan(6);
    expect(rows[0]!.finding!.smallest.inputs.a!.data.every((x) => x === 0)).toBe(true);
  });
});
