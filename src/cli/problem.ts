/** @file densessm problem: writes an operator as a problem of a benchmark, with a reference in PyTorch. */
import { dirname, resolve } from 'node:path';
import { namesIn, tryFolder, writeFolderWhole } from '../io/write-file.ts';
import type { Scalar } from '../oracle/domain/domain.ts';
import { operators } from '../oracle/operators/index.ts';
import { type Benchmark, problemFiles } from '../oracle/problems/files.ts';
import { type Asked, problemOf } from '../oracle/problems/problem.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import { say, sayJson, type Voice } from './console.ts';
import { madeOf } from './paths.ts';

/** What `problem` is asked for. */
export interface ProblemCommand extends Voice {
  readonly as: Benchmark;
  readonly out: string;
  readonly mode?: string;
  readonly dtype: Asked['dtype'];
  readonly axes?: Readonly<Record<string, number>>;
  readonly set?: Readonly<Record<string, Scalar>>;
  readonly seed: number;
  readonly workloads: number;
}

/** Writes the folder of a problem as a whole. Returns true. Throws where the folder is not empty, or cannot be written. */
export function problemCommand(name: string, command: ProblemCommand): boolean {
  const { as: benchmark, out, dtype, axes = {}, set = {}, seed, workloads, json, quiet } = command;
  const operator = operators.find((one) => one.name === name);
  if (operator === undefined) {
    const names = operators.map((one) => one.name);
    fail(`problem: there is no operator '${name}'${didYouMean(name, names)}; docs/operators.md lists them`);
  }
  const { mode = operator.reference } = command;
  const modes = Object.keys(operator.modes);
  if (!modes.includes(mode))
    fail(`problem: ${name} has no mode '${mode}'; modes are ${modes.join(', ')}${didYouMean(mode, modes)}`);
  if (namesIn(out).length > 0) fail(`${out}: is not empty; nothing is overwritten, give another folder`);
  tryFolder(madeOf(dirname(resolve(out))));
  const made = problemOf({ operator, mode, dtype, axes, settings: set, seed });
  const files = problemFiles(benchmark, made, workloads);
  writeFolderWhole(out, files);
  const names = Object.keys(files);
  const { problem } = made;
  if (json) sayJson('problem', { ok: true, folder: out, files: names, problem: { as: benchmark, ...problem } });
  else {
    const sizes = Object.entries(problem.domain.axes).map(([letter, length]) => `${letter} ${length}`);
    say(`${out}: ${name} as a problem of ${benchmark}, ${sizes.join(', ')}; ${names.length} files`);
    if (!quiet) {
      for (const file of names) say(`  ${file}`);
      say('to judge a kernel, in its file KERNEL.py:');
      say(`  npx densessm check --backend "python3 -m densessm_adapters.problem ${out} KERNEL.py"`);
    }
  }
  return true;
}
