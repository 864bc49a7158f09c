/** @file Joins the reports of shards of check, verify or equations into the report of the whole. */
import { isDeepStrictEqual } from 'node:util';
import { equations } from '../../spec/registry.ts';
import { isObject } from '../io/json.ts';
import { amount, plain } from '../io/text.ts';
import { alike } from '../oracle/check/alike.ts';
import { inOrder, joinedReport } from '../oracle/check/check.ts';
import { type CheckRow, rowName, wasOffered } from '../oracle/check/row.ts';
import { operators } from '../oracle/operators/index.ts';
import { everyMode, isVerified, type VerifiedRow } from '../oracle/verify.ts';
import { fail } from '../tensor/errors.ts';
import type { Report } from '../vectors/index.ts';
import { type CheckData, checkData } from './check-json.ts';
import { againBy, formatRow as checkLine, type Failure, headLine, resultLines, widthsFor } from './check-lines.ts';
import { colour, say, sayJson, type Voice } from './console.ts';
import { documentsOf } from './documents.ts';
import { problemLine, sayTotal, subjectsOf } from './equations.ts';
import { packageVersion } from './paths.ts';
import { isReport, type ShardData } from './shard.ts';
import { verdict } from './verdict.ts';
import { summarise, formatRow as verifyLine } from './verify.ts';

/** The JSON of a shard of any of the commands. */
interface Part {
  readonly schema: string;
  readonly shard: ShardData;
  readonly ok: boolean;
}

/** What verify and equations print, as far as joining needs it. */
interface VerifyPart extends Part {
  readonly cases: number;
  readonly longest: number;
  readonly seed: number;
  readonly rows: readonly VerifiedRow[];
  readonly vectors: Report;
  /** The names of the operators, where not all were asked for; then no vectors were compared. */
  readonly operators?: readonly string[];
}
interface Lacking {
  readonly problems: readonly string[];
}
interface EquationsPart extends Part, Lacking {
  readonly equations: readonly (Lacking & { readonly number: number })[];
  readonly operators: readonly (Lacking & { readonly operator: string })[];
}

/** A file's report, which must be of a shard. Throws on others. */
function partIn(path: string, report: unknown): Part {
  if (!isReport(report))
    fail(`${path}: is no report; give what the shards of one check, verify or equations print with --json`);
  const { version, shard, schema } = report;
  if (version !== 1) fail(`${path}: is of version ${version}; this densessm reads version 1`);
  if (shard === undefined) fail(`${path}: is a whole ${schema}, not a shard of one; there is nothing to join`);
  // rows are counted and put in order by what this version knows
  const wrote = isObject(shard) && typeof shard.densessm === 'string' ? shard.densessm : packageVersion();
  if (wrote !== packageVersion())
    fail(
      `${path}: is of densessm ${plain(wrote, 40)}, and this is ${packageVersion()}; join shards by what wrote them`,
    );
  documentsOf(`${String(schema).replace('densessm/', '')}-1`)(report, `${path}: it`);
  const part = report as unknown as Part;
  if (schema === 'densessm/check' && part.shard.offered === undefined)
    fail(`${path}: does not say which rows were on offer; it is damaged, write it again`);
  return part;
}

