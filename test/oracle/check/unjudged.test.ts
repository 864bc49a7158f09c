import { describe, expect, it } from 'vitest';
import { acceptedLines, entryLines, isEntryOf } from '../../../src/oracle/check/acceptance.ts';
import type { Acceptance } from '../../../src/oracle/check/acceptance-data.ts';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** Checks retention in recurrent mode and F32, with gradients on offer. */
const checked = (
  twist: Twist,
  gradients: boolean | readonly string[] = true,
  more: Partial<CheckOptions> = {},
): Promise<CheckReport> => {
  const backend = programBackend({}, twist, { gradients });
  const { retention } = backend.description.operators;
  const description = { name: 'retention', operators: { retention: retention! } };
  return check(Object.assign(backend, { description }), {
    cases: 6,
    longest: 4,
    seed: 3,
    operators: ['retention'],
    modes: ['recurrent'],
    dtypes: ['F32'],
    ...more,
  });
};

/** Adds 1 to some tensors. */
const off =
  (...tensors: string[]): Twist =>
  (answer) =>
    new Map(
      [...answer].map(([name, x]) => [name, tensors.includes(name) ? { ...x, data: x.data.map((y) => y + 1) } : x]),
    );

/** Answers without some tensors. */
const without =
  (...tensors: string[]): Twist =>
  (answer) =>
    new Map([...answer].filter(([name]) => !tensors.includes(name)));

describe('gradients of some inputs', () => {
  it('are judged, and the others are named as unchecked', async () => {
    const { ok, rows, problems } = await checked(without('grad/v', 'grad/state'), ['q', 'k']);
    expect([ok, problems]).toEqual([true, []]);
    expect(rows[0]).toMatchObject({ outputs: 'PASS', gradients: 'PASS', gradientsLeftOut: ['v', 'state'] });
  });

  it('are rejected where they are wrong or missing, and where others are sent', async () => {
    const kind = async (twist: Twist) => (await checked(twist, ['q', 'k', 'v'])).rows[0]!.finding!.kind;
    const rest = without('grad/state');
    expect(await kind((answer, question) => off('grad/k')(rest(answer, question) as typeof answer, question))).toBe(
      'wrong grad/k',
    );
    expect(await kind(without('grad/state', 'grad/v'))).toBe('missing grad/v');
    expect(await kind((answer) => answer)).toBe('extra grad/state');
  });

  it('are refused if their names are unknown', async () => {
    const { ok, problems } = await checked(without('grad/v'), ['q', 'k', 'stat'], { cases: 1 });
    expect(ok).toBe(false);
    expect(problems).toContain(
      "it offers the gradient of retention in 'stat', which is not known (did you mean 'state'?); known are q, k, v, state",
    );
  });
});

