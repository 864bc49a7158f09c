/** @file densessm equations: what of the paper is specified, and what guards it. */
import { equationTotal } from '../../spec/registry.ts';
import { type EquationRow, equationRows, type TriedFault } from '../oracle/equations.ts';
import { colour, say, tableLine, type Voice, widthsOf } from './console.ts';

/** How many cases a fault is tried on, and from which seed. */
export interface EquationsCommand extends Voice {
  readonly cases: number;
  readonly seed: number;
}

const columns = ['Eq.', 'name', 'evidence', 'definition', 'modes', 'laws', 'faults rejected'];

/**
 * Prints a row per registered equation and, below, each fault that was tried with the law that rejected it. Returns whether
 * every equation has a definition, laws and faults, and no fault lived.
 */
export function equationsCommand({ cases, seed, json, quiet }: EquationsCommand): boolean {
  const rows = equationRows({ cases, longest: 8, seed });
  const problems = rows.flatMap((row) => row.problems);
  if (json) {
    say(JSON.stringify({ ok: problems.length === 0, rows: rows.map(asData), problems }, null, 1));
    return problems.length === 0;
  }
  if (!quiet) {
    const table = [columns, ...rows.map(cellsOf)];
    const widths = widthsOf(table);
    table.forEach((cells, i) => {
      say(i === 0 ? colour.heading(tableLine(cells, widths)) : tableLine(cells, widths));
    });
    say(
      `\nEvidence: C the authors' code, F figures, N notes, A abstract, R reconstructed: numbering not verified against the PDF.`,
    );
    say(`\n${colour.heading('Faults, tried just now, and the case at which each law rejected them')}`);
    for (const [operator, tried] of byOperator(rows)) {
      say(`\n${operator}`);
      for (const one of tried) say(`  ${formatFault(one)}`);
    }
    say();
  }
  for (const problem of problems) say(colour.wrong(problem));
  const verdict = problems.length === 0 ? colour.right('complete') : colour.wrong(`${problems.length} problems`);
  say(`${rows.length} of ${equationTotal} equations, ${verdict}`);
  return problems.length === 0;
}

function cellsOf({ equation, operator, laws, tried }: EquationRow): string[] {
  const rejected = tried.filter(({ rejection }) => rejection !== null).length;
  return [
    `${equation.number}`,
    equation.name,
    equation.evidence.join(' '),
    `spec/${equation.chapter}`,
    Object.keys(operator?.modes ?? {}).join(' '),
    `${laws.length}`,
    `${rejected} of ${tried.length}`,
  ];
}

function formatFault({ fault, law, rejection }: TriedFault): string {
  const found = rejection === null ? colour.wrong('LIVES') : `case ${rejection.cases}: ${rejection.verdict.where}`;
  return `${fault.name.padEnd(26)} ${law.name.padEnd(10)} ${colour.minor(found)}`;
}

const byOperator = (rows: readonly EquationRow[]): Map<string, readonly TriedFault[]> =>
  new Map(rows.flatMap(({ operator, tried }) => (operator === null ? [] : [[operator.name, tried]])));

const asData = ({ equation, operator, laws, tried, problems }: EquationRow): object => ({
  number: equation.number,
  name: equation.name,
  evidence: equation.evidence,
  latex: equation.latex,
  shapes: equation.shapes,
  definition: `spec/${equation.chapter}`,
  modes: Object.keys(operator?.modes ?? {}),
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