/** The shards of files, in order. Throws where they are not all those of one run, each once. */
function partsIn(paths: readonly string[], reports: readonly unknown[]): [Part, ...Part[]] {
  const parts = reports.map((report, at) => partIn(paths[at]!, report));
  const [{ schema, shard: first }] = parts as [Part];
  parts.forEach(({ schema: own, shard: { i, n, asked, offered = [] } }, at) => {
    const path = paths[at]!;
    if (own !== schema) fail(`${path}: is of ${own}, and ${paths[0]} of ${schema}; join those of one command`);
    if (n !== first.n) fail(`${path}: is shard ${i} of ${n}, and ${paths[0]} of ${first.n}; join those of one run`);
    if (!isDeepStrictEqual(asked, first.asked))
      fail(
        `${path}: was asked with ${asked.join(' ')}, and ${paths[0]} with ${first.asked.join(' ')}; all options must be equal`,
      );
    const others = first.offered ?? [];
    const alone = [...offered, ...others].find((row) => !offered.includes(row) || !others.includes(row));
    if (alone !== undefined) {
      const [has, lacks] = offered.includes(alone) ? [path, paths[0]] : [paths[0], path];
      fail(
        `${has}: its backend offers ${alone}, and that of ${lacks} does not; every machine must offer the same rows`,
      );
    }
    const twice = parts.findIndex(({ shard }) => shard.i === i);
    if (twice !== at) fail(`${path}: is shard ${i} of ${n}, as ${paths[twice]} is; give each once`);
  });
  const missing = Array.from({ length: first.n }, (_, i) => i + 1).filter(
    (i) => !parts.some(({ shard }) => shard.i === i),
  );
  if (missing.length > 0) fail(`merge: shard ${missing.join(', ')} of ${first.n} is missing; give the report of each`);
  return parts.sort((a, b) => a.shard.i - b.shard.i) as [Part, ...Part[]];
}

/** Throws where shards do not have each of some names once; others than those are not compared. */
function checkOnce(found: readonly string[], wanted: readonly string[] = found): void {
  const twice = found.find((name, at) => found.indexOf(name) !== at);
  if (twice !== undefined)
    fail(`merge: ${twice} is in the shards twice; they are not all of one run, write them again`);
  const missing = wanted.find((name) => !found.includes(name));
  if (missing !== undefined) fail(`merge: ${missing} is in no shard; they are not all of one run, write them again`);
}

/** The numbers of shards that found something wrong. Verify and equations judge each by itself. */
const wrongOf = (parts: readonly Part[]): number[] => parts.filter(({ ok }) => !ok).map(({ shard }) => shard.i);

/** The numbers that JSON lacks, which reports have as texts. */
const lacking: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

/** A report with these texts as numbers again. */
function withNumbers<T>(x: T): T {
  if (Array.isArray(x)) return x.map(withNumbers) as T;
  if (isObject(x)) return Object.fromEntries(Object.entries(x).map(([name, value]) => [name, withNumbers(value)])) as T;
  return typeof x === 'string' && Object.hasOwn(lacking, x) ? (lacking[x] as T) : x;
}

function mergeChecks(parts: readonly (CheckData & Part)[], { json, quiet }: Voice): boolean {
  const [{ backend, problems, asked, shard }] = parts as readonly [CheckData & Part];
  if (parts.some((part) => part.backend !== backend))
    fail('merge: the shards are of several backends; join those of one');
  const rows = inOrder(parts.flatMap((part) => part.rows));
  checkOnce(rows.map(rowName), [...rows.map(rowName), ...shard.offered!]);
  // whether rows were left out decides whether an entry about a row that was not asked is wrong
  const narrowed = asked.isNarrowed ? { operators: [] } : {};
  const found = joinedReport(backend, problems, rows, { accepted: asked.accepted, ...narrowed });
  const failures = alike(rows).map((one): Failure => {
    const isTold = ({ operator, mode, dtype }: CheckRow, of: CheckData['failures'][number]): boolean =>
      operator === of.operator && mode === of.mode && dtype === of.dtype;
    const own = parts.flatMap((part) => part.failures).find((failure) => isTold(one.row, failure));
    return { ...one, isAlone: own?.failsAlone ?? null };
  });
  if (json) {
    sayJson(
      'check',
      checkData(
        found,
        failures,
        asked,
        parts.some(({ causes }) => causes !== undefined),
      ),
    );
    return found.ok;
  }
  const widths = widthsFor(rows.filter(wasOffered).map(({ mode }) => mode));
  if (!quiet) {
    say(
      `${colour.heading(backend)}: ${amount(asked.cases, 'case')} a row, seed ${asked.seed}; ${parts.length} shards.\n`,
    );
    say(headLine(widths));
    for (const row of rows.filter(wasOffered)) say(checkLine(row, widths));
  }
  for (const line of resultLines(found, failures, againBy(asked.command), quiet)) say(line);
  say(`${quiet ? '' : '\n'}${verdict(found, () => 'no shard had a row on offer')}`);
  return found.ok;
}

