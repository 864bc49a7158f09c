import { describe, expect, it } from 'vitest';
import type { StoredTensor } from '../../../../src/io/safetensors.ts';
import { alike } from '../../../../src/oracle/check/alike.ts';
import { check } from '../../../../src/oracle/check/check.ts';
import { along } from '../../../../src/oracle/check/diagnosis/along.ts';
import { ofLengths } from '../../../../src/oracle/check/diagnosis/neighbours.ts';
import { isToldBy } from '../../../../src/oracle/check/findings.ts';
import { failsAlone } from '../../../../src/oracle/check/replayed.ts';
import { failureLines } from '../../../../src/oracle/check/report.ts';
import type { CheckRow } from '../../../../src/oracle/check/row.ts';
import type { Fault } from '../../../../src/oracle/fault.ts';
import { faults } from '../../../../src/oracle/faults.ts';
import { programBackend, type Twist } from '../program-backend.ts';

const size = { cases: 12, longest: 13, seed: 1, dtypes: ['F64'] as const };

async function rowOf(
  twist: Twist,
  operators = ['depthwiseConvolution'],
  modes = ['parallel'],
  seed = size.seed,
): Promise<CheckRow> {
  const { rows } = await check(programBackend({}, twist), { ...size, seed, operators, modes });
  return rows[0]!;
}

/** What a row says of each wrong tensor. */
const contrastsOf = ({ finding }: CheckRow): Record<string, string> =>
  Object.fromEntries(finding!.contrasts.flatMap(({ says, tensors }) => tensors.map((tensor) => [tensor, says])));

/** Changes one tensor of each answer. */
const changing =
  (name: string, change: (x: StoredTensor) => Float64Array): Twist =>
  (answer) => {
    const x = answer.get(name)!;
    return new Map(answer).set(name, { ...x, data: change(x) });
  };

const times =
  (factor: number) =>
  ({ data }: StoredTensor) =>
    data.map((x) => x * factor);

describe('a wrong tensor', () => {
  it.each<[string, string, (x: StoredTensor) => Float64Array]>([
    ['the right numbers times -1', 'out/output', times(-1)],
    ['the right numbers times 3', 'grad/x', times(3)],
    ['the right numbers times 0.7', 'out/window', times(0.7)],
    ['the right numbers times 1/√e', 'out/output', (x) => times(x.shape[2]! ** -0.5)(x)],
    ['every number is 0', 'grad/window', times(0)],
    ['the right numbers plus 0.5', 'out/output', ({ data }) => data.map((x) => x + 0.5)],
    ['the right numbers, but 0 where they are negative', 'out/output', ({ data }) => data.map((x) => Math.max(0, x))],
    [
      'the right numbers with the e in reversed order',
      'out/output',
      ({ data, shape }) => data.map((_, i) => data[i - (i % shape[2]!) + shape[2]! - 1 - (i % shape[2]!)]!),
    ],
    [
      'the right numbers stored with k and e exchanged',
      'out/window',
      ({ data, shape }) => {
        const [, k, e] = shape as [number, number, number];
        return data.map((_, i) => data[i - (i % (k * e)) + (i % k) * e + (Math.floor(i / k) % e)]!);
      },
    ],
  ])('is told as "%s": %s', async (says, tensor, change) => {
    expect(contrastsOf(await rowOf(changing(tensor, change)))).toEqual({ [tensor]: says });
  });

  it('gets no explanation that holds in some cases only', async () => {
    const row = await rowOf((answer, question) =>
      changing('out/output', ({ data }) => data.map((x, i) => x * (2 + ((question.c.seed * (i + 1)) % 7) / 8)))(
        answer,
        question,
      ),
    );
    expect(contrastsOf(row)).toEqual({});
  });
});

const faultOf = (operator: string, name: string): Fault =>
  faults.find((fault) => fault.operator.name === operator && fault.name === name)!;

