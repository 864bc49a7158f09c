/** @file densessm check: judges a backend and prints a row for each operator, mode and type. */

import { delimiter, join } from 'node:path';
import { amount } from '../io/text.ts';
import type { Backend, Dtype } from '../oracle/backends/backend.ts';
import { BackendError } from '../oracle/backends/failure.ts';
import { longestUnrolled, openGpu } from '../oracle/backends/gpu.ts';
import { openOnce } from '../oracle/backends/once.ts';
import { openProcess } from '../oracle/backends/process.ts';
import { batchKinds } from '../oracle/batch-kind.ts';
import { rowMode, rowModes } from '../oracle/batches/rows.ts';
import type { Acceptance } from '../oracle/check/acceptance-data.ts';
import { alike } from '../oracle/check/alike.ts';
import { type CheckOptions, type CheckReport, check, isOffered, reportOf, rowKeys } from '../oracle/check/check.ts';
import type { SizeName } from '../oracle/check/questions/real.ts';
import { failsAlone } from '../oracle/check/replayed.ts';
import { type CheckRow, isFine, type RowKey, rowName, wasOffered } from '../oracle/check/row.ts';
import { operators } from '../oracle/operators/index.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { type AskedOfCheck, checkData } from './check-json.ts';
import { againBy, type Failure, formatRow, headLine, resultLines, widthsFor } from './check-lines.ts';
import { colour, progress, say, sayJsonOf, seconds, type Voice } from './console.ts';
import { hostOf } from './host.ts';
import { packageRoot, packageVersion } from './paths.ts';
import { checkWritable, type ReportFiles, writeReports } from './report-files.ts';
import { type Shard, shardData, shardOf, wordsOf } from './shard.ts';
import { timings } from './timings.ts';
import { nothingOffered, verdict } from './verdict.ts';
import { resultsOfWorkers, serveResults } from './workers.ts';

/** The options of the command. */
export interface CheckCommand extends Voice, ReportFiles {
  /** A command that speaks the protocol; the built-in gpu.js backend without one. */
  readonly backend?: string;
  /** A TypeScript or JavaScript file with kernels, in place of a command. */
  readonly module?: string;
  readonly once: boolean;
  /** The device of the built-in backend. */
  readonly device: 'auto' | 'webgpu' | 'wasm' | 'webasm' | 'cpu';
  readonly operator?: readonly string[];
  readonly mode?: readonly string[];
  readonly dtype?: readonly Dtype[];
  readonly sizes: SizeName;
  readonly cases: number;
  readonly longest?: number;
  readonly seed: number;
  readonly path?: string;
  /** How often each question is asked, if not as usual. */
  readonly repeat?: number;
  /** The part of the rows to check. */
  readonly shard?: Shard;
  /** A file of accepted failures, and its entries. */
  readonly accept?: { readonly path: string; readonly entries: readonly Acceptance[] };
  /** Whether rows go on past their first failures, which are then grouped by cause. */
  readonly keepGoing: boolean;
  /** Seconds for one answer and for a start, if they are not the usual ones. */
  readonly limit?: number;
  /** More seconds for the first answer of a shape, if the backend compiles. */
  readonly compileLimit: number;
  /** Seconds for everything. */
  readonly total: number;
  readonly timing: boolean;
  /** Checks operators for another process. */
  readonly worker: boolean;
}

/** The names of the modes of batches that a backend offers, which are long. */
const batchModes = ({ description }: Backend): string[] =>
  Object.values(description.operators).flatMap(({ batches = {} }) =>
    batchKinds.flatMap((kind) => (batches[kind] ?? []).map((one) => rowMode(one, kind))),
  );

/** Judges a backend and prints the result. Returns whether all that it offers was compared and is right, or the exit status where a report cannot be written. */
export async function checkCommand(options: CheckCommand): Promise<boolean | number> {
  if (options.worker) return serveRows(options);
  checkAsked(options);
  checkWritable(options);
  const line = progress(options);
  line.show('starting the backend');
  const backend = await open(options).finally(() => line.clear());
  try {
    return await report(backend, options);
  } finally {
    await backend.close();
  }
}

