/** @file Makes the JSON of a check: the report, its failures, and the question. Merge makes it of parts. */
import type { Acceptance } from '../oracle/check/acceptance-data.ts';
import { causesAcross } from '../oracle/check/causes/across.ts';
import type { CheckReport } from '../oracle/check/check.ts';
import type { CheckRow, Finding, RowKey } from '../oracle/check/row.ts';
import type { Failure } from './check-lines.ts';
import type { ShardData } from './shard.ts';

/** What was asked: it asks the same again. */
export interface AskedOfCheck {
  /** The version of densessm. */
  readonly densessm: string;
  /** The command without the options of rows and seed, to copy. */
  readonly command: string;
  /** All options of the command that decide what is asked, as words. */
  readonly options: readonly string[];
  readonly cases: number;
  readonly seed: number;
  /** The entries of accepted failures. */
  readonly accepted: readonly Acceptance[];
  /** Whether only some of the rows on offer were asked for. */
  readonly isNarrowed: boolean;
}

/** A failure for programs: the row that tells it, the rows that fail alike, and what its question gives alone; null if that is not known. */
export interface FailureData extends RowKey {
  readonly alike: readonly RowKey[];
  readonly failsAlone: boolean | null;
}

/** What check --json prints. */
export interface CheckData extends CheckReport {
  readonly asked: AskedOfCheck;
  readonly failures: readonly FailureData[];
  readonly causes?: readonly unknown[];
  readonly shard?: ShardData;
}

const keyOf = ({ operator, mode, dtype }: RowKey): RowKey => ({ operator, mode, dtype });

const asData = (failures: readonly Failure[]): FailureData[] =>
  failures.map(({ row, others, isAlone }) => ({ ...keyOf(row), alike: others.map(keyOf), failsAlone: isAlone }));

/** A row as JSON has it: a finding without the numbers of answers, which fill pages. */
const withoutNumbers = (row: CheckRow): object => {
  const without = ({ numbers: _, ...finding }: Finding): object => finding;
  return { ...row, finding: row.finding && without(row.finding), also: row.also.map(without) };
};

/** A report as `--json` prints it; with causes where rows went on past their first failures. */
export const checkData = (
  report: CheckReport,
  failures: readonly Failure[],
  asked: AskedOfCheck,
  goesOn: boolean,
): CheckData => ({
  ...report,
  asked,
  rows: report.rows.map(withoutNumbers) as CheckRow[],
  failures: asData(failures),
  ...(goesOn && { causes: causesAcross(report.rows) }),
});
