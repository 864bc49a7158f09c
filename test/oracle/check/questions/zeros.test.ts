import { describe, expect, it } from 'vitest';
import { isState } from '../../../../src/oracle/axes.ts';
import type { Case, Tensors } from '../../../../src/oracle/case.ts';
import { drawsInTurn } from '../../../../src/oracle/check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../../../../src/oracle/check/questions/question.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';

const isZero = (tensors: Tensors, name: string): boolean => tensors[name]!.data.every((x) => x === 0);

/** The cases of a row at default settings. */
function casesOf(name: string): Case[] {
  const operator = operators.find((one) => one.name === name)!;
  const size = { cases: 100, seed: 1 };
  const questions = questionDraws(operator, operator.reference, size, { compiles: false });
  const draws = [...drawsInTurn(operator, operator.reference, questions, size)].slice(0, size.cases);
  return draws.map(({ draw }) => questionCase(operator, 'F32', draw));
}

describe.each(['retention', 'simpleGla', 'linearScan'])('100 cases of %s have', (name) => {
  const operator = operators.find((one) => one.name === name)!;
  const cases = casesOf(name);
  const inputs = Object.keys(cases[0]!.inputs);

  it('no cotangent of one output, for each, and others mostly', () => {
    for (const output of ['output', 'state']) {
      const without = cases.filter(({ cotangents }) => isZero(cotangents, output));
      expect(without.length).toBeGreaterThanOrEqual(2);
      expect(without.length).toBeLessThan(30);
      expect(without.every(({ cotangents }) => Object.keys(cotangents).some((one) => !isZero(cotangents, one)))).toBe(
        true,
      );
    }
  });

  it('an input of zeros, for each', () => {
    for (const input of inputs) {
      const others = inputs.filter((one) => one !== input);
      const alone = cases.filter((c) => isZero(c.inputs, input) && others.some((one) => !isZero(c.inputs, one)));
      expect(alone.length, input).toBeGreaterThanOrEqual(1);
    }
  });

  it('states that are mostly not zeros', () => {
    const states = inputs.filter((input) => isState(operator, input));
    const zero = cases.filter((c) => states.every((one) => isZero(c.inputs, one)));
    expect(zero.length).toBeGreaterThanOrEqual(2);
    expect(zero.length).toBeLessThan(20);
  });

  it('a cotangent of ones', () => {
    const isOnes = ({ cotangents }: Case): boolean =>
      Object.values(cotangents).some(({ data }) => data.length > 1 && data.every((x) => x === 1));
    expect(cases.filter(isOnes).length).toBeGreaterThanOrEqual(2);
  });
});
