/** @file Lists the files of a problem in the form of a benchmark. */
import { flashinferFiles } from './flashinfer.ts';
import { kernelBenchFile } from './kernelbench.ts';
import type { MadeProblem } from './problem.ts';

/** The benchmarks whose form a problem can have. */
export const benchmarks = ['kernelbench', 'flashinfer'] as const;

/** A benchmark. */
export type Benchmark = (typeof benchmarks)[number];

/** The files of a problem by their paths, with `problem.json`, which the adapter reads, and `workloads` workloads where the form has them. */
export const problemFiles = (
  benchmark: Benchmark,
  made: MadeProblem,
  workloads: number,
): Record<string, string | Uint8Array> => ({
  ...(benchmark === 'kernelbench' ? { 'problem.py': kernelBenchFile(made) } : flashinferFiles(made, workloads)),
  'problem.json': `${JSON.stringify({ as: benchmark, ...made.problem }, null, 1)}\n`,
});
