/** @file Checks a backend on every operator, mode and type that it offers. */

import { didYouMean } from '../../tensor/names.ts';
import { takesBatches } from '../axes.ts';
import { type Backend, type Dtype, dtypes, type Offer } from '../backends/backend.ts';
import { batchKinds } from '../batch-kind.ts';
import { batchedOf, domainIn } from '../batches/batched.ts';
import { partsOf, rowModes } from '../batches/rows.ts';
import { unfulfilled } from '../domain/drawn.ts';
import { unknownNames } from '../domain/known.ts';
import type { Operator } from '../operator.ts';
import { operators as allOperators } from '../operators/index.ts';
import { termIn } from '../signature.ts';
import { accepting, type EntryProblem, entryProblems, isEntryOf, isValidOn } from './acceptance.ts';
import { type CheckSize, checkMode } from './check-mode.ts';
import { type CheckRow, isFine, type RowKey, type Status } from './row.ts';
import { asksAfresh, type Revisit, revisited } from './stale.ts';
import { unknownAtomic } from './verdict/atomic.ts';

/** Options of a check, with listeners. */
export interface CheckOptions extends Omit<CheckSize, 'until' | 'compileUntil' | 'known'> {
  /** The operators to check; all by default. `modes` and `dtypes` likewise. */
  readonly operators?: readonly string[];
  readonly modes?: readonly string[];
  readonly dtypes?: readonly Dtype[];
  /** These rows alone: a part of the whole, which is judged where all parts are joined. */
  readonly rows?: readonly RowKey[];
  /** The day, as 2026-11-29, on which accepted failures may have expired; today by default. */
  readonly today?: string;
  /** The time limit in milliseconds. Rows that are not done by then are UNCHECKED. */
  readonly total?: number;
  readonly onProgress?: (done: number, total: number, row: string) => void;
  readonly onRow?: (row: CheckRow) => void;
}

/** The result of a check. */
export interface CheckReport {
  /** True if something was compared, everything was right, and everything on offer was checked. */
  readonly ok: boolean;
  readonly backend: string;
  readonly rows: readonly CheckRow[];
  /** Accepted failures that did not occur, have expired, or were not asked. */
  readonly wrongEntries: readonly EntryProblem[];
  /** Errors in the backend's description. */
  readonly problems: readonly string[];
}

/** The share of a row's time, an equal part of what is left, that may be spent on compiling. */
const forCompiling = 0.8;

/** Checks everything that a backend offers. */
export async function check(backend: Backend, options: CheckOptions): Promise<CheckReport> {
  const { onProgress, onRow, total = Number.POSITIVE_INFINITY } = options;
  const until = performance.now() + total;
  const keys = rowKeys(backend, options).filter((key) => options.rows?.some((one) => isSameRow(one, key)) ?? true);
  const rows: CheckRow[] = [];
  const revisits = new Map<number, Revisit>();
  let left = keys.filter((key) => isOffered(backend, key)).length;
  let [asked, known]: [string, CheckSize['known']] = ['', undefined];
  for (const key of keys) {
    const own = `${key.operator} ${partsOf(key.mode).kind}`;
    if (own !== asked) [asked, known] = [own, new Map()];
    onProgress?.(rows.length, keys.length, `${key.operator} ${key.mode} ${key.dtype}`);
    const now = performance.now();
    const compileUntil = now + (forCompiling * (until - now)) / Math.max(left, 1);
    if (isOffered(backend, key)) left--;
    const onDone = (revisit: Revisit): unknown => revisits.set(rows.length, revisit);
    const row = await rowOf(backend, key, { ...options, until, compileUntil, known, onDone });
    rows.push(row);
    onRow?.(row);
  }
  if (backend.renew !== undefined && options.path === undefined && asksAfresh(options.cases, backend.compiles)) {
    await backend.renew();
    // in another order, as a row may depend on those before it
    for (const [at, revisit] of [...revisits].reverse()) {
      if (performance.now() > until) break;
      const row = await revisited(rows[at]!, revisit);
      if (row === null) continue;
      rows[at] = row;
      onRow?.(row);
    }
  }
  return reportOf(backend, rows, options);
}