describe('a fault', () => {
  it.each([
    ['depthwiseConvolution', 'taps-reversed', 'out/output', 'as if weight were read with the k in reversed order'],
    ['depthwiseConvolution', 'window-ignored', 'out/output', 'as if window were zeros'],
    ['retention', 'heads-share-decay', 'grad/state', 'as if every decay were the first'],
    ['retention', 'carry-lost', 'out/output', 'as if the state became the given one again after every chunk'],
    ['retention', 'gradient-stops-at-chunks', 'grad/k', 'as if no gradient went through the state after every chunk'],
    ['retention', 'last-token-not-stored', 'out/state', 'as if the last token were not there'],
    ['linearScan', 'state-ignored', 'grad/a', 'as if state were zeros'],
  ])('of %s, %s, is told by %s: %s', async (name, fault, tensor, says) => {
    const { program, mode } = faultOf(name, fault);
    const options = { ...size, operators: [name], modes: [mode] };
    const { rows } = await check(programBackend({ [name]: program }), options);
    expect(contrastsOf(rows[0]!)[tensor]).toBe(says);
  });

  it('hides no other: a row tells both', async () => {
    const late: Twist = (answer, question) =>
      question.c.inputs.x!.shape[1]! < 4
        ? changing('grad/weight', times(3))(answer, question)
        : changing('out/output', times(2))(answer, question);
    const { wrongIn, finding, also } = await rowOf(late);
    expect(Object.keys(wrongIn).sort()).toEqual(['grad/weight', 'out/output']);
    expect([finding!, ...also].map(({ kind }) => kind).sort()).toEqual(['wrong grad/weight', 'wrong out/output']);
  });

  it('is told once, by its name or by the question that it answers', async () => {
    const { finding } = await rowOf(changing('out/output', times(2)));
    const one = (hints: string[], ...contrasts: string[]) => ({
      ...finding!,
      hints,
      contrasts: contrasts.map((says) => ({ says, tensors: ['out/output'] })),
    });
    const [zeros, twice] = ['as if state were zeros', 'the right numbers times 2'];
    expect(isToldBy([one([], zeros)], one([], zeros))).toBe(true);
    expect(isToldBy([one([], zeros)], one([], zeros, twice))).toBe(false);
    expect(isToldBy([one([], twice)], one([], twice))).toBe(false);
    const fault = "looks like the fault 'a': b";
    expect(isToldBy([one([fault])], one([fault], twice))).toBe(true);
    expect(isToldBy([one(['at other lengths: c'])], one(['at other lengths: c']))).toBe(false);
  });
});

describe('a token', () => {
  const seeing =
    (isWrong: (sequence: number) => boolean): Twist =>
    (answer, { c }) => {
      const { a, b, state } = c.inputs;
      const [sequences, t, n] = a!.shape as [number, number, number];
      const out = answer.get('out/output')!;
      const data = out.data.map((right, i) => {
        const [row, token] = [Math.floor(i / (t * n)), Math.floor(i / n) % t];
        if (token < window || !isWrong(row)) return right;
        let y = 0;
        for (let s = token - window + 1; s <= token; s++) {
          const at = (row * t + s) * n + (i % n);
          y = a!.data[at]! * y + b!.data[at]!;
        }
        return y;
      });
      expect([sequences, n]).toEqual(state!.shape);
      return new Map(answer).set('out/output', { ...out, data });
    };
  const window = 4;
  const ofScan = (isWrong: (sequence: number) => boolean) => rowOf(seeing(isWrong), ['linearScan'], ['recurrent']);

  it('sees the last tokens only', async () => {
    expect(contrastsOf(await ofScan(() => true))).toEqual({ 'out/output': 'as if only the last 4 tokens counted' });
    expect(contrastsOf(await ofScan((sequence) => sequence === 0))).toEqual({});
  });

  it('does not see itself', async () => {
    const unseen: Twist = (answer, { c }) => {
      const { q, k, v } = c.inputs;
      const [d, e] = [q!.shape[3]!, v!.shape[3]!];
      const out = answer.get('out/output')!;
      const scoreOf = (row: number): number =>
        Array.from({ length: d }, (_, i) => q!.data[row * d + i]! * k!.data[row * d + i]!).reduce((x, y) => x + y, 0);
      const data = out.data.map((right, i) => right - scoreOf(Math.floor(i / e)) * v!.data[i]!);
      return new Map(answer).set('out/output', { ...out, data });
    };
    const row = await rowOf(unseen, ['retention'], ['parallel']);
    expect(contrastsOf(row)).toEqual({ 'out/output': 'as if no token saw its own k' });
  });
});

