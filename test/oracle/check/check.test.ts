import { describe, expect, it } from 'vitest';
import { type Profile, tf32 } from '../../../src/executors/profiles/profile.ts';
import type { StateReadings } from '../../../src/nn/dense-states/fuse.ts';
import type { Answer, Dtype, Offer } from '../../../src/oracle/backends/backend.ts';
import { type CheckOptions, check } from '../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../src/oracle/check/row.ts';
import { domainFrom } from '../../../src/oracle/domain/declared.ts';
import type { Fault } from '../../../src/oracle/fault.ts';
import { faults } from '../../../src/oracle/faults.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import type { Program } from '../../../src/oracle/program.ts';
import { programBackend, type Twist } from './program-backend.ts';

const size = { cases: 40, longest: 17, seed: 3 };

/** Checks retention in recurrent mode and F32, and returns the row. */
async function retentionRow(
  twist: Twist,
  more: Partial<CheckOptions> = {},
  offer: Partial<Offer> = {},
): Promise<CheckRow> {
  const options = { ...size, operators: ['retention'], modes: ['recurrent'], dtypes: ['F32'] as const, ...more };
  const { rows } = await check(programBackend({}, twist, offer), options);
  expect(rows).toHaveLength(1);
  return rows[0]!;
}

const lengthOf = (row: CheckRow): number => row.finding!.smallest.inputs.q!.shape[2]!;

describe('check of correct programs', () => {
  it.each(operators.map(({ name }) => name))('passes %s in every mode and type', async (name) => {
    const { ok, rows } = await check(programBackend(), { ...size, cases: 4, operators: [name] });
    expect(rows.filter(({ outputs }) => outputs !== 'PASS')).toEqual([]);
    expect(rows.every(({ cases, compared, worst }) => cases === 4 && compared > 0 && worst <= 1)).toBe(true);
    expect(ok).toBe(true);
  });

  it.each(['retention', 'selectiveScan', 'attention'])('passes %s in BF16 and F16', async (name) => {
    const backend = programBackend({}, undefined, { dtypes: ['BF16', 'F16'] });
    const { ok, rows } = await check(backend, { ...size, cases: 4, operators: [name] });
    expect(rows.filter(({ outputs }) => outputs !== 'PASS')).toEqual([]);
    expect(new Set(rows.map(({ dtype }) => dtype))).toEqual(new Set(['BF16', 'F16']));
    expect(ok).toBe(true);
  });

  it('distinguishes gradients that are not offered from correct gradients', async () => {
    const backend = programBackend({}, undefined, { gradients: false });
    const { ok, rows } = await check(backend, { ...size, operators: ['retention'] });
    expect(ok).toBe(true);
    expect(rows.map(({ outputs, gradients }) => [outputs, gradients])).toEqual(rows.map(() => ['PASS', 'UNCHECKED']));
  });
});

