import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f64 } from '../../../../src/executors/f64/index.ts';
import { type Dtype, dtypes } from '../../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../../src/oracle/case.ts';
import { type Allowed, allowedFor, profileOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer, type Judgement, judged } from '../../../../src/oracle/check/verdict/judged.ts';
import { denseRetNetOperator } from '../../../../src/oracle/operators/dense-retnet/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { retention } from '../../../../src/oracle/operators/retention/operator.ts';
import { rng } from '../../../../src/tensor/random.ts';
import type { Executor } from '../../../../src/tensor/value.ts';
import { casesOf, seeds } from '../../../support/bounded-trial.ts';
import { cases } from '../../../support/property.ts';
import { type Answered, answerOn, changed, rightAnswer, withNumber } from '../support.ts';

const patient = { timeout: 900_000 };
/** The operators that are judged in 16 bits here; `profiles.test.ts` tries the bounds of all. */
const inShort = ['retention', 'simpleGla', 'selectiveScan', 'attention', 'denseRetNet', 'denseMamba'];
const modes = operators.flatMap((operator) =>
  Object.keys(operator.modes).flatMap((mode) =>
    dtypes
      .filter((dtype) => dtype === 'F32' || dtype === 'F64' || inShort.includes(operator.name))
      .map((dtype) => ({ operator, mode, dtype })),
  ),
);
const { u } = profileOf.F32.at.sum;

describe('correct implementations are never rejected', patient, () => {
  it.each(modes)('$operator.name in mode $mode, $dtype', ({ operator, mode, dtype }) => {
    const drawn = casesOf(operator, mode, 6, profileOf[dtype]);
    fc.assert(
      fc.property(drawn, seeds, fc.boolean(), (c, seed, gradients) => {
        const allowed = allowedFor(operator, { mode, dtype, gradients, c });
        const judgement = judged(allowed, rightAnswer(operator.modes[mode]!, c, seed, { dtype, gradients }), seed);
        expect(judgement.mismatches).toEqual([]);
        expect(judgement.ratio).toBeLessThanOrEqual(1);
        // in half precision, numbers that may overflow have no bound
        const mayOverflow = Object.values(allowed.tensors).flatMap(({ bounds }) =>
          [...bounds].filter((e) => e === Infinity),
        );
        expect(judgement.compared.none).toBeLessThanOrEqual(dtype === 'F16' ? mayOverflow.length : 0);
      }),
      cases(dtype === 'F32' || dtype === 'F64' ? 6 : 2),
    );
  });
});

/** Draws a case of retention with normal values, and returns it with a correct answer and the allowed errors. */
function asked(dtype: Dtype = 'F32', mode = 'recurrent'): { c: Case; allowed: Allowed; answer: Answered } {
  const arbitrary = casesOf(retention, mode, 6, profileOf[dtype]).filter(
    ({ inputs, values }) => inputs.q!.shape[2]! > 2 && values === 'normal',
  );
  const c = fc.sample(arbitrary, { numRuns: 1, seed: 1 })[0]!;
  const allowed = allowedFor(retention, { mode, dtype, gradients: true, c });
  return { c, allowed, answer: rightAnswer(retention.modes[mode]!, c, 1, { dtype }) };
}

