/** @file densessm coverage: which equations, modes, branches and known faults a set of cases reaches. */
import { join } from 'node:path';
import {
  type Coverage,
  coverageOf,
  type OperatorCoverage,
  type Reach,
  reachedCase,
} from '../oracle/frozen/coverage.ts';
import { operators as allOperators } from '../oracle/operators/index.ts';
import { frozenManifest, isFrozen, loadFrozen, recordedIn } from '../vectors/frozen/folder.ts';
import { progress, say, sayJson, tableLine, type Voice, widthsOf } from './console.ts';

/** What `coverage` is asked for. */
export interface CoverageCommand extends Voice {
  readonly operator?: readonly string[];
  readonly questions: number;
  readonly seed: number;
}

type Reached = ReturnType<typeof reachedCase>;

/** The cases of a folder: of written vectors with what they catch, or recorded questions, of which that is computed. */
function casesIn(folder: string, show: (text: string) => void): Reached[] {
  if (isFrozen(folder))
    return frozenManifest(folder).cases.map((entry) =>
      reachedCase({ ...entry, file: join(folder, entry.file) }, loadFrozen(folder, entry), entry.catches),
    );
  return recordedIn(folder).map(({ tensors, ...asking }, i, all) => {
    show(`${i + 1}/${all.length} ${asking.file}`);
    return reachedCase({ ...asking, file: join(folder, asking.file) }, tensors);
  });
}

const share = ({ reached, missing }: Reach<string | number>): string =>
  `${reached.length} of ${reached.length + missing.length}`;

/** Prints what folders reach. Returns true. Throws an InputError on a folder that cannot be read. */
export function coverageCommand(folders: readonly string[], command: CoverageCommand): boolean {
  const { operator: names, questions, seed, json, quiet } = command;
  const line = progress(command);
  const cases = folders.flatMap((folder) => casesIn(folder, line.show));
  const operators = allOperators.filter(({ name }) => names?.includes(name) ?? true);
  const coverage = coverageOf(cases, operators, { questions, seed }, ({ operator }) => line.show(operator));
  line.clear();
  if (json) sayJson('coverage', { ok: true, folders, questions, seed, ...coverage });
  else say((quiet ? summary(coverage) : report(coverage, names !== undefined)).join('\n'));
  return true;
}

function report(coverage: Coverage, isShort: boolean): string[] {
  const { equations, operators } = coverage;
  const rows = [
    ['operator', 'cases', 'types', 'modes', 'branches', 'known faults'],
    ...operators.map(({ operator, cases, types, modes, branches, faults }) => [
      ...[operator, `${cases}`, types.join(' ') || 'none', share(modes), share(branches), share(faults)],
    ]),
  ];
  const widths = widthsOf(rows);
  return [
    ...rows.map((cells) => tableLine(cells, widths, [1])),
    '',
    ...operators.filter((one) => isShort || one.cases > 0).flatMap(missingOf),
    ...(equations.missing.length === 0 ? [] : [`no case of Eqs. ${equations.missing.join(', ')}`]),
    ...summary(coverage),
  ];
}

/** What a set does not reach of an operator, a line each kind. */
function missingOf({ operator, modes, branches, faults }: OperatorCoverage): string[] {
  const parts = Object.entries({ modes, branches, faults }).filter(([, { missing }]) => missing.length > 0);
  if (parts.length === 0) return [];
  return [`${operator}, not reached:`, ...parts.map(([kind, { missing }]) => `  ${kind}: ${missing.join(', ')}`), ''];
}

const summary = ({ equations, operators, faults }: Coverage): string[] => {
  const reached = operators.filter(({ cases }) => cases > 0).length;
  const all = (kind: 'modes' | 'branches'): string =>
    share({
      reached: operators.flatMap((one) => one[kind].reached),
      missing: operators.flatMap((one) => one[kind].missing),
    });
  return [
    `${share(equations)} equations, ${reached} of ${operators.length} operators, ${all('modes')} modes, ${all('branches')} branches, ${share(faults)} kinds of known faults`,
  ];
};