describe('check of faults', () => {
  const own = faults.filter(
    // powers-by-exp and single-precision are within the bounds of F32; check does not ask about batches
    ({ operator, name, rejectedBy }) =>
      operator.name === 'retention' &&
      !['powers-by-exp', 'single-precision'].includes(name) &&
      !rejectedBy.every((law) => ['padded', 'packed'].includes(law)),
  );

  it('covers at least ten faults', () => {
    expect(own.length).toBeGreaterThanOrEqual(10);
  });

  it.each(own.map((fault) => [fault.name, fault.mode, fault] as const))(
    'rejects %s in %s mode with a case of at most 3 tokens',
    async (_name, mode, fault) => {
      // only a backend that names the scale is asked about it
      const domain = domainFrom({ settings: { scale: { above: 0 } } }, 'mine');
      const offer = /^scale-|scaled-too$|unscaled$/.test(fault.name) ? { domain } : {};
      const backend = programBackend({ retention: fault.program }, undefined, offer);
      const options = { ...size, cases: 16, operators: ['retention'], modes: [mode], dtypes: ['F32'] as const };
      const { ok, rows } = await check(backend, options);
      expect(ok).toBe(false);
      expect([rows[0]!.outputs, rows[0]!.gradients]).toContain('FAIL');
      expect(lengthOf(rows[0]!)).toBeLessThanOrEqual(3);
      expect(rows[0]!.finding!.message).toMatch(/^(out|grad)\/\w+\[b \d, h \d, .*\] is .*, not /);
    },
  );

  const ofRetention = (name: string): Fault =>
    faults.find((fault) => fault.operator.name === 'retention' && fault.name === name)!;

  it('names the most similar fault, and the chunk where errors begin', async () => {
    const lost = ofRetention('carry-lost');
    const { rows } = await check(programBackend({ retention: lost.program }), {
      ...size,
      cases: 16,
      operators: ['retention'],
      modes: ['chunkwise'],
      dtypes: ['F32'],
    });
    const { hints, places } = rows[0]!.finding!;
    expect(hints.join('\n')).toContain("looks like the fault 'carry-lost'");
    expect(places.join('\n')).toMatch(
      /from token \d+ of \d+ on, where a chunk of \d+ begins|incomplete chunk, from token \d+ of \d+ \(chunks of \d+\)/,
    );
  });

  it.each([
    ['denseMamba', 'recurrent', 'raw', 'fused'],
    ['denseMamba', 'parallel', 'fused', 'raw'],
    ['denseSsmStack', 'direct', 'raw', 'fused'],
  ] as const)('names the carry that %s has in %s mode if %s is declared', async (name, mode, declared, other) => {
    const operator = operators.find((one) => one.name === name)!;
    /** Computes the other carry, or the declared one if the mode does not admit the other. */
    const swapped: Program = (inputs, settings) => {
      const { config } = settings as { config: { readings: StateReadings } };
      const changed = { ...settings, config: { ...config, readings: { ...config.readings, carry: other } } };
      return operator.modes[mode]!(inputs, operator.admits(changed, mode) ? changed : settings);
    };
    const options = { ...size, operators: [name], modes: [mode], dtypes: ['F64'] as const };
    const { rows } = await check(programBackend({ [name]: swapped }), options);
    expect(rows[0]!.finding!.hints.join('\n')).toContain(
      `fits the reading carry '${other}', where '${declared}' is declared`,
    );
  });

  it('replays the same case from its seed and path', async () => {
    const fault = ofRetention('gradient-stops-at-chunks');
    const options = { ...size, cases: 16, operators: ['retention'], modes: ['chunkwise'], dtypes: ['F32'] as const };
    const backend = programBackend({ retention: fault.program });
    const [first] = (await check(backend, options)).rows;
    const [again] = (await check(backend, { ...options, ...first!.finding!.replay })).rows;
    expect(again!.finding!.smallest.inputs).toEqual(first!.finding!.smallest.inputs);
    expect(again!.finding!.message).toBe(first!.finding!.message);
  });

  it('refuses a path that leads to no case, and names the nearest one', async () => {
    const options = { ...size, operators: ['retention'], modes: ['chunkwise'], dtypes: ['F32'] as const };
    const asked = (path: string) => check(programBackend(), { ...options, path });
    expect((await asked('3')).rows[0]).toMatchObject({ outputs: 'PASS', cases: 1 });
    await expect(asked('3:900:1')).rejects.toThrow(
      'check of retention chunkwise F32: the path 3:900:1 leads to no case with the seed 3; its beginning 3 does',
    );
  });

  const hintsAt = async (profile: Profile): Promise<string> => {
    const options = { ...size, operators: ['retention'], modes: ['chunkwise'], dtypes: ['F32'] as const };
    const { rows } = await check(programBackend({}, undefined, {}, profile), options);
    return rows[0]!.finding!.hints.join('\n');
  };

  it('names the tightest profile that a coarser implementation has', async () => {
    expect(await hintsAt(tf32)).toContain('right at lower precision: f32, matrix products of TF32');
  });

  it.each([
    ['a relative error of 3e-6', 3e-6],
    ['a relative error of 13 %', 0.13],
  ])('says nothing of a lower precision where it does not explain %s', async (_what, error) => {
    const row = await retentionRow(
      (answer) => new Map([...answer].map(([name, x]) => [name, { ...x, data: x.data.map((y) => y * (1 + error)) }])),
    );
    expect(row.finding!.hints.join('\n')).not.toContain('lower precision');
  });
});

