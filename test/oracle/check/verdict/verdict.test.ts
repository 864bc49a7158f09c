import { describe, expect, it } from 'vitest';
import { type Profile, snap, usualProfiles } from '../../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../../src/executors/rounded/index.ts';
import type { DType } from '../../../../src/io/dtypes.ts';
import type { StoredTensor } from '../../../../src/io/safetensors.ts';
import type { Case } from '../../../../src/oracle/case.ts';
import { allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer, judged } from '../../../../src/oracle/check/verdict/judged.ts';
import { faultyForms, tightest, verdictAt } from '../../../../src/oracle/check/verdict/verdict.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate, type Program } from '../../../../src/oracle/program.ts';
import { rng } from '../../../../src/tensor/random.ts';
import type { Executor } from '../../../../src/tensor/value.ts';

const { f32, f16, bf16 } = usualProfiles;
const operatorOf = (name: string): Operator => operators.find((one) => one.name === name)! as Operator;
const tensor = (shape: number[], data: number[]) => ({ shape, data: Float64Array.from(data, Math.fround) });

/** A case of one head with one key and one value channel. */
const narrow = (t: number, numbers: Readonly<Record<string, number[]>>, gate?: number[]): Case => ({
  inputs: {
    q: tensor([1, 1, t, 1], numbers.q!),
    k: tensor([1, 1, t, 1], numbers.k!),
    v: tensor([1, 1, t, 1], numbers.v!),
    state: tensor([1, 1, 1, 1], numbers.state!),
    ...(gate !== undefined && { gate: tensor([1, 1, t], gate) }),
  },
  cotangents: {
    output: tensor([1, 1, t, 1], numbers.dOutput ?? new Array(t).fill(0)),
    state: tensor([1, 1, 1, 1], numbers.dState ?? [0]),
  },
  settings: { chunkSize: 2 },
  seed: 1,
  values: 'normal',
});

/** The answer of a program at a profile, all tensors in the type. */
function answerOf(program: Program, c: Case, profile: Profile, dtype: DType): Map<string, StoredTensor> {
  const values = asAnswered(evaluate(program, c, rounded(profile, c.seed) as Executor));
  return new Map(
    Object.entries(values).map(([name, x]) => [name, { dtype, shape: x.shape, data: x.on.read(x.data).slice() }]),
  );
}

const withNumber = (answer: Map<string, StoredTensor>, name: string, x: number): Map<string, StoredTensor> =>
  new Map([...answer, [name, { ...answer.get(name)!, data: Float64Array.of(x) }]]);

describe('bounds of sums in any bracketing', () => {
  const linear = operatorOf('linearAttention');
  const c = narrow(2, {
    q: [0, 0],
    k: [-0.0006700145313516259, 1],
    v: [0.4679756164550781, 31.829145431518555],
    state: [1252.90087890625],
  });
  const asked = { mode: 'chunkwise', dtype: 'F32', gradients: true, c } as const;
  const right = answerOf(linear.modes.chunkwise!, c, f32[0], 'F32');

  it('allow products that are added to the state one by one', () => {
    const [allowed, added] = [allowedFor(linear, asked), withNumber(right, 'out/state', 1284.7296142578125)];
    expect(allowed.tensors['out/state']!.expected[0]).toBe(1284.7297107873053);
    expect(isRightAnswer(judged(allowed, added, 1))).toBe(true);
  });

  it('reject a state that is three roundings off', () => {
    const wrong = withNumber(right, 'out/state', 1284.7297107873053 + 3 * 1284 * 2 ** -24);
    expect(isRightAnswer(judged(allowedFor(linear, asked), wrong, 1))).toBe(false);
  });
});

