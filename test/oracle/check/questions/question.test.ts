import { describe, expect, it } from 'vitest';
import { hasAxisOf, hasStates, isModel, longestIn } from '../../../../src/oracle/axes.ts';
import { dtypes } from '../../../../src/oracle/backends/backend.ts';
import { drawsInTurn } from '../../../../src/oracle/check/questions/in-turn.ts';
import { type QuestionSize, questionCase, questionDraws } from '../../../../src/oracle/check/questions/question.ts';
import { profileOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import type { Draw } from '../../../../src/oracle/draw.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { lengthsIn } from '../../../../src/oracle/signature.ts';
import { everyMode } from '../../../../src/oracle/verify.ts';

/** The draws of a check at these sizes. */
function drawn(operator: Operator, mode: string, size: QuestionSize & { readonly seed: number }): Draw[] {
  const questions = questionDraws(operator, mode, size, { compiles: false });
  const draws: Draw[] = [];
  for (const { draw } of drawsInTurn(operator, mode, questions, size)) {
    if (draws.length === size.cases) break;
    draws.push(draw);
  }
  return draws;
}

it.each(dtypes)('questions have numbers of %s, at most 2¹⁰ in F16', (dtype) => {
  const { input } = profileOf[dtype].at;
  for (const operator of operators) {
    for (const draw of drawn(operator, operator.reference, { cases: 8, longest: 9, seed: 3 })) {
      const { inputs, cotangents } = questionCase(operator, dtype, draw);
      for (const { kind, data } of [...Object.values(inputs), ...Object.values(cotangents)]) {
        if (kind === 'index') continue;
        const isOff = (x: number): boolean => !Object.is(x, input.round(x)) || (dtype === 'F16' && x > 2 ** 10);
        expect(data.find(isOff)).toBe(undefined);
      }
    }
  }
});

it('questions about every operator have wide numbers, whole models extreme steps', () => {
  const steps: number[] = [];
  for (const operator of operators) {
    const some = drawn(operator, operator.reference, { cases: 60, longest: 9, seed: 3 });
    const wide = some.filter(({ values }) => values === 'wide');
    const numbers = wide.flatMap((draw) => {
      const { inputs, cotangents } = questionCase(operator, 'F32', draw);
      steps.push(
        ...Object.entries(inputs).flatMap(([name, { data }]) => (name.endsWith('deltaBias') ? [...data] : [])),
      );
      return Object.values({ ...inputs, ...cotangents }).flatMap(({ data }) => [...data]);
    });
    const sizes = numbers.map(Math.abs).filter((x) => x > 0 && Number.isFinite(x));
    const [least, most] = sizes.reduce(([a, b], x) => [Math.min(a!, x), Math.max(b!, x)], [1, 1]);
    expect(most! / least!, operator.name).toBeGreaterThan(2 ** 16);
  }
  expect(Math.max(...steps)).toBeGreaterThan(20);
  expect(Math.min(...steps)).toBeLessThan(-20);
});

it('rows that share their draws ask what they ask alone', () => {
  const [size, named] = [{ cases: 40, longest: 17, seed: 3 }, operators.find(({ name }) => name === 'gla')!];
  const known: QuestionSize['known'] = new Map();
  const all = new Set<Draw>();
  for (const mode of Object.keys(named.modes)) {
    for (const dtype of dtypes) {
      const alone = drawn(named, mode, size);
      const shared = drawn(named, mode, { ...size, known });
      expect(shared.map((draw) => questionCase(named, dtype, draw))).toEqual(
        alone.map((draw) => questionCase(named, dtype, { ...draw })),
      );
      for (const draw of shared) all.add(draw);
    }
  }
  expect(all.size).toBe(size.cases);
});

/** The lengths of a letter's axis in a check at default settings, and the layouts. */
function asked(
  operator: Operator,
  mode: string,
  longest?: number,
): { lengths: Map<string, Set<number>>; draws: Draw[] } {
  const draws = drawn(operator, mode, { cases: 100, longest, seed: 1 });
  const lengths = new Map<string, Set<number>>();
  for (const { layout } of draws) {
    for (const [letter, length] of Object.entries(lengthsIn(operator.signature.inputs, layout.inputs))) {
      lengths.set(letter, (lengths.get(letter) ?? new Set()).add(length));
    }
  }
  return { lengths, draws };
}

const operatorOf = (name: string): Operator => operators.find((one) => one.name === name)!;

describe('sizes', () => {
  it.each(everyMode().filter(({ operator }) => hasAxisOf(operator, 'time', 'inputs')))(
    'of $operator.name in mode $mode meet the boundaries of blocks',
    ({ operator, mode }) => {
      const { lengths, draws } = asked(operator, mode);
      expect(draws.length).toBe(100);
      const t = lengths.get('t')!;
      if (isModel(operator)) {
        expect(Math.max(...t)).toBeGreaterThan(16);
        return;
      }
      expect([16, 17, 33, 64, 65, 129].filter((length) => !t.has(length))).toEqual([]);
      const isQuadratic = operator.name === 'attention' || (mode === 'parallel' && 'chunkwise' in operator.modes);
      expect(t.has(1025)).toBe(hasStates(operator) && !isQuadratic);
      // few cases are long
      expect(draws.filter(({ layout }) => longestIn(operator, layout) > 33).length).toBeLessThanOrEqual(8);
    },
  );

  it.each(['linearScan', 'retention', 'simpleGla', 'diagonalSsm', 'selectiveScan', 'attention', 'stateSpaceDuality'])(
    'of %s have every axis wide, one or two at a time',
    (name) => {
      const operator = operatorOf(name);
      const { lengths } = asked(operator, operator.reference);
      for (const [letter, found] of lengths) {
        const ofHeads = letter.startsWith('h') || letter.startsWith('g');
        // groups are optional in a selective scan
        if (letter === 't' || (ofHeads && name === 'selectiveScan')) continue;
        const want = letter === 'b' ? [3, 4, 5] : ofHeads ? [4, 8, 17] : [5, 8, 9, 16, 17];
        expect([letter, want.filter((length) => !found.has(length))]).toEqual([letter, []]);
      }
    },
  );

  it('are as long as was asked for', () => {
    const longest = (name: string, mode: string, most: number): number =>
      Math.max(...asked(operatorOf(name), mode, most).lengths.get('t')!);
    for (const most of [1, 7, 33, 100, 4096]) {
      expect(longest('linearScan', 'scan', most)).toBe(most);
      expect(longest('retention', 'parallel', most)).toBe(most);
      expect(longest('mamba', 'parallel', most)).toBe(most);
    }
    // among the first few
    const first = drawn(operatorOf('retention'), 'recurrent', { cases: 5, longest: 4096, seed: 1 });
    expect(first.some(({ layout }) => longestIn(operatorOf('retention'), layout) === 4096)).toBe(true);
  });

  it.each(['linearScan', 'simpleGla', 'stateSpaceDuality', 'diagonalSsm', 'retention', 'selectiveScan'])(
    'of %s have memories that last in about half of the long cases',
    (name) => {
      const operator = operatorOf(name);
      const { draws } = asked(operator, operator.reference);
      const long = draws.filter(({ layout }) => longestIn(operator, layout) > 16);
      const lasting = long.filter(({ layout: { inputs, settings } }) => {
        const slot = inputs.a ?? inputs.gate;
        if (settings.decay !== undefined) return Math.max(...(settings.decay as number[])) ** 16 > 0.1;
        return slot?.between !== undefined
          ? slot.between[0] > (name === 'diagonalSsm' ? 0 : -1)
          : (slot?.spread ?? 1) < 0.1;
      });
      expect(lasting.length).toBeGreaterThanOrEqual(long.length / 2);
    },
  );
});