describe('rows that fail alike', () => {
  const { program, mode } = faultOf('depthwiseConvolution', 'window-ignored');
  const wrong = programBackend({ depthwiseConvolution: program });
  const operator = { operators: ['depthwiseConvolution'], modes: [mode] };

  it('are told once', async () => {
    const { rows } = await check(wrong, { ...size, ...operator, dtypes: ['F32', 'F64'] });
    const groups = alike(rows);
    expect(groups.map(({ row, others }) => [row.dtype, others.map(({ dtype }) => dtype)])).toEqual([['F32', ['F64']]]);
    expect(failureLines(groups[0]!.row, { again: () => '', others: groups[0]!.others })[1]).toBe(
      `  the same in: ${mode} F64`,
    );
  });

  it('are asked again, alone', async () => {
    const { rows } = await check(wrong, { ...size, ...operator });
    expect(await failsAlone(wrong, rows[0]!, size)).toBe(true);
    expect(await failsAlone(programBackend(), rows[0]!, size)).toBe(false);
    expect(failureLines(rows[0]!, { again: () => '', isAlone: false }).join('\n')).toContain('not reproducible alone');
  });
});

describe('neighbours', () => {
  const failsAt =
    (isWrong: (t: number) => boolean): Twist =>
    (answer, question) =>
      isWrong(question.c.inputs.x!.shape[1]!) ? changing('out/output', times(2))(answer, question) : answer;

  it.each<[string, (t: number) => boolean]>([
    ['right up to t = 4, wrong from t = 5 on', (t) => t > 4],
    ['wrong where t is a multiple of 4', (t) => t % 4 === 0],
    ['right only where t is a multiple of 2', (t) => t % 2 === 1],
  ])('say "%s"', async (says, isWrong) => {
    // with this seed the first case that fails has few zeros, so that its neighbours tell something
    const { finding } = await rowOf(failsAt(isWrong), undefined, undefined, 2);
    expect(finding!.hints.join()).toContain(says);
  });
});

describe('lengths at which a case fails', () => {
  const tried = (wrong: number[], right: number[]): string | null =>
    ofLengths('n', new Map([...wrong.map((n) => [n, true] as const), ...right.map((n) => [n, false] as const)]));

  it('have a divisor only if shorter ones were tried', () => {
    expect(tried([2, 3, 5], [4, 8, 16])).toContain('right only where n is a multiple of 4');
    expect(tried([5, 7, 9], [4, 8, 16]) ?? '').not.toContain('multiple');
    expect(tried([8, 16, 24], [3, 17])).toContain('wrong where n is a multiple of 8');
    expect(tried([8, 16, 24], [12, 20, 28]) ?? '').not.toContain('multiple');
  });
});

describe('along an axis', () => {
  const tokens = (length: number, chunk: number | null) => ({ one: 'token', many: 'tokens', length, chunk });

  it.each<[string | null, number, number | null, number[]]>([
    [null, 1, null, [0]],
    ['every token', 3, null, [0, 1, 2]],
    ['the first token only', 5, null, [0]],
    ['the last token only, of 5', 5, null, [4]],
    ['only token 2 of 5', 5, null, [2]],
    ['from token 2 of 5 on', 5, null, [2, 3, 4]],
    ['tokens 1 to 2 of 5', 5, null, [1, 2]],
    ['each second token from 1 on, of 7', 7, null, [1, 3, 5]],
    ['tokens 0, 2 of 5', 5, null, [0, 2]],
    ['the last, incomplete chunk, from token 4 of 5 (chunks of 4)', 5, 4, [4]],
    ['from token 4 of 12 on, where a chunk of 4 begins', 12, 4, [4, 5, 6, 7, 8, 9, 10, 11]],
    ['the first token of each chunk of 3 but the first', 9, 3, [3, 6]],
    ['the last token of each chunk of 3', 9, 3, [2, 5, 8]],
  ])('says "%s"', (text, length, chunk, found) => {
    expect(along(tokens(length, chunk), found)).toBe(text);
  });
});