const placeOf = (name: string): number => operators.findIndex((one) => one.name === name);

function mergeVerified(parts: readonly VerifyPart[], { json, quiet }: Voice): boolean {
  const [{ cases, longest, seed, operators: names }] = parts as readonly [VerifyPart];
  const asked = operators.filter(({ name }) => names?.includes(name) ?? true);
  const place = ({ operator: name, mode }: VerifiedRow): number[] => [
    placeOf(name),
    Object.keys(operators[placeOf(name)]?.modes ?? {}).indexOf(mode),
  ];
  const rows = parts
    .flatMap((part) => part.rows)
    .map((row) => ({ row, at: place(row) }))
    .sort((a, b) => a.at[0]! - b.at[0]! || a.at[1]! - b.at[1]!)
    .map(({ row }) => row);
  checkOnce(
    rows.map(({ operator, mode }) => `${operator} ${mode}`),
    everyMode(asked).map(({ operator, mode }) => `${operator.name} ${mode}`),
  );
  const vectors = {
    cases: parts.flatMap((part) => part.vectors.cases),
    problems: parts.flatMap((part) => part.vectors.problems),
    ok: parts.every((part) => part.vectors.ok),
  };
  const ok = wrongOf(parts).length === 0 && vectors.ok && rows.every((row) => isVerified(row, cases));
  if (json)
    sayJson('verify', { ok, cases, longest, seed, rows, vectors, ...(names !== undefined && { operators: names }) });
  else {
    for (const row of rows) if (!quiet || !isVerified(row, cases)) say(verifyLine(row, cases));
    summarise(rows, names === undefined ? vectors : null, cases, ok);
  }
  return ok;
}

/** The operators that options as words name; undefined for all. */
function namedIn(asked: readonly string[]): readonly string[] | undefined {
  const at = asked.indexOf('--operator');
  const names = asked.slice(at + 1);
  const end = names.findIndex((word) => word.startsWith('--'));
  return at < 0 ? undefined : names.slice(0, end < 0 ? undefined : end);
}

function mergeEquations(parts: readonly EquationsPart[], { json }: Voice): boolean {
  const numbers = equations.map(({ number }) => number);
  const all = {
    equations: parts
      .flatMap((part) => part.equations)
      .sort((a, b) => numbers.indexOf(a.number) - numbers.indexOf(b.number)),
    operators: parts.flatMap((part) => part.operators).sort((a, b) => placeOf(a.operator) - placeOf(b.operator)),
  };
  const wanted = subjectsOf({ operator: namedIn(parts[0]!.shard.asked) });
  checkOnce(
    all.equations.map(({ number }) => `Eq. ${number}`),
    wanted.equations.map(({ number }) => `Eq. ${number}`),
  );
  checkOnce(
    all.operators.map(({ operator }) => operator),
    wanted.operators.map(({ name }) => name),
  );
  const listed = [...all.equations, ...all.operators].flatMap((one) => one.problems);
  const said = [...listed, ...parts.flatMap((part) => part.problems).filter((problem) => !listed.includes(problem))];
  const silent = wrongOf(parts).map((i) => `shard ${i} is not complete, and does not say why`);
  const problems = said.length > 0 ? said : silent;
  const ok = problems.length === 0;
  if (json) sayJson('equations', { ok, ...all, problems });
  else {
    for (const problem of problems) say(problemLine(problem));
    sayTotal(all.equations.length, problems);
  }
  return ok;
}

/** Prints the report of the whole of some shards. Returns whether all is right. Throws where they are not all of one run. */
export function mergeParts(paths: readonly string[], reports: readonly unknown[], voice: Voice): boolean {
  const parts = withNumbers(partsIn(paths, reports));
  const [{ schema }] = parts;
  if (schema === 'densessm/check') return mergeChecks(parts as unknown as (CheckData & Part)[], voice);
  if (schema === 'densessm/verify') return mergeVerified(parts as unknown as VerifyPart[], voice);
  return mergeEquations(parts as unknown as EquationsPart[], voice);
}