describe('an entry that accepts any failure of a tensor', () => {
  const entry: Acceptance = {
    ...{ operator: 'retention', mode: 'recurrent', dtype: 'F32', tensors: ['grad/k'], explanation: 'any' },
    ...{ reason: 'not implemented yet', expires: 'never' },
  };
  const accepted = [entry];

  it.each<[string, Twist]>([
    ['wrong', off('grad/k')],
    ['missing', without('grad/k')],
  ])('accepts a row with a %s tensor, and counts its failures', async (_what, twist) => {
    const { ok, rows, wrongEntries } = await checked(twist, true, { accepted });
    expect(ok).toBe(true);
    expect(rows[0]).toMatchObject({ outputs: 'PASS', gradients: 'ACCEPTED', finding: null });
    expect(rows[0]!.accepted).toEqual([{ entry, cases: 6, alike: 0, tensors: ['grad/k'] }]);
    expect(wrongEntries).toEqual([]);
    expect(acceptedLines(rows)).toEqual([
      'retention recurrent F32: grad/k: any; in 6 of 6 cases; accepted without an end: not implemented yet',
    ]);
  });

  it('accepts answers that differ from call to call', async () => {
    let call = 0;
    const drifting: Twist = (answer, question) => (call++ % 2 === 0 ? answer : off('grad/k')(answer, question));
    expect((await checked(drifting, true, { accepted, repeat: 2 })).ok).toBe(true);
    expect((await checked(drifting, true, { repeat: 2 })).ok).toBe(false);
  });

  it('leaves the other tensors of the row, and other rows, checked', async () => {
    const { ok, rows } = await checked(off('grad/k', 'grad/v'), true, { accepted });
    expect([ok, rows[0]!.gradients, rows[0]!.finding!.kind]).toEqual([false, 'FAIL', 'wrong grad/v']);
    expect(rows[0]!.accepted).toEqual([{ entry, cases: 6, alike: 0, tensors: ['grad/k'] }]);
    const rest = rows[0]!.unaccepted!;
    expect([...new Set(rest.map(({ tensor }) => tensor))]).toEqual(['grad/v']);
    expect(isEntryOf(entry, { ...rows[0]!, mode: 'parallel' })).toBe(false);
    // with entries for the rest beside it, the row is accepted
    const more = rest.map(({ explanation }) => ({ ...entry, tensors: ['grad/v'], explanation }));
    const all = await checked(off('grad/k', 'grad/v'), true, { accepted: [entry, ...more] });
    expect([all.ok, all.rows[0]!.outputs, all.rows[0]!.gradients]).toEqual([true, 'PASS', 'ACCEPTED']);
  });

  it('fails where it passes, is not seen or has expired', async () => {
    const problems = async (twist: Twist, one: Acceptance) =>
      (await checked(twist, true, { accepted: [one], today: '2026-11-29' })).wrongEntries.map(({ is }) => is);
    expect(await problems((answer) => answer, entry)).toEqual(['passes']);
    expect(await problems(off('grad/v'), entry)).toEqual(['not seen']);
    const old = { ...entry, expires: '2026-11-28' };
    expect(await problems(off('grad/k'), old)).toEqual(['expired']);
    expect((await checked(off('grad/k'), true, { accepted: [old] })).rows[0]!.finding!.kind).toBe('wrong grad/k');
  });

  it('fails where a part of it passes, and names the part', async () => {
    const modes = ['parallel', 'recurrent'];
    const passes = async (twist: Twist, one: Acceptance) => {
      const { ok, wrongEntries } = await checked(twist, true, { accepted: [one], modes });
      expect(ok).toBe(wrongEntries.length === 0);
      return wrongEntries.map(({ is, passes = [] }) => [is, ...passes].join(' | '));
    };
    const two = { ...entry, mode: '*', tensors: ['grad/k', 'grad/v'] };
    const [bad, right]: Twist[] = [off('grad/k', 'grad/v'), (answer) => answer];
    /** Wrong in some modes alone. */
    const only =
      (mode: string, twist: Twist, other: Twist = right!): Twist =>
      (answer, question) =>
        (question.mode === mode ? twist : other)(answer, question);
    expect(await passes(bad!, two)).toEqual([]);
    expect(await passes(off('grad/k'), two)).toEqual(['passes in part | grad/v']);
    expect(await passes(only('parallel', bad!), two)).toEqual(['passes in part | retention recurrent F32']);
    expect(await passes(only('parallel', bad!, off('grad/v')), two)).toEqual([
      'passes in part | grad/k in retention recurrent F32',
    ]);
    // a part of the cases shows nothing about the rest
    const cut = await checked(off('grad/k'), true, { accepted: [two], modes, total: 0 });
    expect(cut.wrongEntries).toEqual([]);
    // other explanations name their parts too
    const exact = { ...two, explanation: 'every number is 0' };
    const zero: Twist = (answer) =>
      new Map([...answer].map(([name, x]) => [name, name === 'grad/k' ? { ...x, data: x.data.map(() => 0) } : x]));
    expect(await passes(zero, exact)).toEqual(['passes in part | grad/v']);
    const { wrongEntries } = await checked(off('grad/k'), true, { accepted: [two] });
    expect(entryLines(wrongEntries)).toEqual([
      'retention * F32: grad/k, grad/v: any: accepted, but passes in grad/v: take that out of the entry (not implemented yet)',
    ]);
  });

  it.each<[string, Twist]>([
    ['ended', () => ({ kind: 'failure', failure: { kind: 'timeout', message: 'timed out', stderr: [] } })],
    ['broke', () => ({ kind: 'failure', failure: { kind: 'crashed', message: 'broke', stderr: [] } })],
  ])('does not pass in a row that %s, as nothing of it was judged there', async (_what, twist) => {
    const all = { ...entry, mode: '*' };
    const in2 = (recurrent: Twist, more: Partial<CheckOptions> = {}): Promise<CheckReport> =>
      checked(
        (answer, question) => (question.mode === 'recurrent' ? recurrent : off('grad/k'))(answer, question),
        true,
        { accepted: [all], modes: ['parallel', 'recurrent'], ...more },
      );
    const { ok, wrongEntries } = await in2(twist);
    expect([ok, wrongEntries]).toEqual([false, []]);
    // alone, such a row does not show that the entry is not seen
    expect((await in2(twist, { modes: ['recurrent'] })).wrongEntries).toEqual([]);
    // where all answers came, the part is named
    expect((await in2((answer) => answer)).wrongEntries).toMatchObject([{ is: 'passes in part' }]);
  });

  it('does not pass in a row whose answers differ from call to call', async () => {
    let call = 0;
    const drifting: Twist = (answer, question) =>
      question.mode === 'parallel' || call++ % 2 === 0
        ? off('grad/k')(answer, question)
        : off('grad/v')(answer, question);
    const all = { ...entry, mode: '*', explanation: 'unexplained' };
    const { rows, wrongEntries } = await checked(drifting, true, { accepted: [all], modes: ['parallel', 'recurrent'] });
    expect(rows.map(({ finding }) => finding?.kind)).toContain('nondeterministic');
    expect(wrongEntries).toEqual([]);
  });

  it('covers all modes and types by *, and is seen in one of them', async () => {
    const all = { ...entry, mode: '*', dtype: '*' } as const;
    const { ok, rows, wrongEntries } = await checked(off('grad/k'), true, {
      accepted: [all],
      modes: ['parallel', 'recurrent'],
    });
    expect([ok, wrongEntries]).toEqual([true, []]);
    expect(rows.map(({ gradients }) => gradients)).toEqual(['ACCEPTED', 'ACCEPTED']);
    expect((await checked((answer) => answer, true, { accepted: [all] })).wrongEntries).toEqual([
      { entry: all, is: 'passes' },
    ]);
  });
});
