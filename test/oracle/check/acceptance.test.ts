import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acceptedIn } from '../../../src/cli/accept-file.ts';
import { acceptedLines, accepting, entryLines, unacceptedLines } from '../../../src/oracle/check/acceptance.ts';
import type { Acceptance } from '../../../src/oracle/check/acceptance-data.ts';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { junitOf } from '../../../src/oracle/check/reports/junit.ts';
import { pageOf } from '../../../src/oracle/check/reports/page.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { said, report as sample } from '../../support/sample-report.ts';
import { programBackend, type Twist } from './program-backend.ts';

const entry: Acceptance = {
  operator: 'retention',
  mode: 'recurrent',
  dtype: 'F32',
  tensors: ['grad/k'],
  explanation: 'every number is 0',
  reason: 'no backward yet',
  expires: '2027-03-01',
};
const today = '2027-03-01';

/** A row with failing cases: of each its wrong tensors, what explains them, and its kind. */
const rowOf = (...failures: [string[], string[] | null, string?][]): CheckRow => ({
  ...sample.rows[0]!,
  operator: 'retention',
  mode: 'recurrent',
  dtype: 'F32',
  outputs: 'PASS',
  gradients: 'FAIL',
  judged: failures.map(([tensors, explanations, kind = 'wrong']) => ({
    ...sample.rows[0]!.judged![0]!,
    failure: {
      kind,
      message: '',
      tensors,
      explanations,
      deviations: tensors
        .filter((tensor) => tensor !== 'grad/missing')
        .map((tensor) => ({ tensor, wrong: 1, of: 1, ratio: 9, relativeRms: 1, ulps: 1 })),
    },
  })),
});
const own: [string[], string[]] = [['grad/k'], ['grad/k: every number is 0']];

describe('an accepted failure', () => {
  it('is of the same tensors by the same explanation', () => {
    const row = accepting(rowOf(own, own), [entry], today);
    expect([row.outputs, row.gradients, row.unaccepted]).toEqual(['PASS', 'ACCEPTED', []]);
    expect(acceptedLines([row])).toEqual([
      `retention recurrent F32: grad/k: every number is 0; in 2 of ${row.cases} cases; accepted until 2027-03-01: no backward yet`,
    ]);
  });

  it.each<[string, CheckRow]>([
    ['another explanation', rowOf(own, [['grad/k'], ['grad/k: one token late']])],
    ['no explanation', rowOf(own, [['grad/k'], []])],
    ['another tensor', rowOf(own, [['grad/v'], ['grad/v: every number is 0']])],
    ['another tensor beside it', rowOf([['grad/k', 'grad/v'], ['grad/k: every number is 0']])],
    ['the explanation of another tensor', rowOf([['grad/k'], ['grad/v: every number is 0']])],
    ['a breakage', rowOf(own, [[], [], 'crash'])],
    ['a nondeterministic answer', rowOf(own, [['grad/k'], ['nondeterministic'], 'nondeterministic'])],
    ['only cases that are too large to explain', rowOf([['grad/k'], null])],
    ['another tensor in a large case', rowOf(own, [['grad/v'], null])],
    ['time that ended', { ...rowOf(own), cut: true }],
  ])('hides no other: %s', (_what, row) => {
    const judged = accepting(row, [entry], today);
    expect(judged.gradients).toBe('FAIL');
    expect(unacceptedLines(judged)).toHaveLength(judged.cut || judged.unaccepted!.length > 0 ? 1 : 0);
    expect(judged.cut || judged.unaccepted!.length > 0).toBe(true);
  });

  it('may be unexplained, not comparable, or a breakage, which are told apart', () => {
    const also = (explanation: string, ...tensors: string[]): Acceptance => ({ ...entry, explanation, tensors });
    const rows = [rowOf([['grad/k'], []]), rowOf([['grad/missing'], []]), rowOf([[], [], 'crash'])];
    const entries = [also('unexplained', 'grad/k'), also('not comparable', 'grad/missing'), also('crash')];
    const table = rows.map((row) => entries.map((one) => accepting(row, [one], today).gradients));
    expect(table).toEqual([
      ['ACCEPTED', 'FAIL', 'FAIL'],
      ['FAIL', 'ACCEPTED', 'FAIL'],
      ['FAIL', 'FAIL', 'ACCEPTED'],
    ]);
    const ending = accepting(rowOf([[], [], 'timeout']), [also('timeout')], today);
    expect(ending.gradients).toBe('FAIL');
  });

  it('covers large cases by its tensors where smaller ones show it, and counts them apart', () => {
    const row = accepting(rowOf(own, [['grad/k'], null]), [entry], today);
    expect(row).toMatchObject({ gradients: 'ACCEPTED', accepted: [{ cases: 1, alike: 1 }] });
    expect(acceptedLines([row])[0]).toContain('and 1 by its tensors alone');
  });

  it('accepts nothing after its last day', () => {
    expect(accepting(rowOf(own), [entry], '2027-03-02').gradients).toBe('FAIL');
  });
});

/** Checks retention in recurrent mode and F32. */
const checked = (twist: Twist, more: Partial<CheckOptions> = {}): Promise<CheckReport> => {
  const backend = programBackend({}, twist);
  const description = {
    name: 'r',
    operators: { retention: { ...backend.description.operators.retention!, modes: ['recurrent'] } },
  };
  const size = {
    cases: 8,
    longest: 4,
    seed: 3,
    operators: ['retention'],
    modes: ['recurrent'],
    dtypes: ['F32'] as const,
  };
  return check(Object.assign(backend, { description }), { ...size, today, ...more });
};
const zeros =
  (...names: string[]): Twist =>
  (answer) =>
    new Map([...answer].map(([name, x]) => [name, names.includes(name) ? { ...x, data: x.data.map(() => 0) } : x]));