/** Judges a backend in this process, and prints nothing. */
export async function judged(options: CheckCommand): Promise<CheckReport> {
  checkAsked(options);
  const line = progress(options);
  const backend = await open(options);
  try {
    const onProgress = (done: number, total: number, row: string): void => line.show(`${done}/${total} ${row}`);
    return await check(backend, { ...sizeOf(backend, options), onProgress });
  } finally {
    line.clear();
    await backend.close();
  }
}

/** Throws where options ask for what there is not. */
function checkAsked(options: CheckCommand): void {
  const { operator, mode = [], backend, module } = options;
  if (backend === undefined && module === undefined) checkBuiltIn(options);
  const own = operators.filter(({ name }) => operator?.includes(name));
  const none = mode.find((name) => own.length > 0 && !own.flatMap(rowModes).includes(name));
  const modes = new Set(own.flatMap((one) => Object.keys(one.modes)));
  if (none !== undefined)
    fail(`check: ${operator!.join(', ')}: has no mode ${none}; modes are ${[...modes].join(', ')}`);
}

/** Throws where options ask the built-in backend for what it does not have. */
function checkBuiltIn({ once, sizes, dtype, longest = 1 }: CheckCommand): void {
  if (once) fail('check: --once starts a program anew for every question; say which by --backend "COMMAND"');
  if (sizes === 'real')
    fail(
      'check: --sizes real is for a backend of yours: the built-in one unrolls the loops over tokens; add --backend or --module',
    );
  if (dtype?.includes('F32') === false)
    fail(
      `check: the built-in backend computes in F32 alone; --dtype ${dtype.join(' ')} is for one of yours, by --backend or --module`,
    );
  if (longest > longestUnrolled)
    fail(
      `check: the built-in backend unrolls the loops over tokens, and is asked about ${longestUnrolled} at most; --longest ${longest} is for one of yours, by --backend or --module`,
    );
}

/** The rows of a shard; undefined for all. Rows on offer take turns, so that each shard has as many of them. */
function ownRows(backend: Backend, { shard, ...options }: CheckCommand): readonly RowKey[] | undefined {
  if (shard === undefined) return undefined;
  const all = rowKeys(backend, sizeOf(backend, options));
  return shardOf([...offeredRows(backend, options), ...all.filter((key) => !isOffered(backend, key))], shard);
}

/** The rows that a backend offers of those asked for, of all shards. */
const offeredRows = (backend: Backend, { shard: _, ...options }: CheckCommand): RowKey[] =>
  rowKeys(backend, sizeOf(backend, options)).filter((key) => isOffered(backend, key));

/** The names of the operators to check, in order. */
function namesOf(backend: Backend, options: CheckCommand): string[] {
  const rows = ownRows(backend, options);
  return operators
    .map(({ name }) => name)
    .filter((name) => options.operator?.includes(name) ?? true)
    .filter((name) => rows?.some(({ operator }) => operator === name) ?? true);
}

/** Checks the operators that a parent process asks for. */
async function serveRows(options: CheckCommand): Promise<boolean> {
  const start = performance.now();
  const backend = await open(options);
  process.once('disconnect', () => backend.close());
  const names = namesOf(backend, options);
  serveResults(async (at) => {
    const left = 1000 * options.total - (performance.now() - start);
    return (await check(backend, { ...sizeOf(backend, options), operators: [names[at]!], total: left })).rows;
  });
  return true;
}

/** What to ask, as `check` takes it. */
function sizeOf(backend: Backend, options: CheckCommand): CheckOptions {
  const { operator, mode, dtype, accept, shard: _, ...size } = options;
  const rows = ownRows(backend, options);
  return {
    ...size,
    total: 1000 * size.total,
    ...(accept !== undefined && { accepted: accept.entries }),
    ...(rows !== undefined && { rows }),
    ...(operator !== undefined && { operators: operator }),
    ...(mode !== undefined && { modes: mode }),
    ...(dtype !== undefined && { dtypes: dtype }),
  };
}

/** Checks the built-in backend on each operator in a worker: it computes in this process, which would use one core. */
async function checkInWorkers(
  backend: Backend,
  options: CheckCommand,
  { onProgress, onRow }: Required<Pick<CheckOptions, 'onProgress' | 'onRow'>>,
): Promise<CheckReport> {
  const names = namesOf(backend, options);
  let done = 0;
  onProgress(done, names.length, names[0]!);
  const rows = await resultsOfWorkers<readonly CheckRow[]>(names.length, (own) => {
    for (const row of own) onRow(row);
    done++;
    if (done < names.length) onProgress(done, names.length, names[done]!);
  });
  return reportOf(backend, rows.flat(), sizeOf(backend, options));
}

