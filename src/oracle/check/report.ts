/** @file Formats the result of a check: one line per row, and the smallest case with hints per failure. */
import { amount } from '../../io/text.ts';
import { type Case, type Tensor, toLists } from '../case.ts';
import { unacceptedLines, untilText } from './acceptance.ts';
import { shown } from './diagnosis/where.ts';
import { mostlyOne } from './mostly.ts';
import { type CheckRow, type Contrast, type Finding, isFine, type RowKey, type Status } from './row.ts';
import { unsteady } from './smallest/smallest.ts';

/** Colours a text by status, or returns it unchanged. */
export type Paint = (status: Status, text: string) => string;

const percent = (ratio: number): string =>
  ratio > 1
    ? `${Number.isFinite(ratio) ? ratio.toPrecision(2) : '∞'} ×`
    : `${ratio > 0.994 ? 100 : (100 * ratio).toPrecision(2)} %`;

/** The column headings. */
export const checkColumns = [
  'operator',
  'mode',
  'type',
  'outputs',
  'gradients',
  'cases',
  'median',
  'worst',
  '',
] as const;

/** Formats a row as the cells of these columns. */
export function checkCells(row: CheckRow, paint: Paint): string[] {
  const { operator, mode, dtype, outputs, gradients, cases, median, worst } = row;
  const asked = cases > 0 && row.finding === null;
  return [
    operator,
    mode,
    dtype,
    paint(outputs, outputs),
    // a row that is not supported says so once, over both columns
    outputs === 'UNSUPPORTED' ? '' : paint(gradients, gradients),
    `${cases}`,
    asked ? percent(median) : '',
    asked ? percent(worst) : '',
    remarkOf(row),
  ];
}

/** Writes short remarks on a row. */
function remarkOf({
  reason,
  notes,
  gradientsLeftOut,
  unsupported,
  cases,
  repeats,
  finding,
  rightAt,
  dtype,
  forms,
  accepted = [],
}: CheckRow): string {
  const remarks = [
    ...(finding === null ? [] : [finding.kind]),
    ...(finding === null && reason !== null && unsupported === 0 ? [reason] : []),
    ...[...new Set(accepted.map(({ entry }) => `${untilText(entry)}: ${entry.reason}`))],
    ...notes,
    ...(gradientsLeftOut.length === 0 ? [] : [`gradients not offered: ${gradientsLeftOut.join(', ')}`]),
    ...(unsupported > 0 ? [`${unsupported} of ${unsupported + cases} cases unsupported: ${reason}`] : []),
    ...(finding === null && cases > 0 && rightAt !== dtype.toLowerCase() ? [`right at: ${rightAt}`] : []),
    ...(finding === null ? formRemarks(forms) : []),
    ...(finding === null && repeats.differed > 0
      ? [`${repeats.differed} of ${repeats.asked} answers to repeated questions differ, within the bounds`]
      : []),
  ];
  return remarks.join('; ');
}

/** A factor beyond this says only that the mode's own formula has almost no error there. */
const manyTimes = 1000;

/** The most forms of a row, and tensors of a form, that a remark names. */
const [mostForms, mostTensors] = [3, 3];

/** The first of some names, and how many more there are. */
const firstOf = (names: readonly string[], most: number, what = ''): string[] =>
  names.length <= most + 1 ? [...names] : [...names.slice(0, most), `and ${names.length - most} more${what}`];

/** Names the first forms in use, their tensors, and how many times less exact it is than the mode's own formula allows. */
function formRemarks(forms: CheckRow['forms']): string[] {
  const remarks = [...new Set(forms.map(({ says }) => says))].map((says) => {
    const uses = forms.filter((use) => use.says === says);
    const factor = uses.reduce((most, use) => Math.max(most, use.factor), 0);
    const howFar =
      factor < manyTimes
        ? `, with errors up to ${factor.toPrecision(2)} × those of the mode's own formula`
        : ", with errors far beyond those of the mode's own formula";
    const tensors = firstOf([...new Set(uses.map(({ tensor }) => tensor))], mostTensors);
    return `${tensors.join(', ')} right as ${says}${howFar}`;
  });
  return firstOf(remarks, mostForms, ' forms');
}

/** How a failure is told. */
export interface Telling {
  /** Says how to ask the backend again: the whole row, or one question. */
  readonly again: (row: RowKey, replay: Asked) => string;
  /** Other rows that fail alike. */
  readonly others?: readonly CheckRow[];
  /** Whether the first finding's question fails if it is asked alone; null if that is not known. */
  readonly isAlone?: boolean | null;
}

/** What to ask again. */
export interface Asked {
  readonly seed: number;
  /** The path of the question; the whole row without it. */
  readonly path?: string;
  /** How often to ask it, if not as usual. */
  readonly repeat?: number;
}

