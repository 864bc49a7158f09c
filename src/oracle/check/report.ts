/** @file Formats the result of a check: one line per row, and the smallest case with hints per failure. */
import { type Case, type Tensor, toLists } from '../case.ts';
import { type CheckRow, isFine, type Status } from './row.ts';
import { unsteady } from './smallest.ts';

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
    paint(gradients, gradients),
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
  waived,
  unsupported,
  cases,
  repeats,
  finding,
  rightAt,
  dtype,
  forms,
}: CheckRow): string {
  const remarks = [
    ...(finding === null ? [] : [finding.kind]),
    ...(finding === null && reason !== null && unsupported === 0 ? [reason] : []),
    ...notes,
    ...(gradientsLeftOut.length === 0 ? [] : [`gradients not offered: ${gradientsLeftOut.join(', ')}`]),
    ...waived.map(
      (one) => `waived: ${one.tensor} wrong in ${one.cases} case${one.cases === 1 ? '' : 's'} (${one.reason})`,
    ),
    ...(unsupported > 0 ? [`${unsupported} of ${unsupported + cases} cases unsupported: ${reason}`] : []),
    ...(finding === null && cases > 0 && rightAt !== dtype.toLowerCase() ? [`right at: ${rightAt}`] : []),
    ...(finding === null ? formRemarks(forms) : []),
    ...(finding === null && repeats.differed > 0
      ? [`${repeats.differed} of ${repeats.asked} answers to repeated questions differ, within the bounds`]
      : []),
  ];
  return remarks.join('; ');
}

/** Names each form in use, its tensors, and how many times less exact it is than the mode's own formula allows. */
function formRemarks(forms: CheckRow['forms']): string[] {
  return [...new Set(forms.map(({ says }) => says))].map((says) => {
    const uses = forms.filter((use) => use.says === says);
    const factor = uses.reduce((most, use) => Math.max(most, use.factor), 0);
    const howFar = Number.isFinite(factor) ? `, up to ${factor.toPrecision(2)} × less exact` : '';
    return `${uses.map(({ tensor }) => tensor).join(', ')} right as ${says}${howFar}`;
  });
}

/** Formats a failure: its smallest case, the hints, standard error, and the command that repeats it. */
export function failureLines(row: CheckRow, command: string): string[] {
  const { operator, mode, dtype, finding } = row;
  if (finding === null || isFine(row)) return [];
  const { kind, message, hints, smallest, stderr, replay } = finding;
  return [
    `FAIL ${operator} ${mode} ${dtype}: ${message}`,
    '  the smallest case found:',
    ...caseLines(smallest).map((line) => `    ${line}`),
    ...(hints.length === 0 ? [] : ['  where it is wrong in the first case that failed, which may be larger:']),
    ...hints.map((hint) => `    ${hint}`),
    ...(stderr.length === 0 ? [] : ['  its last lines on standard error:', ...stderr.map((line) => `    | ${line}`)]),
    '  to ask it again:',
    `    ${command} --operator ${operator} --mode ${mode} --dtype ${dtype} --seed ${replay.seed} --path ${replay.path}${kind === unsteady ? ' --repeat 300' : ''}`,
  ];
}

/** Formats settings, inputs and cotangents. Small tensors are shown with their numbers. */
function caseLines({ settings, inputs, cotangents, memory }: Case): string[] {
  const tensors = (kind: string, named: Case['inputs']): string[] =>
    Object.entries(named).map(([name, x]) => `${kind} ${name} [${x.shape.join(', ')}] = ${numbersOf(x)}`);
  return [
    `settings ${JSON.stringify(settings)}`,
    ...(memory === 'strided' ? ['memory strided: the tensors are views'] : []),
    ...tensors('in', inputs),
    ...tensors('cotangent', cotangents),
  ];
}

const mostNumbers = 24;

const numbersOf = (x: Tensor): string =>
  x.data.every((value) => value === 0)
    ? 'zeros'
    : x.data.length <= mostNumbers
      ? JSON.stringify(toLists(x))
      : `${x.data.length} numbers`;