describe('a verdict', () => {
  const gla = operatorOf('simpleGla');
  const c = narrow(
    4,
    { q: [1, -2, 0.5, 3], k: [0.25, 1, -1, 2], v: [1, 3, -2, 0.5], state: [2], dOutput: [1, 1, 1, 1], dState: [1] },
    [-148, -0.25, -71.5, -0.004],
  );
  const asked = { mode: 'chunkwise', dtype: 'F32', gradients: true, c } as const;

  it('names the form that explains a tensor, and how much less exact it is', () => {
    const { program, says } = gla.forms!.parallel!.cumulatedGates!;
    const question = { ...asked, mode: 'parallel', profile: f32[0] };
    const { judgement, forms } = verdictAt(gla, question, answerOf(program, c, f32[0], 'F32'));
    expect(isRightAnswer(judgement)).toBe(true);
    expect(forms.length).toBeGreaterThan(0);
    expect(forms.every((use) => use.factor > 1)).toBe(true);
    expect(forms.map((use) => use.says)).toContain(says);
  });

  it('names no form where the mode itself explains the answer', () => {
    const answer = answerOf(gla.modes.chunkwise!, c, f32[0], 'F32');
    expect(verdictAt(gla, { ...asked, profile: f32[0] }, answer)).toMatchObject({
      forms: [],
      judgement: { mismatches: [] },
    });
  });

  it('holds a backend to the form that it declares', () => {
    const answer = answerOf(gla.forms!.chunkwise!.cumulatedGates!.program, c, f32[0], 'F32');
    const of = (form: string) => verdictAt(gla, { ...asked, profile: f32[0], form }, answer).judgement;
    expect(isRightAnswer(of('cumulatedGates'))).toBe(true);
    expect(isRightAnswer(of('segmentSums'))).toBe(false);
  });

  it('accepts no form for a number that is wrong in all of them, nor NaN', () => {
    const answer = answerOf(gla.modes.chunkwise!, c, f32[0], 'F32');
    const { data } = answer.get('grad/gate')!;
    for (const wrong of [1, Number.NaN]) {
      const changed = new Map([...answer, ['grad/gate', { ...answer.get('grad/gate')!, data: data.with(3, wrong) }]]);
      expect(isRightAnswer(tightest(gla, asked, changed, f32, 0).judgement)).toBe(false);
    }
  });

  it('does not accept a form where using it is a fault', () => {
    const feed = operatorOf('feedForward');
    const inputs = { o: tensor([1, 1, 1], [-5.5]), 'param.up': tensor([1, 1], [1]), 'param.down': tensor([1, 1], [1]) };
    const x: Case = {
      inputs,
      cotangents: { y: tensor([1, 1, 1], [0]) },
      settings: { activation: 'gelu' },
      seed: 1,
      values: 'normal',
    };
    const right = answerOf(feed.modes.whole!, x, f32[0], 'F32');
    const question = { mode: 'whole', dtype: 'F32', gradients: true, c: x } as const;
    const verdict = (y: number) => tightest(feed, question, withNumber(right, 'out/y', y), f32, 0).judgement;
    // right is −1.0444e-7; ½ x (1 + erf) may be 0
    expect(isRightAnswer(verdict(Math.fround(-1.0444259356238222e-7)))).toBe(true);
    expect(isRightAnswer(verdict(0))).toBe(false);
    const answered = withNumber(right, 'out/y', 0);
    expect(faultyForms(feed, { ...question, profile: f32[0] }, answered)).toEqual([feed.forms!.whole!.onePlusErf]);
    expect(isRightAnswer(verdict(Math.fround(-1.0444e-7 * 1.57)))).toBe(false);
  });

  it('allows the decay of a token on itself to be off by the rounding of a multiple of log γ, and no more', () => {
    const retention = operatorOf('retention');
    const only = (x: number): number[] => new Array(14).fill(0).with(13, x);
    const drawn = narrow(14, { q: only(1), k: only(1), v: only(0.5), state: [0] });
    const question = {
      mode: 'chunkwise',
      dtype: 'F32',
      gradients: true,
      c: { ...drawn, settings: { decay: [0.347], chunkSize: 1, position: 0 } },
    } as const;
    const right = answerOf(retention.modes.chunkwise!, question.c, f32[0], 'F32');
    const { shape, dtype, data } = right.get('out/output')!;
    const verdict = (last: number) =>
      tightest(
        retention,
        question,
        new Map([...right, ['out/output', { shape, dtype, data: data.with(13, last) }]]),
        f32,
        0,
      );
    const { says } = retention.forms!.chunkwise!.multipliedInChunks!;
    expect(verdict(0.500000298).forms.map((use) => use.says)).toEqual([says]);
    expect(isRightAnswer(verdict(0.500000298).judgement)).toBe(true);
    expect(isRightAnswer(verdict(0.50001).judgement)).toBe(false);
  });

  it('tries finer profiles too, as a form says nothing where its bounds at a coarser one are infinite', () => {
    const rule = operatorOf('gatedDeltaRule');
    const numbers = { q: [1, 2, 1], k: [1, 1, 1], v: [1, 1, 2], state: [2], dOutput: [1, 1, 1] };
    const { settings, inputs, ...rest } = narrow(3, numbers, [-0.00390625, -32768, 0]);
    const question = {
      mode: 'chunkwise',
      dtype: 'BF16',
      gradients: true,
      c: {
        ...rest,
        inputs: { ...inputs, beta: tensor([1, 1, 3], [0.5, 0.5, 0.5]) },
        settings: { ...settings, chunkSize: 4, scale: 1, l2norm: 'none', epsilon: 0, gate: 'log_decay' },
      },
    } as const;
    const answer = answerOf(rule.modes.chunkwise!, question.c, bf16[0], 'BF16');
    const gate = answer.get('grad/gate')!;
    const having = (x: number) => new Map([...answer, ['grad/gate', { ...gate, data: gate.data.with(1, x) }]]);
    const rounding = having(2 ** -22);
    const [finest, , coarsest] = bf16;
    expect(gate.data[1]).toBe(0);
    expect(isRightAnswer(verdictAt(rule, { ...question, profile: coarsest }, rounding).judgement)).toBe(false);
    const { judgement, at } = tightest(rule, question, rounding, [finest, coarsest], 1);
    expect([isRightAnswer(judgement), at]).toEqual([true, 1]);
    expect(isRightAnswer(tightest(rule, question, having(8), [finest, coarsest], 1).judgement)).toBe(false);
  });

  it('allows gradients of gates by totals to lose digits beside earlier tokens, and no more', () => {
    const zeros = [0, 0, 0, 0];
    const numbers = { q: [0, 0, 1, 1], k: zeros, v: zeros, state: [1], dOutput: [0, 0, 1, -0.00048828125] };
    const question = { ...asked, c: narrow(4, numbers, [0, 0, 0, 1]) };
    const right = answerOf(gla.modes.chunkwise!, question.c, f32[0], 'F32');
    const { shape, dtype, data } = right.get('grad/gate')!;
    const verdict = (last: number) =>
      tightest(gla, question, new Map([...right, ['grad/gate', { shape, dtype, data: data.with(3, last) }]]), f32, 0);
    // right is −0.0013272860490522681
    const { says } = gla.forms!.chunkwise!.gateTotalsInChunks!;
    expect(verdict(-0.0013272762298583984).forms.map((use) => use.says)).toEqual([says]);
    expect(isRightAnswer(verdict(-0.0013272762298583984).judgement)).toBe(true);
    expect(isRightAnswer(verdict(-0.00133).judgement)).toBe(false);
  });

  it('allows the roundings of a kernel with chunks of its own, though few digits are left', () => {
    const linear = operatorOf('linearAttention');
    const own = narrow(3, { q: [0, 0, 0], k: [-1000, -716, 0], v: [996, -1424, 0], state: [0], dOutput: [0, 0, 844] });
    const question = { mode: 'chunkwise', dtype: 'BF16', gradients: true, c: own } as const;
    const right = answerOf(linear.modes.chunkwise!, own, bf16[0], 'BF16');
    const { shape, dtype, data } = right.get('grad/q')!;
    const verdict = (last: number, isHasty = false) => {
      const answer = new Map([...right, ['grad/q', { shape, dtype, data: data.with(2, last) }]]);
      return verdictAt(linear, { ...question, profile: bf16[0], isHasty }, answer);
    };
    const isRight = (last: number): boolean => isRightAnswer(verdict(last).judgement);
    // 844 (996 · −1000 + 1424 · 716) is 19904896; each of 844 · 996 and 844 · −1424 may be rounded
    expect([19922944, 22544384, 36e6, -1].map(isRight)).toEqual([true, true, false, false]);
    // a hasty judgement tries the same orders, unless the number is thousands of bounds off
    expect(isRightAnswer(verdict(22544384, true).judgement)).toBe(true);
    expect(isRightAnswer(verdict(1e12, true).judgement)).toBe(false);
  });

  it('lets numbers be NaN or ∞ where a product on the way to them is beyond the range of the type, and nowhere else', () => {
    const linear = operatorOf('linearAttention');
    const verdict = (k: number, answered: number, dtype: 'F16' | 'BF16' = 'F16') => {
      const c = narrow(2, { q: [300, 1], k: [k, 1], v: [2 ** -14, 1], state: [0] });
      const profiles = dtype === 'F16' ? f16 : bf16;
      const right = answerOf(linear.modes.chunkwise!, c, profiles[0], dtype);
      const { data, ...output } = right.get('out/output')!;
      const answer = new Map([...right, ['out/output', { ...output, data: data.with(0, answered) }]]);
      const { judgement, at, allowed } = tightest(
        linear,
        { mode: 'chunkwise', dtype, gradients: true, c },
        answer,
        profiles,
        0,
      );
      return [isRightAnswer(judgement), at, allowed.beyond?.get('out/output')];
    };
    // 300 · 256 is 76,800, and the result 4.6875: the finest profile says all the rest
    expect(verdict(256, Number.POSITIVE_INFINITY)).toEqual([true, 0, [0]]);
    expect(verdict(256, Number.NaN)).toEqual([true, 0, [0]]);
    // 300 · 128 is in range
    expect(verdict(128, Number.NaN)).toEqual([false, 0, undefined]);
    expect(verdict(256, Number.NaN, 'BF16')).toEqual([false, 0, undefined]);
  });

  it('holds a state in F32 to more digits than 16 bits have, but lets matrix units cut sums off', () => {
    const linear = operatorOf('linearAttention');
    // 1.3203125 + 1.671875 · 2⁻²⁴: less than a unit in the last place, 2⁻²³
    const drawn = narrow(1, { q: [0], k: [2 ** -8], v: [1.671875 * 2 ** -16], state: [1.3203125] });
    const question = { mode: 'chunkwise', dtype: 'BF16', gradients: true, c: drawn } as const;
    const right = answerOf(linear.modes.chunkwise!, drawn, bf16[0], 'BF16');
    const { shape } = right.get('out/state')!;
    const isRight = (dtype: DType, x: number): boolean => {
      const answer = new Map([...right, ['out/state', { shape, dtype, data: Float64Array.of(x) }]]);
      return isRightAnswer(verdictAt(linear, { ...question, profile: bf16[0] }, answer).judgement);
    };
    expect([1.3203125, 1.3203126192092896, 1.3203].map((x) => isRight('F32', x))).toEqual([true, true, false]);
    expect([1.3203125, 1.3125].map((x) => isRight('BF16', x))).toEqual([true, false]);
  });

  it('allows two gradients of an input to be rounded before they are added, in 16 bits', () => {
    const normalised = operatorOf('normalisedLinearAttention');
    const one = narrow(1, { q: [0], k: [2], v: [1.0078125], state: [1], dState: [1.0859375] });
    const c: Case = {
      ...one,
      inputs: { ...one.inputs, keySum: tensor([1, 1, 1], [2]) },
      cotangents: { ...one.cotangents, keySum: tensor([1, 1, 1], [-1.046875]) },
    };
    const question = { mode: 'recurrent', dtype: 'BF16', gradients: true, c } as const;
    const right = answerOf(normalised.modes.recurrent!, c, bf16[0], 'BF16');
    const { shape, dtype } = right.get('grad/k')!;
    const isRight = (x: number): boolean => {
      const answer = new Map([...right, ['grad/k', { shape, dtype, data: Float64Array.of(x) }]]);
      return isRightAnswer(verdictAt(normalised, { ...question, profile: bf16[0] }, answer).judgement);
    };
    // 1.0078125 · 1.0859375 − 1.046875 is 0.0475; the product alone is 1.09375 in bf16
    expect([0.047607421875, 0.046875, 0.0390625].map(isRight)).toEqual([true, true, false]);
  });

  it('is that of the tightest profile', () => {
    const linear = operatorOf('linearAttention');
    const random = rng(7);
    const drawn = (count: number): number[] => [...snap(bf16[0], Array.from({ length: count }, random.normal))];
    const long = narrow(48, {
      q: drawn(48),
      k: drawn(48),
      v: drawn(48),
      state: drawn(1),
      dOutput: drawn(48),
      dState: [1],
    });
    const question = { mode: 'recurrent', dtype: 'BF16', gradients: true, c: long } as const;
    const at = (profile: Profile): number =>
      tightest(linear, question, answerOf(linear.modes.recurrent!, long, profile, 'BF16'), bf16, 0).at;
    const [finest, states, all] = bf16.map(at);
    expect([finest, states]).toEqual([0, 1]);
    expect(all).toBeGreaterThan(0);
  });
});
