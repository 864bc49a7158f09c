/** @file Starts small Python backends with the adapter, and asks them. Ends them after each test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Answer, Backend, Question } from '../../src/oracle/backends/backend.ts';
import { openProcess } from '../../src/oracle/backends/process.ts';
import type { Tensors } from '../../src/oracle/case.ts';
import { check } from '../../src/oracle/check/check.ts';
import type { Library } from '../support/python.ts';
import { root } from '../support/root.ts';

/** The folder of the adapter and its examples. */
export const folder = join(root, 'adapters/python');
/** A folder for the files of the tests. Files in one worker share it, so it goes when the worker does. */
export const scratch = mkdtempSync(join(tmpdir(), 'adapter-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const open: Backend[] = [];
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});

/** Opens a backend for one test. */
export const keep = async (opening: Promise<Backend>): Promise<Backend> => {
  const backend = await opening;
  open.push(backend);
  return backend;
};

/** Writes a program to a file. Returns a command that runs it with the adapter in its path. */
export function commandOf(python: string, program: string): string {
  const path = join(scratch, `${Math.random()}.py`);
  writeFileSync(path, program);
  return `PYTHONPATH=${folder} ${python} ${path}`;
}

/** A backend with one operator, `twice`, whose function has the given body. */
export const twice = (body: string, options = '', before = '', library: Library = 'numpy'): string => `
import numpy as np
from densessm_backend import Backend, Unsupported
backend = Backend('small', library='${library}')
${before}
@backend.operator('twice', modes=['only']${options})
def twice(inputs, settings, mode):
    ${body}
backend.run()
`;

/** The body of a right function. */
export const right = "return {'y': inputs['x'] * 2}";

/** A vector. */
export const numbers = (...data: number[]) => ({ shape: [data.length], data: Float64Array.from(data) });

/** Asks `twice` about the numbers 1 and 2. */
export const question = (more: Partial<Question> = {}, inputs: Tensors = { x: numbers(1, 2) }): Question => ({
  operator: 'twice',
  mode: 'only',
  dtype: 'F32',
  gradients: false,
  c: { inputs, cotangents: { y: numbers(3, 5) }, settings: {}, seed: 1, values: 'normal' },
  ...more,
});

/** The numbers of an answer, by name. Throws on any other kind of answer. */
export function numbersOf(answer: Answer): Record<string, number[]> {
  if (answer.kind !== 'numbers') throw new Error(JSON.stringify(answer));
  return Object.fromEntries([...answer.tensors].map(([name, { data }]) => [name, [...data]]));
}

/** The types and shapes of an answer, by name. */
export const formsOf = (answer: Answer): Record<string, string> =>
  answer.kind !== 'numbers'
    ? {}
    : Object.fromEntries([...answer.tensors].map(([name, { dtype, shape }]) => [name, `${dtype} [${shape}]`]));

/** The failure that an answer is, or null. */
export const failureOf = (answer: Answer) => (answer.kind === 'failure' ? answer.failure : null);

/** Expects that a check of a backend has `rows` supported rows and that all of them pass. */
export async function passes(command: string, rows: number): Promise<void> {
  const backend = await keep(openProcess(command));
  const report = await check(backend, { cases: 25, longest: 17, seed: 5 });
  const asked = report.rows.filter(({ outputs }) => outputs !== 'UNSUPPORTED');
  expect(report.problems).toEqual([]);
  expect(asked.filter(({ outputs, gradients }) => outputs !== 'PASS' || gradients !== 'PASS')).toEqual([]);
  expect(asked).toHaveLength(rows);
}
