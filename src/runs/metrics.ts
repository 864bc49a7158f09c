/** @file Keeps the metrics of a run: a line of JSON for each step and validation. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileWhole, writing } from '../io/write-file.ts';
import { fail } from '../tensor/errors.ts';

/** A step, or a validation after it. */
export interface Metric {
  readonly step: number;
  /** Training loss before the update. */
  readonly loss?: number;
  /** Of a validation: mean of the training losses since the one before, by their tokens. */
  readonly training?: number;
  /** Loss on validation data. */
  readonly validation?: number;
  /** Right answers of a task among those asked in validation, and their share. */
  readonly right?: number;
  readonly asked?: number;
  readonly accuracy?: number;
  readonly rate?: number;
  readonly norm?: number;
  readonly tokens?: number;
  readonly seconds?: number;
  /** The loss or the norm of this step is NaN or infinite, and the run has ended before it. */
  readonly notFinite?: true;
}

const pathOf = (run: string): string => join(run, 'metrics.jsonl');

/** Adds metrics to a run. */
export const addMetrics = (run: string, metrics: readonly Metric[]): void =>
  writing(pathOf(run), () => appendFileSync(pathOf(run), metrics.map((one) => `${JSON.stringify(one)}\n`).join('')));

/** The metrics of a run, in order. A last line that a killed process has cut off is left out. */
export function metricsOf(run: string): Metric[] {
  if (!existsSync(pathOf(run))) return [];
  const lines = readFileSync(pathOf(run), 'utf8').split('\n');
  lines.pop();
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as Metric;
    } catch {
      return fail(`${pathOf(run)}: line ${i + 1} is not JSON; the file is damaged, remove the line`);
    }
  });
}

/** Removes the metrics that a run which continues after a step makes again: after step 0, the first validation too. */
export const cutMetrics = (run: string, step: number): void =>
  writeFileWhole(
    pathOf(run),
    metricsOf(run)
      .filter((one) => step > 0 && one.step <= step)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(''),
  );

/** Follows the mean of training losses, by their tokens, since the last validation among some metrics. It is null before a step. */
export function lossSinceValidation(before: readonly Metric[]): {
  add(step: Metric): void;
  mean(): number | null;
  restart(): void;
} {
  let [sum, tokens] = [0, 0];
  const add = ({ loss = 0, tokens: own = 0 }: Metric): void => {
    sum += loss * own;
    tokens += own;
  };
  for (const one of before.slice(before.findLastIndex((metric) => metric.validation !== undefined) + 1)) add(one);
  return {
    add,
    mean: () => (tokens === 0 ? null : sum / tokens),
    restart: () => {
      [sum, tokens] = [0, 0];
    },
  };
}