/** Shrinking a failure may need many starts of a backend that it breaks. */
const restarts = 20;
/** Seconds for one answer, unless the caller says something else. */
const usualLimit = 10;

function open({ backend, module, once, device, limit, compileLimit, total }: CheckCommand): Promise<Backend> {
  const command = backend ?? (module && hostOf(module));
  if (command === undefined) return openGpu(device);
  const limits = {
    question: 1000 * (limit ?? usualLimit),
    ...(limit !== undefined && { start: 1000 * limit }),
    compile: 1000 * compileLimit,
    total: 1000 * total,
    restarts,
  };
  process.env.PYTHONPATH = pythonPath();
  const opened = once ? openOnce(command, limits) : openProcess(command, limits, backend ?? module);
  return opened.catch((error: unknown) => {
    if (!(error instanceof BackendError)) throw error;
    const { kind } = error.failure;
    const remedy = {
      timeout: '--limit says how long a start may take',
      'out-of-time': '--total says how long all may take',
    };
    if (kind === 'timeout' || kind === 'out-of-time') fail(`${error.message}; ${remedy[kind]}`);
    throw error;
  });
}

/** Where Python looks for modules: last, among the adapters of the package. */
const pythonPath = (): string =>
  [process.env.PYTHONPATH, join(packageRoot(), 'adapters', 'python')].filter(Boolean).join(delimiter);

async function report(backend: Backend, options: CheckCommand): Promise<boolean | number> {
  const { json, quiet, timing, sizes, longest, cases, seed } = options;
  const start = performance.now();
  const line = progress(options);
  const widths = widthsFor(batchModes(backend));
  const speaks = !json && !quiet;
  if (speaks) {
    say(`${colour.heading(backend.description.name)}: ${amount(cases, 'case')} a row, seed ${seed}.`);
    if (sizes === 'real') say(`Sizes are those of real layers, with up to ${longest} tokens; whole models stay small.`);
    say('Each number is compared with its own error bound; median and worst are error / bound.\n');
    say(headLine(widths));
  }
  const listeners = {
    onProgress: (done: number, total: number, row: string): void => line.show(`${done}/${total} ${row}`),
    onRow: (row: CheckRow): void => {
      line.clear();
      if (wasOffered(row) && (speaks || (!json && !isFine(row)))) say(formatRow(row, widths));
    },
  };
  const isBuiltIn = options.backend === undefined && options.module === undefined;
  const found =
    isBuiltIn && namesOf(backend, options).length > 1
      ? await checkInWorkers(backend, options, listeners)
      : await check(backend, { ...sizeOf(backend, options), ...listeners });
  line.clear();
  const failures = await askedAlone(found, options);
  const again = againBy(commandOf(options));
  const said = verdict(found, () => nothingOffered(backend, options));
  const remarks = [...asked(found), ...declined(found), ...missing(found, quiet)];
  const write = (): string[] =>
    writeReports(found, { command: commandOf(options), verdict: said, remarks, failures, again }, options);
  if (json) {
    const goesOn = options.keepGoing || options.accept !== undefined;
    const asked = askedOf(options);
    const offered = offeredRows(backend, options).map(rowName);
    const data = checkData(found, failures, asked, goesOn);
    return sayJsonOf('check', { ...data, ...shardData(options.shard, { asked: asked.options, offered }) }, write);
  }
  // the result is printed first: it is not lost where a file cannot be written after all
  for (const text of [
    ...(quiet ? [] : [...asked(found), ...declined(found)]),
    ...missing(found, quiet),
    ...resultLines(found, failures, again, quiet),
    ...(timing ? timings(found, widths) : []),
  ])
    say(text);
  try {
    const written = write();
    for (const text of quiet || written.length === 0 ? [] : ['', ...written]) say(text);
  } finally {
    say(`${speaks ? '\n' : ''}${said}; ${seconds(performance.now() - start)}`);
  }
  return found.ok;
}

