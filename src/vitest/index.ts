/** @file Adds a matcher to vitest: `await expect(kernel).toBeRight('retention')`. Importing this file registers it. */
import { expect } from 'vitest';
import type { Dtype } from '../oracle/backends/backend.ts';
import { type Kernel, kernels, openKernels } from '../oracle/backends/kernels.ts';
import { type CheckReport, check } from '../oracle/check/check.ts';
import { type Asked, failureLines } from '../oracle/check/report.ts';
import { type CheckRow, isFine, type RowKey } from '../oracle/check/row.ts';
import { operators } from '../oracle/operators/index.ts';
import { InputError } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';

/** What is asked of a kernel, and what it declares. */
export interface RightOptions extends Partial<Omit<Kernel, 'run' | 'modes' | 'dtypes'>> {
  /** The mode whose error bounds hold; by default the mode that computes in the order of the definition. */
  readonly mode?: string;
  /** F32 by default. */
  readonly dtype?: Dtype;
  /** 100 by default. */
  readonly cases?: number;
  /** The longest sequence; by default it depends on the mode. */
  readonly longest?: number;
  readonly seed?: number;
  /** With the seed: repeats one question of a failure. */
  readonly path?: string;
  readonly repeat?: number;
}

interface RightMatcher<R> {
  /**
   * Asks a kernel about drawn cases of an operator and compares each number with its own error bound, as `densessm check` does. The
   * kernel is a function from inputs, settings and mode to outputs by name (`Kernel.run`). Throws on an unknown operator or mode.
   */
  toBeRight(operator: string, options?: RightOptions): Promise<R>;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the declaration that it extends has it
  interface Matchers<T = any> extends RightMatcher<T> {}
}

expect.extend({
  async toBeRight(run: unknown, operator: string, options: RightOptions = {}) {
    const { pass, text } = await judged(run, operator, options);
    return { pass, message: () => text };
  },
});

async function judged(run: unknown, name: string, options: RightOptions): Promise<{ pass: boolean; text: string }> {
  if (typeof run !== 'function') throw new InputError(`toBeRight: expect(…) holds no function, but ${run}`);
  const operator = operators.find((one) => one.name === name);
  const known = operators.map((one) => one.name);
  if (operator === undefined)
    throw new InputError(
      `toBeRight: there is no operator '${name}'${didYouMean(name, known)}; it is one of ${known.join(', ')}`,
    );
  const {
    mode = operator.reference,
    dtype = 'F32',
    cases = 100,
    seed = 1,
    longest,
    path,
    repeat,
    ...declared
  } = options;
  if (!Object.hasOwn(operator.modes, mode)) {
    const modes = Object.keys(operator.modes);
    throw new InputError(
      `toBeRight: ${name} has no mode '${mode}'${didYouMean(mode, modes)}; it has ${modes.join(', ')}`,
    );
  }
  const kernel: Kernel = { ...declared, modes: [mode], dtypes: [dtype], run: run as Kernel['run'] };
  const backend = await openKernels(kernels(run.name || 'the kernel', { [name]: kernel }));
  const report = await check(backend, {
    ...{ cases, seed, operators: [name], modes: [mode], dtypes: [dtype] },
    ...(longest !== undefined && { longest }),
    ...(path !== undefined && { path }),
    ...(repeat !== undefined && { repeat }),
  });
  return { pass: report.ok, text: textOf(report, options) };
}

/** Says why a kernel is wrong, or that it is right where a test expects that it is not. */
function textOf({ rows, problems, ok }: CheckReport, options: RightOptions): string {
  const [row] = rows as [CheckRow];
  const { operator, mode, dtype, cases } = row;
  if (ok) return `${operator} ${mode} ${dtype} is right on ${cases} cases`;
  const again = (_: RowKey, asked: Asked): string => {
    const { backward, ...rest } = options;
    const text = JSON.stringify({ ...rest, ...asked }).replace(/"(\w+)":/g, '$1:');
    return `await expect(kernel).toBeRight('${operator}', ${backward === undefined ? text : text.replace('{', '{backward,')})`;
  };
  if (!isFine(row)) return [...problems, ...failureLines(row, { again })].join('\n');
  return [
    ...problems,
    `${operator} ${mode} ${dtype}: ${row.outputs}: ${row.reason ?? 'not all cases were asked'}`,
  ].join('\n');
}