describe('a check with accepted failures', () => {
  const accepted = [entry];

  it('passes with them, and says so in each report', async () => {
    const report = await checked(zeros('grad/k'), { accepted });
    expect(report.rows[0]!.unaccepted).toEqual([]);
    expect(report).toMatchObject({ ok: true, wrongEntries: [] });
    const telling = { ...said, failures: [] };
    expect(junitOf(report, telling)).toMatch(/<skipped message="[^"]*every number is 0[^"]*no backward yet/);
    expect(junitOf(report, telling)).toContain('failures="0"');
    expect(pageOf(report, telling)).toMatch(/<h2>Accepted failures<\/h2>.*\n?.*no backward yet/);
  });

  it('fails where another tensor is wrong in some late case', async () => {
    let asked = 0;
    const late: Twist = (answer, question) => zeros('grad/k', ...(++asked > 8 ? ['grad/v'] : []))(answer, question);
    const { ok, rows } = await checked(late, { accepted, cases: 12 });
    expect(ok).toBe(false);
    expect(rows[0]!.gradients).toBe('FAIL');
  });

  it('fails where an entry passes, has expired, is not seen, or was not asked', async () => {
    const right: Twist = (answer) => answer;
    const is = async (twist: Twist, more: Partial<CheckOptions>) => {
      const { ok, wrongEntries } = await checked(twist, { accepted, ...more });
      return [ok, ...wrongEntries.map((one) => one.is)];
    };
    expect(await is(right, {})).toEqual([false, 'passes']);
    expect(await is(zeros('grad/k'), { today: '2027-03-02' })).toEqual([false, 'expired']);
    const other = { ...entry, mode: 'parallel' };
    expect(await is(right, { accepted: [other] })).toEqual([true]);
    const all = { operators: undefined, modes: undefined, dtypes: undefined } as unknown as Partial<CheckOptions>;
    expect(await is(right, { accepted: [other], cases: 1, ...all })).toEqual([false, 'not asked']);
    const unseen = { ...entry, explanation: 'one token late' };
    expect(await is(zeros('grad/k'), { accepted: [entry, unseen] })).toEqual([false, 'not seen']);
    const { wrongEntries } = await checked(right, { accepted });
    expect(entryLines(wrongEntries)[0]).toContain('accepted, but passes: remove the entry (no backward yet)');
  });
});

describe('a file of accepted failures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'densessm-accept-'));
  const read = (content: string, name = 'accepted.toml'): Acceptance[] => {
    writeFileSync(join(folder, name), content);
    return acceptedIn(join(folder, name));
  };
  const toml = `[[accepted]]
operator = "retention"
mode = "recurrent"
type = "F32"
tensors = ["grad/k"]
explanation = "every number is 0"
reason = "no backward yet"
expires = 2027-03-01
`;

  it('has entries of one row or several, in TOML or JSON', () => {
    expect(read(toml)).toEqual([entry]);
    const { dtype, ...rest } = entry;
    const json = { accepted: [{ ...rest, mode: ['recurrent', 'parallel'], type: [dtype, 'F64'] }] };
    expect(read(JSON.stringify(json), 'accepted.json')).toHaveLength(4);
    expect(read('accepted = []')).toEqual([]);
    const any = toml
      .replace('"recurrent"', '"*"')
      .replace('"F32"', '"*"')
      .replace('every number is 0', 'any')
      .replace('2027-03-01', '"never"');
    expect(read(any)).toEqual([{ ...entry, mode: '*', dtype: '*', explanation: 'any', expires: 'never' }]);
  });

  it.each([
    ['operator = "retention"', 'operator = "retentoin"', "(did you mean 'retention'?)"],
    ['mode = "recurrent"', 'mode = "recurent"', "(did you mean 'recurrent'?)"],
    ['"F32"', '"f32"', "(did you mean 'F32'?)"],
    ['"grad/k"', '"grad/stat"', "(did you mean 'grad/state'?)"],
    ['reason =', 'raeson =', "(did you mean 'reason'?)"],
    ['reason = "no backward yet"\n', '', 'has no reason'],
    ['"no backward yet"', '" "', 'reason is " "'],
    ['expires = 2027-03-01', '', 'has no expires; it is a day, as 2027-01-31'],
    ['2027-03-01', '"2027-02-30"', 'expires is "2027-02-30"; it is a day'],
    ['2027-03-01', '12:00:00', 'it is a day'],
    ['"every number is 0"', '"timeout"', "'timeout' cannot be accepted"],
    [
      '["grad/k"]\nexplanation = "every number is 0"',
      '[]\nexplanation = "any"',
      "'any' accepts any failure of its tensors",
    ],
    ['2027-03-01', '"forever"', 'it is a day, as 2027-01-31, or never'],
    ['[[accepted]]', '[[acepted]]', "unknown name 'acepted'"],
    ['[[accepted]]', '[accepted]', 'has no entries; write entries as [[accepted]]'],
    ['[[accepted]]', '[[accepted', 'is not TOML'],
    ['[[accepted]]', `${toml}[[accepted]]`, 'accepts the same failure of retention recurrent F32 twice'],
  ])('is refused in one sentence: %s as %s', (from, to, message) => {
    expect(() => read(toml.replace(from, to))).toThrow(InputError);
    expect(() => read(toml.replace(from, to))).toThrow(message);
    try {
      read(toml.replace(from, to));
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('is refused where there is none', () => {
    expect(() => acceptedIn(join(folder, 'none.toml'))).toThrow('does not exist');
    expect(() => read('[]', 'list.json')).toThrow('has no entries');
    expect(() => read('{"accepted": [3]}', 'list.json')).toThrow('entry 1: is no entry');
  });
});
