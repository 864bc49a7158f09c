/** @file densessm equations NUMBER: shows single equations, with the place of their code, their laws and their results on cases. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Equation, numberingNote, type OtherFormula } from '../../spec/equation.ts';
import { evidenceMeanings } from '../../spec/evidence.ts';
import { equations } from '../../spec/registry.ts';
import { amount } from '../io/text.ts';
import { type EquationRow, isUndecided, type OperatorRow, specification } from '../oracle/equations.ts';
import { faults } from '../oracle/faults.ts';
import { laws } from '../oracle/laws/index.ts';
import { operators } from '../oracle/operators/index.ts';
import { wrapped } from '../oracle/text.ts';
import { isVerified, type VerifiedRow, verifyOperator } from '../oracle/verify.ts';
import { fail } from '../tensor/errors.ts';
import { brief, colour, progress, say, sayJson, share, tableLine, textWidth, widthsOf } from './console.ts';
import { asData, type EquationsCommand, formatFault, guardsOf, longestTried, problemLine } from './equations.ts';
import { itemsNamed } from './options.ts';
import { packageRoot } from './paths.ts';

const columns = ['mode', 'cases', 'worst error', 'of bound', 'gradients', 'of bound', ''];
const right = [1, 2, 3, 4, 5];

/** The width of the names before the facts. */
const nameWidth = 12;

const operatorsOf = ({ number }: Equation) => operators.filter((one) => one.equations?.includes(number));

/** The names by which an equation is found: its number, its name, its operator. */
const namesOf = (one: Equation): string[] => [`${one.number}`, one.name, ...operatorsOf(one).map(({ name }) => name)];

/** Where the scalar code of an equation begins: `spec/10-dense-hidden.ts:23`. */
export function placeOf({ chapter, definition }: Equation): string {
  const lines = readFileSync(join(packageRoot(), 'spec', chapter), 'utf8').split('\n');
  const at = lines.findIndex((line) => line.startsWith(`export function ${definition.name}`));
  return at < 0 ? `spec/${chapter}` : `spec/${chapter}:${at + 1}, ${definition.name}`;
}

/**
 * Prints the equations that the words name, and holds each in every mode against its definition. Returns whether every mode is
 * right and every fault was rejected. Throws an InputError if a word names no equation.
 */
export function equationCommand(words: readonly string[], options: EquationsCommand): boolean {
  const { cases, seed, operator: only, json, quiet } = options;
  if (only !== undefined)
    fail(`equations: --operator ${only.join(' ')} lists equations; leave it out, or leave out ${words.join(' ')}`);
  const shown = itemsNamed('equations', words, equations, namesOf);
  const theirs = operators.filter((one) => shown.some((equation) => operatorsOf(equation).includes(one)));
  const line = progress(options);
  const trials = { cases, longest: longestTried, seed };
  const found = specification(trials, { equations: shown, operators: theirs, laws, faults }, (name) =>
    line.show(`trying the faults of ${name}`),
  );
  const verified = theirs.flatMap((operator) => {
    line.show(`comparing ${operator.name} with its definition`);
    return verifyOperator(operator, trials);
  });
  line.clear();
  const wrong = verified.filter((row) => !isVerified(row, cases));
  const ok = found.problems.length === 0 && wrong.length === 0;
  if (json) {
    const asked = { equations: found.equations.map((one) => ({ ...asData(one), place: placeOf(one.equation) })) };
    sayJson('equations', {
      ok,
      ...asked,
      operators: found.operators.map(guardsOf),
      verified,
      problems: found.problems,
    });
    return ok;
  }
  if (!quiet) for (const one of found.equations) for (const text of linesOf(one, verified, cases)) say(text);
  for (const problem of found.problems) say(problemLine(problem));
  for (const { operator, mode, failure } of wrong)
    say(colour.wrong(`${operator} ${mode}: ${failure?.verdict.where ?? 'too few cases'}`));
  const isOpen = wrong.length === 0 && found.problems.every(isUndecided);
  const verdict = ok ? colour.right('right') : isOpen ? colour.minor('UNDECIDED') : colour.wrong('NOT ALL RIGHT');
  const tried = found.operators.flatMap((row) => row.tried);
  const rejected = tried.filter(({ rejection }) => rejection !== null).length;
  const numbers = shown.map(({ number }) => number).join(', ');
  say(
    `Eq. ${numbers}: ${verdict}; ${verified.length} modes, ${amount(cases, 'case')} each; ${rejected} of ${tried.length} faults rejected`,
  );
  return ok;
}

/** Writes a fact with its name before it, in lines of the terminal's width. */
type Fact = (name: string, text: string) => string[];

/** The formula of an equation under another reading. */
const otherLines = ({ reading, option, latex, note, evidence }: OtherFormula, fact: Fact): string[] => [
  ...fact(reading, `${option} [${evidence.join(', ')}]:`),
  `  ${latex}`,
  ...fact('', note),
];

/** Lines of one equation: what is stated, then what was computed. */
function linesOf({ equation, row }: EquationRow, verified: readonly VerifiedRow[], cases: number): string[] {
  const width = textWidth();
  const fact: Fact = (name, text) =>
    wrapped(text, width - nameWidth).map((part, i) => (i === 0 ? name : '').padEnd(nameWidth) + part);
  return [
    colour.heading(`Eq. ${equation.number}  ${equation.name}`),
    '',
    // not wrapped, to be copied
    `  ${equation.latex}`,
    '',
    ...fact('shapes', equation.shapes),
    ...fact('code', placeOf(equation)),
    ...equation.evidence.flatMap((mark, i) => fact(i === 0 ? 'evidence' : '', `${mark}: ${evidenceMeanings[mark]}`)),
    ...fact('number', numberingNote(equation)),
    ...(equation.note === undefined ? [] : fact('note', equation.note)),
    ...(equation.otherwise === undefined ? [] : otherLines(equation.otherwise, fact)),
    ...(row === null ? [] : guardLines(row, verified, cases, fact)),
    '',
  ];
}

function guardLines(
  { operator, laws: held, tried }: OperatorRow,
  verified: readonly VerifiedRow[],
  cases: number,
  fact: Fact,
): string[] {
  const cells = verified.filter((one) => one.operator === operator.name).map((one) => cellsOf(one, cases));
  const widths = widthsOf([columns, ...cells]);
  return [
    ...fact('operator', operator.name),
    '',
    colour.heading('Laws'),
    ...held.flatMap(({ name, statement }) => fact(name, statement)),
    '',
    colour.heading('Faults, and the case at which each law rejected them'),
    ...tried.map(formatFault),
    '',
    colour.heading('Results on cases, against the definition'),
    ...[columns, ...cells].map((one) => tableLine(one, widths, right)),
  ];
}

const cellsOf = (row: VerifiedRow, cases: number): string[] => [
  row.mode,
  `${row.cases}`,
  brief(row.outputs.error),
  share(row.outputs.ratio),
  `${row.gradients}`,
  share(row.gradient.ratio),
  isVerified(row, cases) ? 'right' : 'WRONG',
];
