/** @file Collects the definition, modes, laws and faults of each equation and operator, and lists missing parts. */
import type { Equation } from '../../spec/equation.ts';
import { equations } from '../../spec/registry.ts';
import { amount } from '../io/text.ts';
import type { Case } from './case.ts';
import { remembered } from './draw.ts';
import type { Fault } from './fault.ts';
import { faults as allFaults } from './faults.ts';
import type { Law } from './law.ts';
import { laws as allLaws } from './laws/index.ts';
import type { Operator } from './operator.ts';
import { operators as allOperators } from './operators/index.ts';
import { type Rejection, rejection, type Trials, trialCases } from './trial.ts';

/** A fault, a law that must reject it, and the rejection; null if the law accepts the fault. */
export interface TriedFault {
  readonly fault: Fault;
  readonly law: Law;
  readonly rejection: Rejection | null;
}

/** An operator with its laws. `tried` pairs each of its faults with each law that must reject the fault. */
export interface OperatorRow {
  readonly operator: Operator;
  readonly laws: readonly Law[];
  readonly tried: readonly TriedFault[];
  /** Sentences about missing or wrong parts. */
  readonly problems: readonly string[];
}

/** An equation and the operator that computes it. */
export interface EquationRow {
  readonly equation: Equation;
  readonly row: OperatorRow | null;
  readonly problems: readonly string[];
}

/** The equations, operators, laws and faults to check. Tests replace them. */
export interface Registry {
  readonly equations: readonly Equation[];
  readonly operators: readonly Operator[];
  readonly laws: readonly Law[];
  readonly faults: readonly Fault[];
}

/** Is called before the faults of each operator are tried: with its name, how many operators are done, and of how many. */
export type OnProgress = (operator: string, done: number, total: number) => void;

/** The specification with its laws and faults. */
export interface Specification {
  readonly equations: readonly EquationRow[];
  /** All operators, in the registry's order: those of equations first. */
  readonly operators: readonly OperatorRow[];
  readonly problems: readonly string[];
}

/** Each law rejects its faults within so many cases. */
export const enoughCases = 60;

const undecided = 'undecided: ';

/** Whether a problem is that a fault was tried on too few cases, which says nothing against its law. */
export const isUndecided = (problem: string): boolean => problem.startsWith(undecided);

const registry: Registry = { equations, operators: allOperators, laws: allLaws, faults: allFaults };

/**
 * Runs every law against every fault that it must reject, and lists the problems. An equation without a definition, operator, law or
 * fault is a problem. So is an accepted fault, and a law that has no fault to reject in an operator that it concerns.
 * Throws if a fault throws, or names a law that does not exist.
 */
export function specification(
  trials: Trials,
  { equations, operators, laws, faults }: Registry = registry,
  onProgress: OnProgress = () => {},
): Specification {
  const rows = operators.map((operator, i): OperatorRow => {
    onProgress(operator.name, i, operators.length);
    const concerned = laws.filter((law) => law.concerns(operator));
    const tried = tryFaults(operator, laws, faults, trials);
    return { operator, laws: concerned, tried, problems: guardProblems(operator, concerned, tried, trials) };
  });
  const numbered = equations.map((equation): EquationRow => {
    const row = rows.find(({ operator }) => operator.equations?.includes(equation.number)) ?? null;
    return { equation, row, problems: equationProblems(equation, row) };
  });
  const problems = [...numbered.flatMap((one) => one.problems), ...rows.flatMap((row) => row.problems)];
  return { equations: numbered, operators: rows, problems };
}

/** Tries each fault of an operator under each law that must reject it. Throws an Error if a fault names an unknown law. */
export function tryFaults(
  operator: Operator,
  laws: readonly Law[],
  faults: readonly Fault[],
  trials: Trials,
): TriedFault[] {
  // the faults share the cases, and so what the operator computes of them
  const drawn = new Map<string, Iterable<Case>>();
  const casesOf = (law: Law): Iterable<Case> => {
    const size = JSON.stringify(law.size);
    const cases = drawn.get(size) ?? remembered(trialCases(law, operator, trials));
    drawn.set(size, cases);
    return cases;
  };
  return faults
    .filter((fault) => fault.operator === operator)
    .flatMap((fault) =>
      fault.rejectedBy.map((name) => {
        const law = laws.find((one) => one.name === name);
        if (law === undefined)
          throw new Error(`fault ${fault.name} of ${operator.name} names the law '${name}', which does not exist`);
        return { fault, law, rejection: rejection(law, fault, operator, trials, casesOf(law)) };
      }),
    );
}

function guardProblems(
  { name }: Operator,
  laws: readonly Law[],
  tried: readonly TriedFault[],
  { cases }: Trials,
): string[] {
  const idle = laws.filter((law) => !tried.some((one) => one.law === law));
  const alive = tried.filter(({ rejection }) => rejection === null);
  return [
    ...idle.map((law) => `${name}: the law '${law.name}' has no fault to reject`),
    ...alive.map(({ fault, law }) =>
      cases < enoughCases
        ? `${undecided}${name}: the law '${law.name}' does not yet reject the fault '${fault.name}' on ${amount(cases, 'case')}; ${enoughCases} decide it (--cases)`
        : `${name}: the law '${law.name}' lets the fault '${fault.name}' live on ${cases} cases`,
    ),
  ];
}

function equationProblems({ number, definition }: Equation, row: OperatorRow | null): string[] {
  return [
    ...(typeof definition === 'function' ? [] : [`Eq. ${number} has no definition`]),
    ...(row === null ? [`Eq. ${number} has no operator, so no mode computes it`] : []),
    ...(row !== null && row.laws.length === 0 ? [`Eq. ${number} has no law`] : []),
    ...(row !== null && row.tried.length === 0 ? [`Eq. ${number} has no fault`] : []),
  ];
}
