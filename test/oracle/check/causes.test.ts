import { describe, expect, it } from 'vitest';
import { ulpsBetween } from '../../../src/io/ulps.ts';
import { causeLines, causesAcross } from '../../../src/oracle/check/causes/across.ts';
import { causesOf } from '../../../src/oracle/check/causes/causes.ts';
import { conditionOf } from '../../../src/oracle/check/causes/condition.ts';
import { deviationsOf } from '../../../src/oracle/check/causes/deviation.ts';
import { type CheckOptions, check } from '../../../src/oracle/check/check.ts';
import { checkMode } from '../../../src/oracle/check/check-mode.ts';
import type { JudgedCase } from '../../../src/oracle/check/failure-data.ts';
import type { JudgedAnswer } from '../../../src/oracle/check/inquiry.ts';
import type { Form, Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { scale } from '../../../src/tensor/primitives/scale.ts';
import { programBackend, type Twist } from './program-backend.ts';

/** A judged case of some lengths and settings, wrong in some tensors. */
const judged = (
  lengths: Readonly<Record<string, number>>,
  tensors: readonly string[] = [],
  explanations: readonly string[] = [],
  more: Partial<JudgedCase> = {},
): JudgedCase => ({
  replay: { seed: 1, path: JSON.stringify([lengths, tensors]) },
  lengths,
  settings: {},
  values: 'normal',
  memory: 'contiguous',
  zeros: [],
  failure: tensors.length === 0 ? null : { kind: 'wrong', message: '', tensors, deviations: [], explanations },
  ...more,
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe('the condition of a cause', () => {
  const split = (isWrong: (t: number) => boolean, more: (t: number) => Partial<JudgedCase> = () => ({})) => {
    const ts = upTo(40);
    const of = (which: boolean): JudgedCase[] =>
      ts.filter((t) => isWrong(t) === which).map((t) => judged({ b: 1, t }, [], [], more(t)));
    return conditionOf(of(true), of(false));
  };

  it.each<[string, (t: number) => boolean, ((t: number) => Partial<JudgedCase>)?]>([
    ['t ≥ 17', (t) => t > 16],
    ['t ≤ 4', (t) => t < 5],
    ['t no multiple of 4', (t) => t % 4 !== 0],
    ['t a multiple of 8', (t) => t % 8 === 0],
    ['t no multiple of chunkSize', (t) => t % 3 !== 0, () => ({ settings: { chunkSize: 3 } })],
    ['memory strided', (t) => t % 3 === 0, (t) => ({ memory: t % 3 === 0 ? 'strided' : 'contiguous' })],
    ['state not zeros', (t) => t % 3 !== 0, (t) => ({ zeros: t % 3 === 0 ? ['state'] : [] })],
    ['t ≥ 17 and t no multiple of 4', (t) => t > 16 && t % 4 !== 0],
  ])('is found: %s', (says, isWrong, more) => {
    expect(split(isWrong, more)).toEqual({ says, right: 0, of: upTo(40).filter((t) => !isWrong(t)).length });
  });

  it('is null where nothing tells failing cases from right ones, or where there are few', () => {
    expect(split((t) => [1, 2, 3, 38, 39, 40].includes(t))).toBeNull();
    expect(split((t) => t > 38)).toBeNull();
  });

  it('may be of more cases than a call takes arguments', () => {
    const many = Array.from({ length: 130_000 }, () => judged({ t: 7 }));
    expect(
      conditionOf(
        many,
        upTo(5).map((t) => judged({ t })),
      ),
    ).toEqual({ says: 't = 7', right: 0, of: 5 });
  });
});

describe('causes', () => {
  it('are the fewest explanations that hold for all failing cases', () => {
    const cases = [
      judged({ t: 1 }, ['out/output'], ['one', 'both']),
      judged({ t: 2 }, ['out/output'], ['both']),
      judged({ t: 3 }, ['out/state'], ['other']),
      judged({ t: 4 }),
    ];
    expect(causesOf(cases).map(({ says, cases: own }) => [says, own])).toEqual([
      ['both', 2],
      ['other', 1],
    ]);
  });

  it('take cases that nothing explains where the same tensors are wrong, and count them apart', () => {
    const [first, second] = causesOf([
      judged({ t: 1 }, ['out/output', 'grad/a'], ['one']),
      judged({ t: 2 }, ['grad/a']),
      judged({ t: 3 }, ['out/state']),
    ]);
    expect(first).toMatchObject({ says: 'one', cases: 1, alike: 1, wrongIn: { 'out/output': 1, 'grad/a': 2 } });
    expect(second).toMatchObject({ says: 'unexplained: out/state wrong', isExplained: false, cases: 1, alike: 0 });
  });
});

describe('causes of one condition', () => {
  const late =
    (tensors: string[], explanations: string[] = []) =>
    (t: number) =>
      judged({ t }, tensors, explanations);
  const right = upTo(12).map((t) => judged({ t }));
  const found = (...failing: JudgedCase[]) =>
    causesOf([...right, ...failing]).map(({ says, cases, alike }) => [says, cases, alike]);

  it('stay two where both are explained, or no tensor is wrong in both', () => {
    const one = [70, 71, 72].map(late(['out/y'], ['A']));
    expect(found(...one, ...[70, 73, 74].map(late(['grad/x'], ['B'])))).toEqual([
      ['A', 3, 0],
      ['B', 3, 0],
    ]);
    expect(found(...one, ...[70, 73, 74].map(late(['out/y'], ['B'])))).toHaveLength(2);
    expect(found(...one, ...[70, 73, 74].map(late(['grad/x'])))).toEqual([
      ['A', 3, 0],
      ['unexplained: grad/x wrong', 3, 0],
    ]);
  });

  it('are one where a case that nothing explains has a wrong tensor of an explained one', () => {
    const [one, two] = [late(['out/y'], ['A']), late(['out/y', 'out/z'])];
    expect(found(...[70, 71, 72].map(one), ...[70, 73, 74].map(two))).toEqual([['A', 3, 3]]);
  });
});

describe('deviations', () => {
  const answer = (expected: number[], data: number[], dtype: 'F32' | 'F64' = 'F64', period?: number) =>
    deviationsOf({
      answered: new Map([['out/y', { dtype, shape: [data.length], data: Float64Array.from(data) }]]),
      allowed: { tensors: { 'out/y': { expected: Float64Array.from(expected), period } } },
      judgement: { mismatches: [{ tensor: 'out/y', worst: { ratio: 9 }, wrong: [0] }] },
    } as unknown as JudgedAnswer)[0]!;

  it('are the relative root mean square and the most ulp', () => {
    expect(answer([3, 4], [3, 4 + 5 * 2 ** -40])).toMatchObject({ relativeRms: 2 ** -40, ulps: 5 * 2 ** 10, of: 2 });
    expect(answer([1, 1], [1, 1 + 2 ** -23], 'F32').ulps).toBe(1);
    expect(answer([0, 0], [0, 0])).toMatchObject({ relativeRms: 0, ulps: 0 });
  });

  it('leave out whole periods', () => {
    expect(answer([1, 2, 4], [1 + 6, 2 - 12, 4 + 6 + 2 ** -20], 'F64', 6)).toMatchObject({
      relativeRms: expect.closeTo(2 ** -20 / Math.sqrt(21), 9),
      ulps: 2 ** 30,
    });
  });

  it('are infinite where no number of digits is right', () => {
    expect(answer([0], [1]).relativeRms).toBe(Number.POSITIVE_INFINITY);
    expect(answer([1], [Number.NaN])).toMatchObject({ relativeRms: Infinity, ulps: Infinity });
    expect(answer([Number.NEGATIVE_INFINITY], [1])).toMatchObject({ relativeRms: Infinity, ulps: Infinity });
  });

  it('count the numbers of each type, across zero too', () => {
    expect(ulpsBetween(1, 1 + 2 ** -7, 'BF16')).toBe(1);
    expect(ulpsBetween(2 - 2 ** -10, 2, 'F16')).toBe(1);
    expect(ulpsBetween(-(2 ** -149), 2 ** -149, 'F32')).toBe(2);
    expect(ulpsBetween(0, 2 ** -14, 'F16')).toBe(2 ** 10);
    expect(ulpsBetween(1, 2)).toBe(2 ** 52);
  });
});

describe('a check that keeps going', () => {
  const asked: CheckOptions = {
    cases: 30,
    longest: 9,
    seed: 1,
    operators: ['linearScan'],
    modes: ['recurrent'],
    dtypes: ['F64'],
  };
  const rowOf = async (twist: Twist, more: Partial<CheckOptions> = {}) =>
    (await check(programBackend({}, twist), { ...asked, ...more })).rows[0]!;
  /** Wrong outputs from four tokens on. */
  const late: Twist = (answer, { c }) =>
    c.inputs.a!.shape[1]! < 4
      ? answer
      : new Map(
          [...answer].map(([name, x]) => [name, name === 'out/output' ? { ...x, data: x.data.map((y) => 3 * y) } : x]),
        );

  it('judges every case of a row that fails, and says which fail', async () => {
    const row = await rowOf(late, { keepGoing: true });
    expect(row.cases).toBe(30);
    expect(row.judged).toHaveLength(30);
    for (const { lengths, failure } of row.judged!) {
      const all = failure?.deviations[0];
      expect(failure !== null).toBe(lengths.t! >= 4);
      if (all) expect([all.tensor, all.relativeRms]).toEqual(['out/output', expect.closeTo(2, 12)]);
    }
    expect(row.causes).toHaveLength(1);
    expect(row.causes![0]).toMatchObject({
      says: 'out/output: the right numbers times 3',
      condition: { says: 't ≥ 4', right: 0 },
    });
    expect(row.wrongIn['out/output']).toBe(row.causes![0]!.cases + row.causes![0]!.alike);
    const text = causeLines(causesAcross([row]));
    expect(text[0]).toBe('linearScan: out/output: the right numbers times 3');
    expect(text[2]).toMatch(/^ {4}all of them have t ≥ 4; of \d+ right cases none$/);
  });

  it('goes on past answers that break', async () => {
    const row = await rowOf(
      (answer, { c }) =>
        c.inputs.a!.shape[1] === 5
          ? { kind: 'failure', failure: { kind: 'said-so', message: 'it ended', stderr: [] } }
          : answer,
      { keepGoing: true, cases: 60 },
    );
    expect(row.cases).toBe(60);
    expect(row.causes).toMatchObject([{ says: 'said-so', condition: { says: 't = 5', right: 0 } }]);
  });

  it('takes no answer for wrong that a form explains, though it is far beyond the bounds of the formula', async () => {
    const scan = operators.find(({ name }) => name === 'linearScan')!;
    const triple: Form['program'] = (inputs, settings) => {
      const all = scan.modes.recurrent!(inputs, settings);
      return { ...all, output: scale(all.output!, 3) };
    };
    const operator: Operator = { ...scan, forms: { recurrent: { triple: { says: 'three times', program: triple } } } };
    let first: number | null = null;
    const scaled: Twist = (answer, { c }) => {
      first ??= c.seed;
      const by = c.seed === first ? 5 : 3;
      return new Map(
        [...answer].map(([name, x]) => [name, name === 'out/output' ? { ...x, data: x.data.map((y) => by * y) } : x]),
      );
    };
    const backend = programBackend({}, scaled, { gradients: false });
    const row = await checkMode(backend, operator, 'recurrent', 'F64', {
      cases: 12,
      longest: 5,
      seed: 1,
      keepGoing: true,
    });
    expect(row.cases).toBe(12);
    expect(row.judged!.filter(({ failure }) => failure !== null)).toHaveLength(1);
  });

  it('names no causes of a right row', async () => {
    expect(await rowOf((answer) => answer, { keepGoing: true })).toMatchObject({ outputs: 'PASS', causes: [] });
  });
});
