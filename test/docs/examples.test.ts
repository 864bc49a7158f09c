import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as gpu from '../../src/executors/gpu/index.ts';
import * as engine from '../../src/index.ts';
import * as models from '../../src/models/index.ts';
import * as nn from '../../src/nn/index.ts';
import * as training from '../../src/training/index.ts';

/** All public exports by name. An example prefers the exports of its own file. */
const library = { ...nn, ...models, ...training, ...gpu, ...engine };

const source = new URL('../../src/', import.meta.url);

/** An `@example` of a docstring: statements, then a last line `expression // expected`. */
interface Example {
  readonly file: string;
  readonly name: string;
  readonly lines: readonly string[];
}

/** The examples in the docstrings of a file's exported functions. */
function examplesIn(file: string): Example[] {
  const text = readFileSync(new URL(file, source), 'utf8');
  const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:const|(?:async )?function\*?) (\w+)/g;
  return [...text.matchAll(documented)].flatMap(([, docstring, name]) => {
    const [, example] = docstring!.split('@example');
    if (example === undefined) return [];
    const lines = example
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
      .filter((line) => line !== '');
    return [{ file, name: name!, lines }];
  });
}

const AsyncFunction = (async () => {}).constructor as new (
  ...text: string[]
) => (...given: unknown[]) => Promise<unknown>;

/** Evaluates statements and an expression with the names of `scope`. Both may await. */
function evaluate(lines: readonly string[], scope: Readonly<Record<string, unknown>>): Promise<unknown> {
  const body = [...lines.slice(0, -1), `return (${lines.at(-1)});`].join('\n');
  return new AsyncFunction(...Object.keys(scope), `'use strict';\n${body}`)(...Object.values(scope));
}

/** Compares values; typed arrays equal lists, and numbers may differ in the last digits. */
function same(found: unknown, expected: unknown, place: string): void {
  if (typeof expected === 'number' && typeof found === 'number' && Number.isFinite(expected)) {
    expect(Math.abs(found - expected), `${place} is ${found}, not ${expected}`).toBeLessThanOrEqual(
      1e-12 * Math.max(1, Math.abs(expected)),
    );
  } else if (Array.isArray(expected)) {
    const list = ArrayBuffer.isView(found) ? Array.from(found as Float64Array) : found;
    expect(Array.isArray(list) ? list.length : list, `the length of ${place}`).toBe(expected.length);
    expected.forEach((item, i) => {
      same((list as unknown[])[i], item, `${place}[${i}]`);
    });
  } else {
    expect(found, place).toEqual(expected);
  }
}

const examples = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .toSorted()
  .flatMap(examplesIn);

describe('the examples in docstrings', () => {
  it.each(examples)('of $name in $file', async ({ file, lines }) => {
    const last = lines.at(-1)!;
    const [, expression, expected] = /^(.*[^ ]) +\/\/ (.*)$/.exec(last) ?? [];
    expect(expected, `'${last}' must have the form: expression // expected`).toBeDefined();
    const own: Record<string, unknown> = await import(new URL(file, source).href);
    const scope = { ...library, ...own };
    same(
      await evaluate([...lines.slice(0, -1), expression!.replace(/;$/, '')], scope),
      await evaluate([expected!], scope),
      expression!,
    );
  });

  const functions = Object.entries(library).filter(([, x]) => typeof x === 'function' && !/^class\b/.test(`${x}`));

  it.each(functions.map(([name]) => name))('exist for %s', (name) => {
    expect(examples.map((example) => example.name)).toContain(name);
  });

  it('are compared strictly enough to fail', () => {
    expect(() => same(Float64Array.of(1, 2), [1, 3], 'x')).toThrow();
    expect(() => same(Float64Array.of(1, 2), [1], 'x')).toThrow();
    expect(() => same(1 + 1e-11, 1, 'x')).toThrow();
    expect(() => same(Number.NaN, 1, 'x')).toThrow();
    expect(() => same('index', 'real', 'x')).toThrow();
    expect(() => same(undefined, [], 'x')).toThrow();
    same(Float64Array.of(1, 0.1 + 0.2), [1, 0.3], 'x');
  });
});
