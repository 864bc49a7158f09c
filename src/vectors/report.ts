/** @file Formats a report of the vectors: cases, failures with their places, tensors not compared with reasons, totals. */
import { amount } from '../io/text.ts';
import type { CaseReport, Report } from './check.ts';
import type { TensorResult } from './compare.ts';

/** The whole report, a line per case, per failed tensor, per problem, per kind not covered, and a summary at the end. */
export function formatReport(report: Report): string {
  const covered = report.cases.filter(({ status }) => status !== 'not covered');
  return [
    ...covered.map(formatCase),
    ...section('failed', covered.flatMap(failureLines)),
    ...section('problems', [...report.problems, ...report.cases.flatMap(({ problems }) => problems)]),
    ...section('not compared, by the list of waivers', waiverLines(report)),
    ...section('not covered yet', notCoveredLines(report)),
    '',
    summary(report),
  ]
    .map(oneLine)
    .join('\n');
}

/** A titled list, if there is anything in it. */
const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];

/** Names come from foreign files: line breaks and escape sequences in them must not reach the terminal. */
const oneLine = (text: string): string => text.replace(/\p{Cc}/gu, '\u{fffd}');

/** One case on one line: outcome, name, tensors, the worst error as a share of the allowed one, time. */
export function formatCase({ status, family, name, tensors, problems, milliseconds }: CaseReport): string {
  const failed = count(tensors, 'failed');
  const compared = tensors.length - count(tensors, 'waived');
  const words = [
    status,
    `${family}/${name}`,
    failed > 0 ? `${failed} of ${amount(compared, 'tensor')} failed` : amount(compared, 'tensor'),
  ];
  const worst = worstOf(tensors);
  if (worst !== null) words.push(`worst error ${share(worst.worst)} allowed (${worst.name})`);
  if (problems.length > 0) words.push(amount(problems.length, 'problem'));
  words.push(`${milliseconds.toFixed(0)} ms`);
  return oneLine(words.join('  '));
}

/** The failures of a case: a line for each tensor with wrong numbers, and one for each other reason with its tensors. */
function failureLines({ family, name, tensors }: CaseReport): string[] {
  const where = `${family}/${name}`;
  const byReason = new Map<string, string[]>();
  const lines: string[] = [];
  for (const tensor of tensors) {
    if (tensor.status !== 'failed') continue;
    const name = tensor.mode === undefined ? tensor.name : `${tensor.name} (${tensor.mode})`;
    if (tensor.reason === undefined) lines.push(`${where} ${name}: ${numbers(tensor)}`);
    else byReason.set(tensor.reason, [...(byReason.get(tensor.reason) ?? []), name]);
  }
  for (const [reason, names] of byReason) lines.push(`${where} ${names.join(', ')}: ${reason}`);
  return lines;
}

function numbers({ at, expected, actual, allowed }: TensorResult): string {
  const error = Math.abs((actual ?? NaN) - (expected ?? NaN));
  return (
    `element [${(at ?? []).join(', ')}] is ${actual}, expected ${expected}; ` +
    `error ${error.toExponential(1)}, allowed ${(allowed ?? NaN).toExponential(1)}`
  );
}

function waiverLines({ cases }: Report): string[] {
  const byReason = new Map<string, number>();
  for (const { status, reason = '' } of cases.flatMap(({ tensors }) => tensors)) {
    if (status === 'waived') byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  }
  return [...byReason].map(([reason, tensors]) => `${amount(tensors, 'tensor')}: ${reason}`);
}

function notCoveredLines({ cases }: Report): string[] {
  const byKind = new Map<string, number>();
  for (const { isCovered, family, kind } of cases) {
    const what = kind === null ? family : `${family} (${kind})`;
    if (!isCovered) byKind.set(what, (byKind.get(what) ?? 0) + 1);
  }
  return [...byKind].map(([what, cases]) => `${what}: ${amount(cases, 'case')}`);
}

function summary({ cases, problems, ok }: Report): string {
  const of = (status: CaseReport['status']): number => cases.filter((one) => one.status === status).length;
  const tensors = cases.flatMap((one) => one.tensors);
  const trouble = problems.length + cases.reduce((sum, one) => sum + one.problems.length, 0);
  const seconds = cases.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
  const parts = [
    `${amount(of('passed'), 'case')} passed, ${of('failed')} failed, ${cases.filter((one) => !one.isCovered).length} not covered`,
    `${count(tensors, 'passed')} tensors passed, ${count(tensors, 'failed')} failed, ${count(tensors, 'waived')} waived`,
    amount(trouble, 'problem'),
    `${seconds.toFixed(1)} s`,
  ];
  const nothing = tensors.length === 0 && trouble === 0;
  const verdict = nothing ? 'NOTHING COMPARED' : ok ? 'PASSED' : 'FAILED';
  return `${verdict}: ${parts.join('; ')}`;
}

function worstOf(tensors: readonly TensorResult[]): TensorResult | null {
  let worst: TensorResult | null = null;
  for (const tensor of tensors) {
    if (tensor.at !== null && (worst === null || tensor.worst > worst.worst)) worst = tensor;
  }
  return worst;
}

const count = (tensors: readonly TensorResult[], status: TensorResult['status']): number =>
  tensors.filter((one) => one.status === status).length;

/** An error as a share of the allowed one: `0.3 % of the`, `12 × the`. */
function share(ratio: number): string {
  if (ratio > 1) return `${Number.isFinite(ratio) ? ratio.toPrecision(2) : '∞'} × the`;
  return `${(100 * ratio).toPrecision(2)} % of the`;
}