/** What part of each operator was asked, where a backend declares its domain. */
function asked({ rows }: CheckReport): string[] {
  const modes = new Map<string, Set<string>>();
  for (const { operator, mode, domain } of rows.filter((row) => row.domain.length > 0 && row.cases > 0)) {
    const key = `${operator} MODES: ${domain.join('; ')}`;
    modes.set(key, (modes.get(key) ?? new Set()).add(mode));
  }
  return [...modes].map(
    ([key, names]) => `${colour.minor('asked inside its domain')} ${key.replace('MODES', [...names].join(', '))}`,
  );
}

/** A hint for rows with many cases that the backend declined. */
function declined({ rows }: CheckReport): string[] {
  const names = rows
    .filter(({ unsupported, cases }) => unsupported > cases)
    .map(({ operator, mode }) => `${operator} ${mode}`);
  if (names.length === 0) return [];
  const remedy = "let its 'domain' say what it takes (docs/protocol.md#domains), and all cases are useful";
  return [`it declined most cases of ${[...new Set(names)].join(', ')}: ${remedy}`];
}

/** One line about what is not offered: missing modes of offered operators, and the number of other operators. */
function missing({ rows }: CheckReport, quiet: boolean): string[] {
  const offered = new Set(rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED').map(({ operator }) => operator));
  const wanting = rows.filter(({ outputs, unsupported }) => outputs === 'UNSUPPORTED' && unsupported === 0);
  const modes = wanting
    .filter(({ operator }) => offered.has(operator))
    .map(({ operator, mode }) => `${operator} ${mode}`);
  const others = new Set(wanting.filter(({ operator }) => !offered.has(operator)).map(({ operator }) => operator));
  const names = [...new Set(modes), ...(others.size > 0 ? [`${others.size} other operators`] : [])];
  return names.length === 0 || quiet ? [] : [`${colour.minor('UNSUPPORTED')} not offered: ${names.join(', ')}`];
}

/** Asks each failure again, alone. Rows that fail alike are one failure. */
async function askedAlone({ rows }: CheckReport, options: CheckCommand): Promise<Failure[]> {
  const until = performance.now() + askingAlone;
  const failures: Failure[] = [];
  for (const one of alike(rows)) {
    const isAlone = performance.now() < until ? await isReproducible(one.row, options) : null;
    failures.push({ ...one, isAlone });
  }
  return failures;
}

/** The time for asking failures again, in milliseconds. */
const askingAlone = 30_000;

/** Whether a new process fails at the question of a row's finding; null if it cannot be asked. */
async function isReproducible(row: CheckRow, options: CheckCommand): Promise<boolean | null> {
  if ((options.backend ?? options.module) === undefined || options.path !== undefined) return null;
  try {
    const backend = await open(options);
    return await failsAlone(backend, row, options).finally(() => backend.close());
  } catch (error) {
    // it started before, so this says nothing about the question
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** What was asked, for programs. */
export function askedOf(options: CheckCommand): AskedOfCheck {
  const { backend, module, device, accept, operator, mode, dtype, path, cases, seed } = options;
  const { sizes, longest, repeat, once, keepGoing, limit, compileLimit, total } = options;
  const isBuiltIn = (backend ?? module) === undefined;
  const subject = { backend, module, once, device: isBuiltIn ? device : undefined };
  const rows = { operator, mode, dtype, path };
  const size = { sizes, cases, longest, seed, repeat, keepGoing, accept: accept?.path, limit, compileLimit, total };
  return {
    densessm: packageVersion(),
    command: commandOf(options),
    options: wordsOf({ ...subject, ...rows, ...size }),
    cases,
    seed,
    accepted: accept?.entries ?? [],
    isNarrowed: Object.values(rows).some((one) => one !== undefined),
  };
}

/** The command that asks the same backend again. Draws depend on the sizes too. */
function commandOf({ backend, module, once, device, sizes, cases, longest, accept }: CheckCommand): string {
  const outside = backend === undefined ? `--module ${JSON.stringify(module)}` : `--backend ${JSON.stringify(backend)}`;
  const asked = (backend ?? module) === undefined ? `--device ${device}` : `${outside}${once ? ' --once' : ''}`;
  const real = sizes === 'real' ? ' --sizes real' : '';
  const most = longest === undefined ? '' : ` --longest ${longest}`;
  const accepted = accept === undefined ? '' : ` --accept ${JSON.stringify(accept.path)}`;
  return `npx densessm check ${asked}${real} --cases ${cases}${most}${accepted}`;
}
