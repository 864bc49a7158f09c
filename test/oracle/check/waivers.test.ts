import { describe, expect, it } from 'vitest';
import { type CheckOptions, type CheckReport, check } from '../../../src/oracle/check/check.ts';
import { waiverFrom } from '../../../src/oracle/check/waivers.ts';
import { InputError } from '../../../src/tensor/errors.ts';
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

describe('a waiver', () => {
  const waivers = [waiverFrom('retention recurrent F32 grad/k=not implemented yet')];

  it.each<[string, Twist]>([
    ['wrong', off('grad/k')],
    ['missing', without('grad/k')],
  ])('lets a row pass with a %s tensor, and counts its failures', async (_what, twist) => {
    const { ok, rows, unusedWaivers } = await checked(twist, true, { waivers });
    expect(ok).toBe(true);
    expect(rows[0]).toMatchObject({ outputs: 'PASS', gradients: 'PASS', finding: null });
    expect(rows[0]!.waived).toEqual([{ tensor: 'grad/k', cases: 6, reason: 'not implemented yet' }]);
    expect(unusedWaivers).toEqual([]);
  });

  it('leaves the other tensors of the row, and other rows, checked', async () => {
    const { rows } = await checked(off('grad/k', 'grad/v'), true, { waivers });
    expect(rows[0]!.finding!.kind).toBe('wrong grad/v');
    const parallel = await checked(off('grad/k'), true, { waivers, modes: ['parallel'] });
    expect(parallel.rows[0]!.finding!.kind).toBe('wrong grad/k');
  });

  it('that matches no failure is unused, unless its row failed', async () => {
    expect((await checked((answer) => answer, true, { waivers })).unusedWaivers).toEqual(waivers);
    expect((await checked(off('grad/v'), true, { waivers })).unusedWaivers).toEqual([]);
  });

  it('covers all modes and types by *', async () => {
    const all = [waiverFrom('retention * * grad/k=x = y')];
    expect(all[0]!.reason).toBe('x = y');
    expect((await checked(off('grad/k'), true, { waivers: all, modes: ['parallel'] })).ok).toBe(true);
  });

  it.each([
    ['retention recurrent F32 grad/k', 'write OPERATOR MODE TYPE TENSOR=REASON'],
    ['retention recurrent F32 grad/k= ', 'write OPERATOR MODE TYPE TENSOR=REASON'],
    ['retention F32 grad/k=x', 'write OPERATOR MODE TYPE TENSOR=REASON'],
    ['retentoin recurrent F32 grad/k=x', "the operator 'retentoin' is not known; known are"],
    ['retention recurent F32 grad/k=x', "(did you mean 'recurrent'?)"],
    ['retention recurrent f32 grad/k=x', "(did you mean 'F32'?)"],
    ['retention recurrent F32 grad/stat=x', "(did you mean 'grad/state'?)"],
    ['retention recurrent F32 k=x', "the tensor 'k' is not known; known are out/output"],
  ])('is refused if it is mistyped: %s', (text, message) => {
    expect(() => waiverFrom(text)).toThrow(InputError);
    expect(() => waiverFrom(text)).toThrow(message);
  });
});
