/** @file densessm equations: lists the specified equations, and tries each law on the faults that it must reject. */
import { type Equation, twoWhereOne } from '../../spec/equation.ts';
import { evidenceMeanings, scopeOfMarks } from '../../spec/evidence.ts';
import { equations, equationTotal } from '../../spec/registry.ts';
import { amount } from '../io/text.ts';
import {
  type EquationRow,
  isUndecided,
  type OperatorRow,
  type Specification,
  specification,
  type TriedFault,
} from '../oracle/equations.ts';
import { faults } from '../oracle/faults.ts';
import { laws } from '../oracle/laws/index.ts';
import type { Operator } from '../oracle/operator.ts';
import { operators } from '../oracle/operators/index.ts';
import { colour, progress, say, sayJson, tableLine, type Voice, widthsOf } from './console.ts';
import { type Shard, type ShardData, shardData, shardOf, wordsOf } from './shard.ts';

/** The options of the command: the number of cases for each fault, and their seed. */
export interface EquationsCommand extends Voice {
  /** The names of the operators to list with their equations; all without it. */
  readonly operator?: readonly string[];
  readonly cases: number;
  readonly seed: number;
  /** The part to try: of the operators, with their equations. */
  readonly shard?: Shard;
}

/** The longest sequence of the cases on which faults are tried. */
export const longestTried = 8;

const columns = ['Eq.', 'name', 'evidence', 'definition', 'modes', 'laws', 'faults rejected'];

/** The operators of a shard, of those that are named, with their equations. */
export function subjectsOf({
  operator,
  shard,
}: {
  readonly operator?: readonly string[] | undefined;
  readonly shard?: Shard | undefined;
}): {
  readonly operators: readonly Operator[];
  readonly equations: readonly Equation[];
} {
  const all = operators.filter(({ name }) => operator?.includes(name) ?? true);
  const some = shardOf(all, shard);
  const theirs = equations.filter(({ number }) => {
    const own = all.find((one) => one.equations?.includes(number));
    // one that no operator computes is of the first shard
    return own === undefined ? operator === undefined && (shard?.i ?? 1) === 1 : some.includes(own);
  });
  return { operators: some, equations: theirs };
}

/** Tries every law on the faults that it must reject, and prints what was found. Returns whether nothing is missing. */
export function equationsCommand({ cases, seed, operator, shard, ...voice }: EquationsCommand): boolean {
  const { equations: theirs, operators: some } = subjectsOf({ operator, shard });
  const registry = { equations: theirs, operators: some, laws, faults };
  const line = progress(voice);
  const found = specification({ cases, longest: longestTried, seed }, registry, (name, done, total) =>
    line.show(`${done} of ${total} operators, trying the faults of ${name}`),
  );
  line.clear();
  return printSpecification(found, voice, shardData(shard, { asked: wordsOf({ operator, cases, seed }) }));
}

/**
 * Prints a row per registered equation, the operators that no equation numbers, and each fault with the law that rejected it.
 * Returns whether every equation has a definition, laws and faults, every law a fault, and every fault was rejected.
 */
export function printSpecification(
  { equations, operators, problems }: Specification,
  { json, quiet }: Voice,
  part: { readonly shard?: ShardData } = {},
): boolean {
  const ok = problems.length === 0;
  if (json) {
    sayJson('equations', {
      ok,
      equations: equations.map(asData),
      operators: operators.map(guardsOf),
      problems,
      ...part,
    });
    return ok;
  }
  if (!quiet) {
    // the table is last: it stays on the screen
    say(colour.heading('Faults, tried just now, and the case at which each law rejected them'));
    for (const { operator, tried } of operators) {
      say(`\n${operator.name}`);
      for (const one of tried) say(`  ${formatFault(one)}`);
    }
    say(`\n${colour.heading('Evidence')}`);
    for (const [mark, meaning] of Object.entries(evidenceMeanings)) say(`${mark}  ${meaning}`);
    say(scopeOfMarks);
    say(`From 14 on a number may be one higher in the paper, Eq. 15 for our 14: ${twoWhereOne}.\n`);
    const unnumbered = operators.filter(({ operator }) => !equations.some(({ row }) => row?.operator === operator));
    printTable([columns, ...equations.map(cellsOf), ...unnumbered.map(unnumberedCells)]);
    say();
  }
  for (const problem of problems) say(problemLine(problem));
  sayTotal(equations.length, problems);
  return ok;
}

function totalText(problems: readonly string[]): string {
  if (problems.length === 0) return colour.right('complete');
  if (!problems.every(isUndecided)) return colour.wrong(amount(problems.length, 'problem'));
  return `${colour.minor('undecided')}: ${amount(problems.length, 'fault')} not rejected yet on so few cases; leave out --cases to decide`;
}

/** A problem in its colour. */
export const problemLine = (problem: string): string => (isUndecided(problem) ? problem : colour.wrong(problem));

/** The last line: how many equations, and whether something is missing. */
export function sayTotal(count: number, problems: readonly string[]): void {
  say(`${count} of ${equationTotal} equations, ${totalText(problems)}`);
}

function printTable(table: readonly (readonly string[])[]): void {
  const widths = widthsOf(table);
  table.forEach((cells, i) => {
    say(i === 0 ? colour.heading(tableLine(cells, widths)) : tableLine(cells, widths));
  });
}

/** Modes, laws, and faults rejected of those tried. */
function guardCells(row: OperatorRow | null): string[] {
  if (row === null) return ['', '0', '0 of 0'];
  const rejected = row.tried.filter(({ rejection }) => rejection !== null).length;
  return [Object.keys(row.operator.modes).join(' '), `${row.laws.length}`, `${rejected} of ${row.tried.length}`];
}

const cellsOf = ({ equation, row }: EquationRow): string[] => [
  `${equation.number}`,
  equation.name,
  equation.evidence.join(' '),
  `spec/${equation.chapter}`,
  ...guardCells(row),
];

const unnumberedCells = (row: OperatorRow): string[] => [
  '',
  row.operator.name,
  (row.operator.evidence ?? ['C']).join(' '),
  row.operator.chapter ?? '',
  ...guardCells(row),
];

/** A fault with the law that must reject it, and where it did. */
export function formatFault({ fault, law, rejection }: TriedFault): string {
  const found = rejection === null ? 'not rejected' : `case ${rejection.cases}: ${rejection.verdict.where}`;
  return `${fault.name.padEnd(26)} ${law.name.padEnd(10)} ${colour.minor(found)}`;
}

/** An equation as `--json` prints it. */
export const asData = ({ equation, row, problems }: EquationRow): object => ({
  number: equation.number,
  name: equation.name,
  evidence: equation.evidence,
  latex: equation.latex,
  shapes: equation.shapes,
  note: equation.note ?? null,
  definition: `spec/${equation.chapter}`,
  operator: row?.operator.name ?? null,
  problems,
});

/** The modes, laws and faults of an operator as `--json` prints them. */
export const guardsOf = ({ operator, laws, tried, problems }: OperatorRow): object => ({
  operator: operator.name,
  modes: Object.keys(operator.modes),
  laws: laws.map(({ name, statement }) => ({ name, statement })),
  faults: tried.map(({ fault, law, rejection }) => ({
    name: fault.name,
    says: fault.says,
    mode: fault.mode,
    law: law.name,
    rejectedAtCase: rejection?.cases ?? null,
    where: rejection?.verdict.where ?? null,
  })),
  problems,
});
