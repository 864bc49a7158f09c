/** @file Adds a matcher to vitest: `await expect(kernel).toBeRight('retention')`. Importing this file registers it. */

import { expect } from 'vitest';
import { type Dtype, dtypes } from '../oracle/backends/backend.ts';
import { type Kernel, kernels, openKernels } from '../oracle/backends/kernels.ts';
import { type CheckReport, check } from '../oracle/check/check.ts';
import { isPath } from '../oracle/check/questions/in-turn.ts';
import { type Asked, failureLines } from '../oracle/check/report.ts';
import { type CheckRow, isFine, type RowKey } from '../oracle/check/row.ts';
import { operators } from '../oracle/operators/index.ts';
import { fail } from '../tensor/errors.ts';
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
  interface Matchers<T> extends RightMatcher<T> {}
}

expect.extend({
  async toBeRight(run: unknown, operator: string, options: RightOptions = {}) {
    const { pass, text } = await judged(run, operator, options);
    return { pass, message: () => text };
  },
});

const shown = (x: unknown): string => (typeof x === 'string' ? JSON.stringify(x) : String(x));

/** The options that are numbers, with their least and largest values, as the command has them. */
const numbers = { cases: [1, 1e6], longest: [1, 4096], seed: [1, 2 ** 31 - 1], repeat: [1, 1000] } as const;

const known = [
  ...[...Object.keys(numbers), 'mode', 'dtype', 'path', 'backward', 'gradients', 'precision', 'form', 'domain'],
  ...['atomic', 'packed', 'padded'],
];

/** Throws on options that are misspelt, or have values that nothing can be asked with. */
function checkOptions(options: RightOptions): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!known.includes(name))
      fail(`toBeRight: there is no option '${name}'${didYouMean(name, known)}; known are ${known.join(', ')}`);
    const limits = numbers[name as keyof typeof numbers] as readonly [number, number] | undefined;
    if (limits !== undefined && !(Number.isInteger(value) && value >= limits[0] && value <= limits[1]))
      fail(`toBeRight: ${name} is ${shown(value)}; it is an integer from ${limits[0]} to ${limits[1]}`);
  }
  const { dtype = 'F32', backward, path } = options;
  if (!dtypes.includes(dtype))
    fail(`toBeRight: there is no type ${shown(dtype)}${didYouMean(dtype, dtypes)}; it is one of ${dtypes.join(', ')}`);
  if (backward !== undefined && typeof backward !== 'function')
    fail(`toBeRight: backward is ${shown(backward)}; it is a function of inputs, cotangents, settings and mode`);
  if (path !== undefined && !isPath(path)) fail(`toBeRight: ${shown(path)} is no path; copy it from a report`);
}

async function judged(run: unknown, name: string, options: RightOptions): Promise<{ pass: boolean; text: string }> {
  if (typeof run !== 'function') {
    const remedy = typeof (run as Partial<Kernel> | null)?.run === 'function' ? '; say expect(kernel.run)' : '';
    fail(`toBeRight: expect(…) holds no function, but ${shown(run)}${remedy}`);
  }
  checkOptions(options);
  const operator = operators.find((one) => one.name === name);
  if (operator === undefined) {
    const names = operators.map((one) => one.name);
    fail(`toBeRight: there is no operator '${name}'${didYouMean(name, names)}; it is one of ${names.join(', ')}`);
  }
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
    fail(`toBeRight: ${name} has no mode '${mode}'${didYouMean(mode, modes)}; it has ${modes.join(', ')}`);
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
  if (ok) return `${operator} ${mode} ${dtype} is right on ${cases} case${cases === 1 ? '' : 's'}`;
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
