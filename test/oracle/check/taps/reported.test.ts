import { describe, expect, it } from 'vitest';
import type { StoredTensor } from '../../../../src/io/safetensors.ts';
import type { Backend, Offer } from '../../../../src/oracle/backends/backend.ts';
import { type Case, mapTensors } from '../../../../src/oracle/case.ts';
import { type CheckOptions, check } from '../../../../src/oracle/check/check.ts';
import type { CheckRow } from '../../../../src/oracle/check/row.ts';
import { seenTaps } from '../../../../src/oracle/check/taps/seen.ts';
import { profileOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import { sampleCases } from '../../../../src/oracle/draw.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import type { Answered } from '../support.ts';
import { type Answering, withTaps } from './support.ts';

/** Changes an answer with its taps, which have the prefix `tap/`. */
type Twist = (answer: Answered) => Answered;

/** Checks simpleGla in recurrent mode on a kernel that returns its taps. */
async function rowOf(
  twist: Twist,
  {
    change,
    program,
    ...more
  }: Pick<Answering, 'change' | 'program'> & Partial<CheckOptions> & { readonly offer?: Partial<Offer> } = {},
): Promise<CheckRow> {
  const own = { modes: ['parallel', 'recurrent'], dtypes: ['F32'], gradients: true } as const;
  const backend: Backend = {
    description: { name: 'taps', operators: { simpleGla: { ...own, ...more.offer } } },
    compiles: false,
    async answer({ operator: name, mode, dtype, gradients, c }) {
      const operator = operators.find((one) => one.name === name)!;
      const { results, taps } = withTaps(operator, mode, c, {
        dtype,
        gradients,
        ...(change && { change }),
        ...(program && { program }),
      });
      const all = [...taps].map(([tap, x]) => [`tap/${tap}`, x] as const);
      return { kind: 'numbers', tensors: twist(new Map([...results, ...all])) };
    },
    close: async () => {},
  };
  const size = { cases: 8, longest: 6, seed: 3, operators: ['simpleGla'], modes: ['recurrent'], ...more };
  return (await check(backend, size)).rows[0]!;
}

const same: Twist = (answer) => answer;

/** Changes a tensor of an answer. */
const twisted =
  (name: string, change: (x: StoredTensor) => Partial<StoredTensor> | null): Twist =>
  (answer) => {
    const x = answer.get(name);
    if (x === undefined) return answer;
    const other = change(x);
    const rest = new Map([...answer].filter(([one]) => one !== name));
    return other === null ? rest : new Map([...rest, [name, { ...x, ...other }]]);
  };

const renamed =
  (from: string, to: string): Twist =>
  (answer) =>
    new Map([...answer].map(([name, x]) => [name === from ? to : name, x]));

describe('a row', () => {
  it('says that taps are right', async () => {
    expect(await rowOf(same)).toMatchObject({ outputs: 'PASS', gradients: 'PASS', notes: ['taps right: state'] });
  });

  it('says so nowhere where none is returned', async () => {
    expect((await rowOf(twisted('tap/state', () => null))).notes).toEqual([]);
  });

  it('passes where only a tap diverges, and says it', async () => {
    const { outputs, notes } = await rowOf(
      twisted('tap/state', ({ data }) => ({ data: data.length === 0 ? data : data.with(0, data[0]! + 1) })),
    );
    expect(outputs).toBe('PASS');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^in 4 of 4 right answers a tap diverges, first tap state\[b 0, h 0, t 0, d 0, e 0\] is /);
  });

  it.each([
    [
      'a name that is not known',
      renamed('tap/state', 'tap/states'),
      /^tap states is not compared: the mode recurrent has the taps state \(did you mean 'state'\?\)$/,
    ],
    [
      'another type',
      twisted('tap/state', () => ({ dtype: 'F64' })),
      /^tap state is not compared: it has the type F64, not F32$/,
    ],
    [
      'another shape',
      twisted('tap/state', ({ data }) => ({ shape: [data.length] })),
      /^tap state is not compared: it has shape \[\d+\], not \[.*\], its \[b, h, t, d, e\]$/,
    ],
  ])('passes where a tap has %s, and says it', async (_, twist, note) => {
    const { outputs, notes } = await rowOf(twist);
    expect([outputs, notes]).toEqual(['PASS', [expect.stringMatching(note)]]);
  });

  it.each(['toString', 'constructor', '__proto__'])('passes where a tap is called %s, and says it', async (name) => {
    const { outputs, notes } = await rowOf(renamed('tap/state', `tap/${name}`));
    expect([outputs, notes]).toEqual(['PASS', [`tap ${name} is not compared: the mode recurrent has the taps state`]]);
  });

  it('prints names of taps on one line, without control sequences, and tells them apart', async () => {
    const two: Twist = (answer) => {
      const x = answer.get('tap/state')!;
      return new Map([...answer, ['tap/\u001b[31mred\nFAIL', x], ['tap/a is not compared: b', x]]);
    };
    expect((await rowOf(two)).notes).toEqual([
      'taps right: state',
      'tap red FAIL is not compared: the mode recurrent has the taps state',
      'tap a is not compared: b is not compared: the mode recurrent has the taps state',
    ]);
  });

  it('does not call a tap right of which no number has a bound', () => {
    const operator = operators.find(({ name }) => name === 'simpleGla')!;
    const [drawn] = sampleCases(operator, { longest: 6 }, 1, 1);
    const notesOf = (size: number): string[] => {
      const inputs = mapTensors(drawn!.inputs, (x, name) => ({
        ...x,
        data: x.data.map((number) => Math.fround('kv'.includes(name) ? size : number)),
      }));
      const c: Case = { ...drawn!, inputs };
      const { taps } = withTaps(operator, 'recurrent', c, { dtype: 'F32', gradients: false });
      const inquiry = { operator, mode: 'recurrent', dtype: 'F32', profiles: [profileOf.F32] };
      const seen = seenTaps(inquiry as never);
      seen.see(c, { taps, allowed: { tensors: {}, profile: profileOf.F32 } } as never);
      return seen.notes(false);
    };
    expect([notesOf(1), notesOf(1e30)]).toEqual([['taps right: state'], []]);
  });

  it('says that a declared form has no such tap', async () => {
    const form = 'segmentSums';
    const { program } = operators.find(({ name }) => name === 'simpleGla')!.forms!.recurrent![form]!;
    const withState: Twist = (answer) => {
      const [b, h, t] = answer.get('out/output')!.shape as [number, number, number];
      const [, , d, e] = answer.get('out/state')!.shape as [number, number, number, number];
      const data = new Float64Array(b * h * t * d * e);
      return new Map([...answer, ['tap/state', { dtype: 'F32', shape: [b, h, t, d, e], data }]]);
    };
    const { outputs, notes } = await rowOf(withState, { program, offer: { form: { recurrent: form } } });
    expect([outputs, notes]).toEqual(['PASS', ['tap state is not compared: the form segmentSums has none']]);
  });
});