describe('check of bad answers', () => {
  const changed =
    (
      name: string,
      change: (x: { dtype: string; shape: readonly number[]; data: Float64Array }) => object | null,
    ): Twist =>
    (answer) => {
      const made = change(answer.get(name)!);
      if (made === null) answer.delete(name);
      else answer.set(name, { ...answer.get(name)!, ...made });
      return answer;
    };

  it.each<[string, Twist, string]>([
    ['a missing output', changed('out/state', () => null), 'missing out/state'],
    ['a missing gradient', changed('grad/k', () => null), 'missing grad/k'],
    ['another type', changed('out/output', () => ({ dtype: 'F64' })), 'dtype out/output'],
    ['another shape', changed('out/output', ({ shape }) => ({ shape: [...shape].reverse() })), 'shape out/output'],
    ['NaN', changed('out/output', ({ data }) => ({ data: data.with(0, Number.NaN) })), 'not-finite out/output'],
    ['∞', changed('grad/v', ({ data }) => ({ data: data.with(0, Number.POSITIVE_INFINITY) })), 'not-finite grad/v'],
    ['zeros', changed('out/output', ({ data }) => ({ data: data.map(() => 0) })), 'wrong out/output'],
    ['an unrequested output', (answer) => answer.set('out/more', answer.get('out/state')!), 'extra out/more'],
  ])('classifies %s', async (_what, twist, kind) => {
    const row = await retentionRow(twist);
    expect(row).toMatchObject({
      outputs: kind.includes('grad/') ? 'PASS' : 'FAIL',
      gradients: kind.includes('grad/') ? 'FAIL' : 'PASS',
      finding: { kind },
    });
  });

  it.each<Dtype>(['BF16', 'F16'])('of %s admits states in F32, and nothing else', async (dtype) => {
    const inF32 = (tensor: string) => changed(tensor, () => ({ dtype: 'F32' }));
    const rowOf = (tensor: string) => retentionRow(inF32(tensor), { dtypes: [dtype] }, { dtypes: [dtype] });
    expect(await rowOf('out/state')).toMatchObject({ outputs: 'PASS', gradients: 'PASS' });
    expect(await rowOf('grad/state')).toMatchObject({ outputs: 'PASS', gradients: 'PASS' });
    expect((await rowOf('out/output')).finding!.message).toBe(`out/output has the type F32, not ${dtype}`);
    const inF64 = await retentionRow(
      changed('out/state', () => ({ dtype: 'F64' })),
      { dtypes: [dtype] },
      { dtypes: [dtype] },
    );
    expect(inF64.finding!.message).toBe(`out/state has the type F64, not ${dtype} or F32`);
  });

  it('detects nondeterministic answers', async () => {
    let count = 0;
    const row = await retentionRow((answer) => {
      if (count++ % 3 !== 1) return answer;
      return new Map([...answer].map(([name, x]) => [name, { ...x, data: x.data.map((value) => value + 1) }]));
    });
    expect(row.finding!.kind).toBe('nondeterministic');
    expect(row.finding!.message).toMatch(
      /^nondeterministic: \d+ of \d+ answers to one question are wrong: out\/output\[/,
    );
  });

  it('reports answers that vary within their bounds', async () => {
    let sign = 1;
    const row = await retentionRow((answer) => {
      sign = -sign;
      const nudged = (x: number): number => x * (1 + sign * 2 ** -30);
      return new Map(
        [...answer].map(([name, x]) => [name, name === 'out/output' ? { ...x, data: x.data.map(nudged) } : x]),
      );
    });
    expect(row).toMatchObject({ outputs: 'PASS' });
    expect(row.repeats.differed).toBeGreaterThan(0);
  });

  it('counts unsupported questions without a failure', async () => {
    const unsupported: Answer = { kind: 'unsupported', reason: 'one sequence only' };
    const row = await retentionRow((answer, { c }) => (c.inputs.q!.shape[0]! > 1 ? unsupported : answer));
    expect(row).toMatchObject({ outputs: 'PASS', reason: 'one sequence only' });
    expect(row.unsupported).toBeGreaterThan(0);
    expect(row.cases).toBeGreaterThan(0);
    expect(await retentionRow(() => unsupported)).toMatchObject({ outputs: 'UNSUPPORTED', gradients: 'UNSUPPORTED' });
  });

  it('shrinks a crash', async () => {
    const failure = { kind: 'crashed', message: 'it crashed', stderr: ['boom'] } as const;
    const row = await retentionRow((answer, { c }) =>
      c.inputs.q!.shape[2]! > 4 ? { kind: 'failure', failure } : answer,
    );
    expect(row.finding).toMatchObject({ kind: 'crashed', message: 'it crashed', stderr: ['boom'] });
    expect(row.finding!.smallest.inputs.q!.shape).toEqual([1, 1, 5, 1]);
  });
});

describe('check of descriptions', () => {
  it('fails on unknown names', async () => {
    const backend = programBackend();
    const offer = { modes: ['recurent'], dtypes: ['F32'], gradients: true } as const;
    const description = { name: 'x', operators: { retentoin: offer, retention: offer } };
    const { ok, problems } = await check({ ...backend, description }, size);
    expect(ok).toBe(false);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("'retentoin', which is not known");
    expect(problems[1]).toContain(
      "'recurent', which is not known (did you mean 'recurrent'?); known are parallel, chunkwise, recurrent",
    );
  });

  it('fails on unknown forms', async () => {
    const backend = programBackend({}, undefined, { form: { recurrent: 'exp', chunkwize: 'x' } });
    const { problems } = await check({ ...backend }, { ...size, cases: 1, operators: ['retention'], dtypes: ['F32'] });
    const forms = Object.keys(operators.find(({ name }) => name === 'retention')!.forms!.recurrent!);
    expect(problems.filter((problem) => problem.includes('offers retention'))).toEqual([
      `it offers retention in the mode 'recurrent' by the form 'exp', which is not known; known are ${forms.join(', ')}`,
    ]);
    expect(problems.join()).toContain("it offers a form of retention in the mode 'chunkwize', which is not known");
    expect(problems.join()).toContain("by the form 'exp', which is not known; it has none");
  });

  it('fails if nothing was compared', async () => {
    const nothing = { ...programBackend(), description: { name: 'x', operators: {} } };
    expect((await check(nothing, size)).ok).toBe(false);
  });
});