/** The report of rows of a check with these options. */
export const reportOf = (backend: Backend, rows: readonly CheckRow[], options: Partial<CheckOptions>): CheckReport =>
  joinedReport(backend.description.name, problemsOf(backend), rows, options);

/** The report of rows, by the name of the backend and the errors in its description. A part of a check may have no row, and judges no entry of accepted failures. */
export function joinedReport(
  backend: string,
  problems: readonly string[],
  rows: readonly CheckRow[],
  options: Partial<CheckOptions>,
): CheckReport {
  const isPart = options.rows !== undefined;
  const wrongEntries = isPart ? [] : entryProblems(rows, options);
  const asked = rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
  const isDone = (row: CheckRow): boolean => isFine(row) && ['PASS', 'ACCEPTED'].includes(row.outputs);
  const ok = problems.length === 0 && wrongEntries.length === 0 && (isPart || asked.length > 0) && asked.every(isDone);
  return { ok, backend, rows, wrongEntries, problems };
}

const isSameRow = (one: RowKey, other: RowKey): boolean =>
  one.operator === other.operator && one.mode === other.mode && one.dtype === other.dtype;

/** Puts rows of several parts into the order of the whole. */
export function inOrder(rows: readonly CheckRow[]): CheckRow[] {
  const placeOf = ({ operator, mode, dtype }: RowKey): readonly number[] => {
    const at = allOperators.findIndex(({ name }) => name === operator);
    return [at, at < 0 ? 0 : rowModes(allOperators[at]!).indexOf(mode), dtypes.indexOf(dtype)];
  };
  const placed = rows.map((row) => ({ row, place: placeOf(row) }));
  const order = (a: readonly number[], b: readonly number[]): number =>
    a.map((place, i) => place - b[i]!).find((difference) => difference !== 0) ?? 0;
  return placed.sort((a, b) => order(a.place, b.place)).map(({ row }) => row);
}

/** Lists the rows: every operator and mode, in the types that the backend offers, or in the first type if it offers none. */
export function rowKeys({ description }: Backend, { operators, modes, dtypes: types }: CheckOptions): RowKey[] {
  const wanted = <T extends string>(names: readonly T[] | undefined, name: T): boolean => names?.includes(name) ?? true;
  return allOperators
    .filter(({ name }) => wanted(operators, name))
    .flatMap((operator) => {
      const { name } = operator;
      const offer = description.operators[name];
      return rowModes(operator)
        .filter((mode) => wanted(modes, mode) && (partsOf(mode).kind === null || modes || hasMode(offer, mode)))
        .flatMap((mode) => {
          const offered = hasMode(offer, mode) ? dtypes.filter((one) => offer!.dtypes.includes(one)) : [];
          const asked = offered.filter((one) => wanted(types, one));
          return (asked.length > 0 ? asked : [types?.[0] ?? dtypes[0]]).map((dtype) => ({
            operator: name,
            mode,
            dtype,
          }));
        });
    });
}

/** Whether a backend offers a row's mode, with its kind of batch. */
function hasMode(offer: Offer | undefined, row: string): boolean {
  const { mode, kind } = partsOf(row);
  return (kind === null ? offer?.modes : offer?.batches?.[kind])?.includes(mode) ?? false;
}

/** The longest sequence of draws that show whether any case is inside a domain. */
const usualLongest = 96;

const operatorOf = (name: string): Operator => allOperators.find((one) => one.name === name)!;

/** Whether a backend offers a row. */
export function isOffered({ description }: Backend, { operator, mode, dtype }: RowKey): boolean {
  const offer = description.operators[operator];
  return hasMode(offer, mode) && offer!.dtypes.includes(dtype);
}