describe('a failure', () => {
  it('names the tap and the token in which the fault is, and says that all else is right', async () => {
    const { finding, outputs } = await rowOf(same, {
      change: ({ name, at, data }) => (name === 'state' && at === 2 ? data.map((x) => Math.fround(x * 2)) : data),
    });
    expect(outputs).toBe('FAIL');
    expect(finding!.hints[0]).toMatch(
      /^first diverges tap state\[b 0, h 0, t 2, d 0, e 0\] is \S+, not \S+( ± \S+)?; \d+ of \d+ numbers of it diverge; computed from its own state, all else is right$/,
    );
  });

  it('after the last tap leaves the taps right', async () => {
    const { finding } = await rowOf(twisted('out/output', ({ data }) => ({ data: data.map((x) => x + 1) })));
    expect(finding!.hints[0]).toBe('right taps: state; computed from them, wrong: out/output');
  });

  it('in a gradient alone leaves the taps right', async () => {
    const { finding, outputs, gradients } = await rowOf(
      twisted('grad/k', ({ data }) => ({ data: data.map((x) => x + 1) })),
    );
    expect([outputs, gradients]).toEqual(['PASS', 'FAIL']);
    expect(finding!.hints[0]).toBe('right taps: state; computed from them, wrong: grad/k');
  });

  it('in two places names the first, and that another remains', async () => {
    const { finding } = await rowOf(
      twisted('out/output', ({ data }) => ({ data: data.map((x) => x + 1) })),
      { change: ({ name, at, data }) => (name === 'state' && at === 0 ? data.map((x) => Math.fround(x + 1)) : data) },
    );
    expect(finding!.hints[0]).toMatch(
      /^first diverges tap state\[b 0, h 0, t 0, d 0, e 0\] .*; computed from its own state, wrong too: out\/output$/,
    );
  });
});