describe('an answer that cannot be compared is reported with its kind of mismatch', () => {
  const { allowed, answer } = asked();
  const found = (answered: Answered): Judgement => judged(allowed, answered, 1);
  const only = (answered: Answered): unknown[] =>
    found(answered).mismatches.map(({ kind, message }) => [kind, message]);
  const { shape, data } = answer.get('grad/k')!;

  it('a missing tensor', () => {
    const without = new Map([...answer].filter(([name]) => name !== 'grad/state'));
    expect(only(without)).toEqual([['missing', 'grad/state is missing']]);
    expect(found(without).ratio).toBe(Number.POSITIVE_INFINITY);
  });

  it('an unrequested tensor', () => {
    const more = new Map([...answer, ['out/attention', answer.get('out/output')!]]);
    expect(only(more)).toEqual([['extra', 'out/attention was not asked for']]);
  });

  it('another type', () => {
    expect(only(changed(answer, 'grad/k', { dtype: 'BF16' }))).toEqual([
      ['dtype', 'grad/k has the type BF16, not F32'],
    ]);
  });

  it('another shape', () => {
    const flat = changed(answer, 'grad/k', { shape: [data.length] });
    expect(only(flat)).toEqual([['shape', `grad/k has shape [${data.length}], not [${shape.join(', ')}]`]]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d instead of a finite number',
    (wrong) => {
      const { mismatches, ratio } = found(withNumber(answer, 'grad/k', 2, () => wrong));
      expect(mismatches.map(({ kind, tensor }) => [kind, tensor])).toEqual([['not-finite', 'grad/k']]);
      expect(mismatches[0]!.wrong).toEqual([2]);
      expect(ratio).toBe(Number.POSITIVE_INFINITY);
    },
  );

  it('several mismatches, with the other tensors still compared', () => {
    const wrong = withNumber(changed(answer, 'grad/k', { dtype: 'F64' }), 'out/output', 0, (x) => x + 1);
    expect(found(wrong).mismatches.map(({ kind }) => kind)).toEqual(['dtype', 'wrong']);
    expect(found(wrong).worst).toMatchObject({ tensor: 'out/output', element: 0, by: 'bound' });
  });
});

it('numbers with a period are right after whole periods alone', () => {
  const { allowed, answer } = asked();
  const periodic = { ...allowed.tensors['out/output']!, period: 2 };
  const found = (turns: number): boolean =>
    isRightAnswer(
      judged(
        { ...allowed, tensors: { ...allowed.tensors, 'out/output': periodic } },
        withNumber(answer, 'out/output', 0, () => periodic.expected[0]! + turns * 2),
        1,
      ),
    );
  expect([-3, -1, 0, 2].map(found)).toEqual([true, true, true, true]);
  expect([-0.5, 0.25, Number.NaN].map(found)).toEqual([false, false, false]);
});

it('an answer of many numbers, all of them wrong or all right', () => {
  const { allowed } = asked();
  const [count, shape] = [2 ** 18, [2 ** 18]];
  const tensor = {
    shape,
    dtypes: ['F32' as const],
    expected: new Float64Array(count).fill(4096),
    bounds: new Float64Array(count).fill(2),
  };
  const many: Allowed = { ...allowed, isFirstOrder: false, tensors: { 'out/output': tensor } };
  const answered = (x: number): Answered =>
    new Map([
      ['out/output', { dtype: 'F32', shape, data: new Float64Array(count).fill(4096 + x).with(7, 4096 + 2 * x) }],
    ]);
  const [right, wrong] = [judged(many, answered(1), 1), judged(many, answered(3), 1)];
  expect([right.mismatches, right.ratio, right.ratios.count]).toEqual([[], 1, count]);
  expect(wrong.mismatches.map((one) => [one.kind, one.wrong.length, one.worst?.element])).toEqual([
    ['wrong', count, 7],
  ]);
});

describe('planted faults are rejected', patient, () => {
  it.each(Object.keys(retention.modes))('8 n u cond in one number of retention, mode %s', (mode) => {
    fc.assert(
      fc.property(casesOf(retention, mode, 6, profileOf.F32), seeds, (c, seed) => {
        const program = retention.modes[mode]!;
        const absolute = (tensors: Case['inputs']): Case['inputs'] =>
          Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, { ...x, data: x.data.map(Math.abs) }]));
        // retention is a sum of products with positive weights, so retention of absolute values gives its condition
        const sizes = answerOn(
          f64 as Executor,
          program,
          { ...c, inputs: absolute(c.inputs), cotangents: absolute(c.cotangents) },
          { dtype: 'F32' },
        );
        const [, , t, d] = c.inputs.q!.shape as [number, number, number, number];
        const n = t * Math.max(d, c.inputs.v!.shape[3]!) + 2;
        const answer = rightAnswer(program, c, seed, { dtype: 'F32' });
        const random = rng(seed);
        const name = [...answer.keys()][random.integer(answer.size)]!;
        const element = random.integer(answer.get(name)!.data.length);
        const fault = 8 * n * u * sizes.get(name)!.data[element]! + 2 ** -100;
        const allowed = allowedFor(retention, { mode, dtype: 'F32', gradients: true, c });
        const { mismatches } = judged(
          allowed,
          withNumber(answer, name, element, (x) => x + fault),
          seed,
        );
        expect(mismatches.map(({ kind, tensor, worst }) => [kind, tensor, worst?.element])).toEqual([
          ['wrong', name, element],
        ]);
      }),
      cases(100),
    );
  });

  it.each(Object.keys(denseRetNetOperator.modes))(
    'in a number of a model that only first-order bounds judge, %s',
    (mode) => {
      const shares: number[] = [];
      fc.assert(
        fc.property(casesOf(denseRetNetOperator, mode, 6, profileOf.F32), seeds, (c, seed) => {
          const answer = rightAnswer(denseRetNetOperator.modes[mode]!, c, seed, { dtype: 'F32' });
          const allowed = allowedFor(denseRetNetOperator, { mode, dtype: 'F32', gradients: true, c });
          const numbers = Object.entries(allowed.tensors).flatMap(([name, { bounds, expected }]) =>
            Array.from(bounds, (bound, element) => ({
              name,
              bound,
              element,
              x: expected[element]!,
              of: expected.length,
            })),
          );
          const open = numbers.filter(({ bound, x }) => bound === Number.POSITIVE_INFINITY && x !== 0);
          if (open.length === 0) return;
          const { name, element, x, of } = open[rng(seed).integer(open.length)]!;
          const bound = allowed.firstOrder({ [name]: new Float64Array(of).with(element, 1) });
          shares.push(bound / Math.abs(x));
          const fault = Math.max(4 * bound, 1e-3 * Math.abs(x));
          const judgement = judged(
            allowed,
            withNumber(answer, name, element, (y) => y + fault),
            seed,
          );
          expect(isRightAnswer(judgement)).toBe(false);
          expect(judgement.mismatches[0]!.wrong).toContain(element);
        }),
        cases(80),
      );
      // a relative error of 1/1000 exceeds the bound of most numbers
      expect(shares.length).toBeGreaterThan(0);
      expect(shares.filter((share) => share < 1e-3).length).toBeGreaterThan(shares.length / 2);
    },
  );
});

describe('where right runs err more than first order allows', () => {
  const judgedAt = (answer: number, ofRuns: number): Judgement => {
    const tensors = {
      'out/y': { shape: [1], dtypes: ['BF16'], expected: Float64Array.of(1), bounds: Float64Array.of(Infinity) },
    } as const;
    const firstOrder: Allowed['firstOrder'] = (weights) => Math.abs(weights['out/y']![0]!);
    const usualErrors: Allowed['usualErrors'] = () => ({ 'out/y': Float64Array.of(ofRuns) });
    const allowed: Allowed = {
      dtype: 'BF16',
      profile: profileOf.BF16,
      isFirstOrder: true,
      tensors,
      firstOrder,
      usualErrors,
    };
    return judged(allowed, new Map([['out/y', { dtype: 'BF16', shape: [1], data: Float64Array.of(answer) }]]), 1);
  };

  it('an error a few times theirs is right, and a larger one wrong', () => {
    expect(isRightAnswer(judgedAt(1 + 3, 2))).toBe(true);
    expect(isRightAnswer(judgedAt(1 + 9, 2))).toBe(false);
    // the runs are within the bound, so it holds
    expect(isRightAnswer(judgedAt(1 + 3, 0.9))).toBe(false);
  });
});
