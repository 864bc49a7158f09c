/** @file densessm verify: compares the project with the shipped vectors, and every operator in every mode with its definition. */

import { amount } from '../io/text.ts';
import { operators } from '../oracle/operators/index.ts';
import { everyMode, isVerified, type VerifiedRow, verifyOperator } from '../oracle/verify.ts';
import { checkVectors, formatReport, type Report } from '../vectors/index.ts';
import { brief, colour, progress, say, sayJson, seconds, share, tableLine, type Voice } from './console.ts';
import { ownVectors } from './paths.ts';
import { type Shard, shardData, shardOf, wordsOf } from './shard.ts';
import { subjectWidths } from './subjects.ts';
import { resultsOfWorkers, serveResults } from './workers.ts';

/** The options of the command. */
export interface VerifyCommand extends Voice {
  /** The names of the operators to verify; all and the vectors without it. */
  readonly operator?: readonly string[];
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
  /** The part to compute: of the operators; the vectors are of the first. */
  readonly shard?: Shard;
  /** Computes rows for another process. */
  readonly worker: boolean;
}

const columns = [
  'operator',
  'mode',
  'cases',
  'longest T',
  'worst error',
  'of bound',
  'gradients',
  'of bound',
  'loose',
  'time',
  '',
];
const widths = [...subjectWidths, 5, 9, 11, 8, 9, 8, 6, 7, 0];
const right = [2, 3, 4, 5, 6, 7, 8, 9];

/** The vectors where none are compared. */
const noVectors: Report = { cases: [], problems: [], ok: true };

/** Compares the numbers of others first, then every operator in every mode with its definition. Returns whether all was compared and right. */
export async function verifyCommand(options: VerifyCommand): Promise<boolean> {
  const { operator, cases, longest, seed, shard, json, quiet, worker } = options;
  const all = operators.filter(({ name }) => operator?.includes(name) ?? true);
  const own = shardOf(all, shard);
  if (worker) {
    serveResults((at) => verifyOperator(own[at]!, { cases, longest, seed }));
    return true;
  }
  const count = everyMode(own).length;
  const start = performance.now();
  const line = progress(options);
  const hasVectors = operator === undefined && (shard?.i ?? 1) === 1;
  const vectors = hasVectors
    ? checkVectors([ownVectors()], {
        onProgress: ({ family, name }, count, total) => line.show(`vectors ${count}/${total} ${family}/${name}`),
      })
    : noVectors;
  line.clear();
  if (!json && hasVectors && (!quiet || !vectors.ok))
    say(
      `Numbers made by code of others (of dense states: by a second implementation), test/vectors:\n\n${formatReport(vectors)}\n`,
    );
  if (!json && !quiet) {
    say(
      `${operator === undefined ? 'Every operator' : all.map(({ name }) => name).join(', ')} in every mode, ${amount(cases, 'case')} each, seed ${seed}: outputs and states against the scalar definition;\ngradients against the reference mode, the reference mode's against differences of the definition.\nErrors are relative to a tensor's largest number; bounds are computed for each number:\na loose bound is over a thousandth of that largest number.\n`,
    );
    say(colour.heading(tableLine(columns, widths, right)));
  }
  let done = 0;
  const showProgress = (): void => line.show(`${done} of ${count} rows`);
  showProgress();
  const rowsOf = await resultsOfWorkers<readonly VerifiedRow[]>(own.length, (found) => {
    done += found.length;
    line.clear();
    for (const row of found) if (!json && !(quiet && isVerified(row, cases))) say(formatRow(row, cases));
    showProgress();
  });
  const rows = rowsOf.flat();
  line.clear();
  const ok = rows.every((row) => isVerified(row, cases)) && vectors.ok;
  if (json)
    sayJson('verify', {
      ok,
      cases,
      longest,
      seed,
      rows,
      vectors,
      ...(operator !== undefined && { operators: all.map(({ name }) => name) }),
      ...shardData(shard, { asked: wordsOf({ operator, cases, longest, seed }) }),
    });
  else summarise(rows, hasVectors ? vectors : null, cases, ok, performance.now() - start);
  return ok;
}

/** A row as a line. */
export function formatRow(row: VerifiedRow, cases: number): string {
  const verified = isVerified(row, cases);
  const cells = [
    row.operator,
    row.mode,
    `${row.cases}`,
    `${row.longest}`,
    brief(row.outputs.error),
    share(row.outputs.ratio),
    `${row.gradients}`,
    share(row.gradient.ratio),
    `${((100 * (row.outputs.loose + row.gradient.loose)) / (row.outputs.compared + row.gradient.compared)).toFixed(1)} %`,
    seconds(row.milliseconds),
    verified ? colour.right('right') : colour.wrong(row.failure === null ? 'TOO FEW CASES' : 'WRONG'),
  ];
  const text = tableLine(cells, widths, right);
  if (row.failure === null) return text;
  const { verdict, seed, settings, shapes } = row.failure;
  return `${text}\n  ${verdict.where}\n  in the case of seed ${seed}, settings ${JSON.stringify(settings)}, shapes ${JSON.stringify(shapes)}`;
}

/** Says in one line whether all is right; without vectors, that none were compared. */
export function summarise(
  rows: readonly VerifiedRow[],
  vectors: Pick<Report, 'ok'> | null,
  cases: number,
  ok: boolean,
  time?: number,
): void {
  if (ok && rows.length === 0 && vectors === null) {
    say(`\n${colour.minor('NOTHING')} was compared: no operator is of this shard`);
    return;
  }
  const wrong = rows.filter((row) => !isVerified(row, cases)).length;
  const compared = rows.reduce((total, row) => total + row.cases, 0);
  const others = vectors === null ? 'vectors not compared' : `vectors ${vectors.ok ? 'right' : 'wrong'}`;
  const verdict = ok ? colour.right('ALL RIGHT') : colour.wrong('NOT ALL RIGHT');
  say(
    `\n${verdict}: ${rows.length - wrong} of ${rows.length} rows right on ${amount(compared, 'case')}; ${others}${time === undefined ? '' : `; ${seconds(time)}`}`,
  );
}