/** Formats the failures of a row, and how often each tensor is wrong. */
export function failureLines(row: CheckRow, { again: ask, others = [], isAlone = null }: Telling): string[] {
  const { operator, mode, dtype, finding, also } = row;
  if (finding === null || isFine(row)) return [];
  const again = (asked: Asked): string => ask(row, asked);
  return [
    `FAIL ${operator} ${mode} ${dtype}: ${finding.message}`,
    ...(others.length === 0 ? [] : [`  the same in: ${others.map((one) => `${one.mode} ${one.dtype}`).join(', ')}`]),
    ...unacceptedLines(row).map((line) => `  ${line}`),
    ...(often(row) === null ? [] : [`  ${often(row)}`]),
    ...findingLines(finding, again, isAlone),
    ...also.flatMap((one) => [
      `  where that is right, something else is wrong: ${one.message}`,
      ...findingLines(one, again, null).map((line) => `  ${line}`),
    ]),
  ];
}

/** Says in how many cases each tensor is wrong. */
function often({ cases, wrongIn }: CheckRow): string | null {
  const counts = Object.entries(wrongIn);
  if (cases < 2 || counts.length === 0) return null;
  return `in ${amount(cases, 'case')}, wrong: ${counts.map(([tensor, count]) => `${tensor} in ${count}`).join(', ')}; the rest is right`;
}

/** Formats a finding: its hints, its smallest case, places, standard error, and the command that repeats it. */
function findingLines(
  { kind, contrasts, hints, smallest, places, deviations, stderr, replay }: Finding,
  again: (asked: Asked) => string,
  isAlone: boolean | null,
): string[] {
  const { seed, path } = replay;
  const isWhole = isAlone === false || path === '';
  return [
    ...contrasts.map((one) => `  ${contrastText(one)}`),
    // questions about other cases tell nothing where an answer depends on those before
    ...(isAlone === false ? [] : hints.map((hint) => `  ${hint}`)),
    ...(isAlone === false ? [] : ['  the smallest case found:', ...caseLines(smallest).map((line) => `    ${line}`)]),
    ...section('where it is wrong in the first case that failed, which may be larger:', places),
    ...deviationLines(deviations),
    ...section(
      'its last lines on standard error:',
      stderr.map((line) => `| ${line}`),
    ),
    isAlone === false
      ? '  not reproducible alone: a new process answers this question rightly, so it depends on what was asked before; the whole row again:'
      : '  to ask it again:',
    `    ${again(isWhole ? { seed } : { seed, path, ...(kind === unsteady && { repeat: 300 }) })}`,
  ];
}

/** The most tensors whose deviations are listed. */
const mostDeviations = 4;

/** Says how far wrong tensors are off, as people measure it who know no bounds. */
function deviationLines(deviations: Finding['deviations']): string[] {
  if (deviations.length === 0) return [];
  const texts = deviations.map(
    ({ tensor, relativeRms, ulps }) => `${tensor} ${measure(relativeRms)} and ${measure(ulps)}`,
  );
  return [`  off there by, relative RMS and most ulp: ${firstOf(texts, mostDeviations).join('; ')}`];
}

/** A measure in few digits. */
export const measure = (x: number): string => {
  if (!Number.isFinite(x)) return '∞';
  return x >= 1e5 || (x > 0 && x < 1e-3) ? x.toExponential(1) : `${Number(x.toPrecision(2))}`;
};

const contrastText = ({ says, detail, tensors }: Contrast): string =>
  `${tensors.join(', ')}: ${says}${detail === undefined ? '' : ` (${detail})`}`;

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line}`)];

/** Formats settings, inputs and cotangents. Small tensors are shown with their numbers, tensors of zeros only named. */
function caseLines({ settings, inputs, cotangents, memory }: Case): string[] {
  const all = [named('in', inputs), named('cotangent', cotangents)].flat();
  const isZeros = ({ x }: (typeof all)[number]): boolean => x.data.every((value) => value === 0);
  const zeros = all.filter(isZeros);
  const listed = zeros.slice(0, mostNamed).map(({ name, x }) => `${name} [${x.shape.join(', ')}]`);
  const more = zeros.length > mostNamed ? [`${zeros.length - mostNamed} more`] : [];
  return [
    `settings ${text(settings)}`,
    ...(memory === 'strided' ? ['memory strided: the tensors are views'] : []),
    ...all.filter((one) => !isZeros(one)).map(({ name, x }) => `${name} [${x.shape.join(', ')}] = ${numbersOf(x)}`),
    ...(zeros.length === 0 ? [] : [`zeros: ${[...listed, ...more].join(', ')}`]),
  ];
}

const named = (kind: string, tensors: Case['inputs']): { readonly name: string; readonly x: Tensor }[] =>
  Object.entries(tensors).map(([name, x]) => ({ name: `${kind} ${name}`, x }));

/** The largest number of tensors of zeros to name, and of a tensor's numbers to show. */
const [mostNamed, mostNumbers] = [8, 24];

const numbersOf = (x: Tensor): string =>
  x.data.length <= mostNumbers ? text(toLists(x)) : (mostlyOne(x, text) ?? `${x.data.length} numbers, not shown`);

/** JSON, with the numbers that JSON lacks: NaN, ∞ and −0. */
function text(value: unknown): string {
  if (typeof value === 'number') return shown(value);
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${text(field)}`).join(',')}}`;
}