async function rowOf(backend: Backend, key: RowKey, size: CheckSize & { readonly today?: string }): Promise<CheckRow> {
  const offer = backend.description.operators[key.operator];
  if (offer === undefined || !isOffered(backend, key)) return unasked(key, 'UNSUPPORTED', 'not offered');
  const { mode, kind } = partsOf(key.mode);
  const operator = batchedOf(operatorOf(key.operator), kind);
  const domain = domainIn(operator, offer.domain);
  const never = domain && unfulfilled(operator, mode, { longest: size.longest ?? usualLongest }, domain);
  if (never) return unasked(key, 'UNCHECKED', `no case is in its domain, as never: ${never}`);
  const accepted = (size.accepted ?? []).filter((entry) => isEntryOf(entry, key));
  const own = { accepted: accepted.filter(isValidOn(size.today)), keepGoing: size.keepGoing || accepted.length > 0 };
  const row = await checkMode(backend, operator, mode, key.dtype, { ...size, ...own });
  return accepting({ ...row, mode: key.mode }, accepted, size.today);
}

/** A row about which nothing was asked. */
const unasked = ({ operator, mode, dtype }: RowKey, status: Status, reason: string): CheckRow => ({
  operator,
  mode,
  dtype,
  outputs: status,
  gradients: status,
  reason,
  notes: [],
  gradientsLeftOut: [],
  cut: false,
  cases: 0,
  lengths: {},
  domain: [],
  unsupported: 0,
  worst: 0,
  median: 0,
  rightAt: '',
  forms: [],
  compared: 0,
  finding: null,
  also: [],
  wrongIn: {},
  repeats: { asked: 0, differed: 0 },
  timing: { draw: 0, reference: 0, compiling: 0, backend: 0, compare: 0 },
});

/** Reports unknown names in a description. They are probably typing errors, and would leave something unchecked. */
function problemsOf({ description }: Backend): string[] {
  return Object.entries(description.operators).flatMap(([name, offer]) => {
    const { modes, dtypes: types, gradients, form = {}, atomic = {}, domain } = offer;
    const operator = allOperators.find((one) => one.name === name);
    const known = allOperators.map((one) => one.name);
    if (operator === undefined) return [unknownName(`the operator '${name}'`, name, known)];
    const knownModes = Object.keys(operator.modes);
    const { inputs } = operator.signature;
    const knownInputs = inputs.map(({ pattern }) => pattern);
    return [
      ...(typeof gradients === 'boolean' ? [] : gradients)
        .filter((input) => termIn(inputs, input) === undefined)
        .map((input) => unknownName(`the gradient of ${name} in '${input}'`, input, knownInputs)),
      ...modes
        .filter((mode) => !knownModes.includes(mode))
        .map((mode) => unknownName(`${name} in the mode '${mode}'`, mode, knownModes)),
      ...batchKinds
        .filter((kind) => offer.batches?.[kind] !== undefined && !takesBatches(operator))
        .map((kind) => `it offers ${kind} batches of ${name}, which has none; ${whichBatches}`),
      ...types
        .filter((type) => !dtypes.includes(type))
        .map((type) => unknownName(`${name} in the type '${type}'`, type, dtypes)),
      ...Object.entries(form).flatMap(([mode, formName]) => {
        if (!knownModes.includes(mode))
          return [unknownName(`a form of ${name} in the mode '${mode}'`, mode, knownModes)];
        const forms = Object.keys(operator.forms?.[mode] ?? {});
        if (forms.includes(formName)) return [];
        return [unknownName(`${name} in the mode '${mode}' by the form '${formName}'`, formName, forms)];
      }),
      ...unknownAtomic(operator, atomic),
      ...(domain === undefined ? [] : unknownNames(operator, domain)),
    ];
  });
}

const whichBatches = 'operators have them that carry a state from token to token, and are no whole models';

const unknownName = (offer: string, name: string, known: readonly string[]): string =>
  `it offers ${offer}, which is not known${didYouMean(name, known)}; ${known.length === 0 ? 'it has none' : `known are ${known.join(', ')}`}`;
