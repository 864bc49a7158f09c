/** @file The state of the specification: every equation with what defines, computes and guards it, the guards tried out. */
import { type Equation, equations } from '../../spec/registry.ts';
import type { Fault } from './fault.ts';
import { faults as allFaults } from './faults/index.ts';
import type { Law } from './law.ts';
import { laws as allLaws } from './laws/index.ts';
import type { Operator } from './operator.ts';
import { operators as allOperators } from './operators/index.ts';
import { type Rejection, rejection, type Trials } from './trial.ts';

/** A fault that was tried, and how each law that should reject it did. */
export interface TriedFault {
  readonly fault: Fault;
  readonly law: Law;
  readonly rejection: Rejection | null;
}

/** One equation's row. */
export interface EquationRow {
  readonly equation: Equation;
  readonly operator: Operator | null;
  readonly laws: readonly Law[];
  readonly tried: readonly TriedFault[];
  /** What is missing or wrong, in sentences; empty if nothing is. */
  readonly problems: readonly string[];
}

/** What the rows are made from; the project's own unless a test gives others. */
export interface Registry {
  readonly equations: readonly Equation[];
  readonly operators: readonly Operator[];
  readonly laws: readonly Law[];
  readonly faults: readonly Fault[];
}

const registry: Registry = { equations, operators: allOperators, laws: allLaws, faults: allFaults };

/** A row for every registered equation. Executes each law against each fault that it must reject. */
export function equationRows(
  trials: Trials,
  { equations, operators, laws, faults }: Registry = registry,
): EquationRow[] {
  // equations that share an operator share its trials
  const triedByOperator = new Map<string, readonly TriedFault[]>();
  const triedOf = (operator: Operator): readonly TriedFault[] => {
    const known = triedByOperator.get(operator.name);
    const tried = known ?? tryFaults(operator, laws, faults, trials);
    triedByOperator.set(operator.name, tried);
    return tried;
  };
  return equations.map((equation) => {
    const operator = operators.find(({ name }) => name === equation.operator) ?? null;
    const concerned = operator === null ? [] : laws.filter((law) => law.concerns(operator));
    const tried = operator === null ? [] : triedOf(operator);
    return { equation, operator, laws: concerned, tried, problems: problemsOf(equation, operator, concerned, tried) };
  });
}

/** Every fault of an operator under every law that must reject it. Throws when a fault names a law that does not exist. */
export function tryFaults(
  operator: Operator,
  laws: readonly Law[],
  faults: readonly Fault[],
  trials: Trials,
): TriedFault[] {
  return faults
    .filter((fault) => fault.operator === operator.name)
    .flatMap((fault) =>
      fault.rejectedBy.map((name) => {
        const law = laws.find((one) => one.name === name);
        if (law === undefined)
          throw new Error(`fault ${fault.name} of ${operator.name} names the law '${name}', which does not exist`);
        return { fault, law, rejection: rejection(law, fault, operator, trials) };
      }),
    );
}

function problemsOf(
  { number, definition }: Equation,
  operator: Operator | null,
  laws: readonly Law[],
  tried: readonly TriedFault[],
): string[] {
  const alive = tried
    .filter(({ rejection }) => rejection === null)
    .map(({ fault, law }) => `Eq. ${number}: the law '${law.name}' lets the fault '${fault.name}' live`);
  return [
    ...(typeof definition === 'function' ? [] : [`Eq. ${number} has no definition`]),
    ...(operator === null ? [`Eq. ${number} has no operator, so no mode computes it`] : []),
    ...(laws.length === 0 ? [`Eq. ${number} has no law`] : []),
    ...(tried.length === 0 ? [`Eq. ${number} has no fault`] : []),
    ...alive,
  ];
}
