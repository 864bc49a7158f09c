/** @file Formats the result of a check: a line for each row, and for each failure the smallest case with hints. */
import { type Case, type Tensor, toLists } from '../case.ts';
import { type CheckRow, isFine, type Status } from './row.ts';

/** Colours a text by its status, or returns it as it is. */
export type Paint = (status: Status, text: string) => string;

const percent = (ratio: number): string =>
  ratio > 1 ? `${Number.isFinite(ratio) ? ratio.toPrecision(2) : '∞'} ×` : `${(100 * ratio).toPrecision(2)} %`;

/** The columns of a row. */
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

/** A row in these columns. */
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

/** Remarks on a row, in a few words. */
function remarkOf({ reason, unsupported, cases, varies, finding }: CheckRow): string {
  const remarks = [
    ...(finding === null ? [] : [finding.kind]),
    ...(finding === null && reason !== null && unsupported === 0 ? [reason] : []),
    ...(unsupported > 0 ? [`${unsupported} of ${unsupported + cases} cases unsupported: ${reason}`] : []),
    ...(varies ? ['answers to one question differ, within the bounds'] : []),
  ];
  return remarks.join('; ');
}

/** The smallest case of a failure, the places of its errors, what they resemble, and the command that asks it again. */
export function failureLines(row: CheckRow, command: string): string[] {
  const { operator, mode, dtype, finding } = row;
  if (finding === null || isFine(row)) return [];
  const { message, hints, smallest, stderr, replay } = finding;
  return [
    `FAIL ${operator} ${mode} ${dtype}: ${message}`,
    '  the smallest case found:',
    ...caseLines(smallest).map((line) => `    ${line}`),
    ...(hints.length === 0 ? [] : ['  where it is wrong in the first case that failed, which may be larger:']),
    ...hints.map((hint) => `    ${hint}`),
    ...(stderr.length === 0 ? [] : ['  its last lines on standard error:', ...stderr.map((line) => `    | ${line}`)]),
    '  to ask it again:',
    `    ${command} --operator ${operator} --mode ${mode} --dtype ${dtype} --seed ${replay.seed} --path ${replay.path}`,
  ];
}

/** Settings, inputs and cotangents, short ones with their numbers. */
function caseLines({ settings, inputs, cotangents }: Case): string[] {
  const tensors = (kind: string, named: Case['inputs']): string[] =>
    Object.entries(named).map(([name, x]) => `${kind} ${name} [${x.shape.join(', ')}] = ${numbersOf(x)}`);
  return [`settings ${JSON.stringify(settings)}`, ...tensors('in', inputs), ...tensors('cotangent', cotangents)];
}

const mostNumbers = 24;

const numbersOf = (x: Tensor): string =>
  x.data.every((value) => value === 0)
    ? 'zeros'
    : x.data.length <= mostNumbers
      ? JSON.stringify(toLists(x))
      : `${x.data.length} numbers`;
