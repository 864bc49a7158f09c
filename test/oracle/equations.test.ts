import { describe, expect, it } from 'vitest';
import { equations } from '../../spec/registry.ts';
import { isUndecided, specification } from '../../src/oracle/equations.ts';
import type { Fault } from '../../src/oracle/fault.ts';
import { faults } from '../../src/oracle/faults.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';

const trials = { cases: 60, longest: 6, seed: 1 };
const select = operators.filter(({ name }) => name === 'select');
const equation17 = equations.filter(({ number }) => number === 17);
const whole = { equations: equation17, operators: select, laws, faults };
const problemsOf = (changes: Partial<typeof whole>, size = trials): readonly string[] =>
  specification(size, { ...whole, ...changes }).problems;

/** A fault without an error: the operator's own program. */
const harmless: Fault = {
  name: 'harmless',
  says: 'nothing is wrong',
  operator: select[0]!,
  mode: 'whole',
  rejectedBy: ['definition'],
  program: select[0]!.modes.whole!,
};

describe('specification', () => {
  it('finds no problem for an equation with a definition, an operator, laws and faults', () => {
    expect(problemsOf({})).toEqual([]);
  });

  it('names a fault that no law rejects', () => {
    expect(problemsOf({ faults: [...faults, harmless] })).toEqual([
      `select: the law 'definition' lets the fault 'harmless' live on ${trials.cases} cases`,
    ]);
  });

  it('calls a fault that is tried on too few cases undecided', () => {
    const problems = problemsOf({ faults: [...faults, harmless] }, { ...trials, cases: 1 });
    expect(problems).toContain(
      "undecided: select: the law 'definition' does not yet reject the fault 'harmless' on 1 case; 60 decide it (--cases)",
    );
    expect(problems.every(isUndecided)).toBe(true);
  });

  it('names the missing part of an equation', () => {
    const undefinedOne = equation17.map((equation) => ({ ...equation, definition: undefined as never }));
    expect(problemsOf({ equations: undefinedOne })).toEqual(['Eq. 17 has no definition']);
    expect(problemsOf({ operators: [] })).toEqual(['Eq. 17 has no operator, so no mode computes it']);
    expect(problemsOf({ laws: [], faults: [] })).toEqual(['Eq. 17 has no law', 'Eq. 17 has no fault']);
  });

  it('names a law without a fault to reject', () => {
    const problems = problemsOf({ faults: faults.filter(({ rejectedBy }) => !rejectedBy.includes('causal')) });
    expect(problems).toContain("select: the law 'causal' has no fault to reject");
  });

  it('does not count a fault that throws as rejected', () => {
    const broken: Fault = {
      ...harmless,
      program: () => {
        throw new Error('broken');
      },
    };
    expect(() => problemsOf({ faults: [...faults, broken] })).toThrow('broken');
  });

  it('refuses a fault that names an unknown law', () => {
    const lost: Fault = { ...harmless, rejectedBy: ['no such law'] };
    expect(() => problemsOf({ faults: [lost] })).toThrow("names the law 'no such law', which does not exist");
  });

  it('finds one operator for each equation, and operators by distinct names', () => {
    const computed = operators.flatMap((operator) => operator.equations ?? []);
    expect(computed.toSorted((a, b) => a - b)).toEqual(equations.map(({ number }) => number));
    const names = operators.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
