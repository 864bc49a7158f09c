/** @file Compares the gpu executor with f64, including gradients, within the computed bound of single precision. */
import * as fc from 'fast-check';
import { bounded, boundOf, float32, snap } from '../../../src/executors/bounded/index.ts';
import { f64 } from '../../../src/executors/f64/index.ts';
import type { Backend, Compiled, Slot } from '../../../src/executors/gpu/index.ts';
import { compileProgram, givenOf } from '../../../src/oracle/backends/gpu-program.ts';
import { type Case, fill, type Layout, type Tensors, type Values } from '../../../src/oracle/case.ts';
import { exactly, flawless, isRight, type Numbers, type Verdict, within, worse } from '../../../src/oracle/compare.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { asAnswered, type Evaluation, evaluate, type Program } from '../../../src/oracle/program.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { read } from '../../../src/tensor/input.ts';
import type { PrimitiveName } from '../../../src/tensor/primitives/index.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { table } from '../../support/primitives/table.ts';

/** A program with fixed shapes, to be compiled and compared. */
export interface Subject {
  readonly program: Program;
  readonly layout: Layout;
  /** Maps drawn numbers into the domain of the function. */
  readonly domain?: (x: number) => number;
}

/** The result of one or more comparisons. */
export interface Tally {
  readonly verdict: Verdict;
  readonly cases: number;
  readonly numbers: number;
  /** The count of numbers with a finite bound. Only these are compared. */
  readonly bounded: number;
}

const numbersOf = (evaluation: Evaluation, of: (x: Value) => Float64Array): Numbers =>
  Object.fromEntries(Object.entries(asAnswered(evaluation)).map(([name, x]) => [name, of(x)]));

/** Compiles a program and its gradient as one function; asserts that the backend runs it. */
export async function compileSubject({ program, layout }: Subject, backend: Backend): Promise<Compiled> {
  const inputs = Object.entries(layout.inputs).map(([name, { shape, below }]): [string, Slot] => [
    name,
    { shape, kind: below === undefined ? 'real' : 'index' },
  ]);
  const form = { ...layout, inputs: Object.fromEntries(inputs) };
  const compiled = await compileProgram(program, form, { gradients: true, backend });
  if (compiled.ran.backend !== backend) throw new Error(`${compiled.ran.backend} ran, not ${backend}`);
  return compiled;
}

/** Draws a case of a subject, with numbers rounded to single precision. */
export function caseOf({ layout, domain = (x) => x }: Subject, seed: number, values: Values): Case {
  const c = fill(layout, seed, values);
  const snapped = (tensors: Tensors, f: (x: number) => number): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [
        name,
        x.kind === 'index' ? x : { ...x, data: snap(float32, x.data.map(f)) },
      ]),
    );
  return { ...c, inputs: snapped(c.inputs, domain), cotangents: snapped(c.cotangents, (x) => x) };
}

/** Runs a compiled subject on a case and compares every output and gradient. */
export async function compare(compiled: Compiled, { program }: Subject, c: Case): Promise<Tally> {
  const found = await compiled(givenOf(c, true));
  const actual = Object.fromEntries(Object.entries(found).map(([name, x]) => [name, Float64Array.from(x)]));
  const expected = numbersOf(evaluate(program, c, f64), read);
  if (c.values === 'dyadic') {
    const count = Object.values(expected).reduce((sum, x) => sum + x.length, 0);
    return { verdict: exactly(actual, expected), cases: 1, numbers: count, bounded: count };
  }
  const bounds = numbersOf(evaluate(program, c, bounded(float32)), (x) => boundOf(x).slice());
  const all = Object.values(bounds).flatMap((x) => [...x]);
  // skip numbers with an infinite bound
  for (const [name, e] of Object.entries(bounds)) {
    e.forEach((bound, i) => {
      if (!Number.isFinite(bound)) actual[name]![i] = expected[name]![i] = e[i] = 0;
    });
  }
  return {
    verdict: within(actual, expected, (name, i) => bounds[name]![i]!),
    cases: 1,
    numbers: all.length,
    bounded: all.filter(Number.isFinite).length,
  };
}

export const noCases: Tally = { verdict: flawless, cases: 0, numbers: 0, bounded: 0 };

export const together = (a: Tally, b: Tally): Tally => ({
  verdict: worse(a.verdict, b.verdict),
  cases: a.cases + b.cases,
  numbers: a.numbers + b.numbers,
  bounded: a.bounded + b.bounded,
});

/** Compiles a subject and compares it on drawn cases. Throws on the first case that fails. */
export async function tryOn(
  backend: Backend,
  subject: Subject,
  runs: number,
  kinds: readonly Values[] = ['normal', 'sparse', 'wide'],
): Promise<Tally> {
  const compiled = await compileSubject(subject, backend);
  let tally = noCases;
  try {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(...kinds), async (seed, values) => {
        const one = await compare(compiled, subject, caseOf(subject, seed, values));
        tally = together(tally, one);
        if (!isRight(one.verdict)) throw new Error(`${one.verdict.where} (${one.verdict.ratio} of the bound)`);
      }),
      { numRuns: runs },
    );
  } finally {
    await compiled.dispose();
  }
  return tally;
}

/** Maps a drawn number into the domain where a primitive's result is finite in single precision. */
const domains: { readonly [N in PrimitiveName]?: (x: number) => number } = {
  exp: (x) => Math.max(-80, Math.min(80, x)),
  expm1: (x) => Math.min(80, x),
  phi: (x) => Math.min(80, x),
  log: (x) => Math.abs(x) + 2 ** -20,
  rsqrt: (x) => Math.abs(x) + 2 ** -20,
  reciprocal: (x) => (x === 0 ? 1 : x),
  div: (x) => (x === 0 ? 1 : x),
};

/** One program of at most `count` uses of a primitive. */
export function primitiveSubject(name: PrimitiveName, count: number): Subject {
  const uses = fc.sample(table[name].uses, { numRuns: count, seed: 1 });
  const operands = uses.flatMap((use, k) => use.operands.map(({ shape }, i) => [`${k}.${i}`, { shape }] as const));
  return {
    layout: {
      inputs: Object.fromEntries(operands),
      outputs: Object.fromEntries(uses.map((use, k) => [`${k}`, use.naive(...use.operands).shape])),
      settings: {},
    },
    program: (inputs) =>
      Object.fromEntries(uses.map((use, k) => [`${k}`, use.call(...use.operands.map((_, i) => inputs[`${k}.${i}`]!))])),
    domain: domains[name] ?? ((x) => x),
  };
}

/** Whether the dyadic law requires exact results of a mode. */
export function isExact({ operator, mode }: { operator: Operator; mode: string }): boolean {
  const { exact, spectral = [] } = operator.laws;
  return exact === true && !spectral.includes(mode);
}

/** Subjects of an operator in a mode, at up to `count` layouts that the mode admits. */
export function operatorSubjects(operator: Operator, mode: string, count: number, exact = false): Subject[] {
  return fc
    .sample(operator.layouts({ longest: 7, exact }), { numRuns: 6 * count, seed: 1 })
    .filter(({ settings }) => operator.admits(settings, mode))
    .slice(0, count)
    .map((layout) => ({ layout, program: operator.modes[mode]! }));
}

/** Returns the message of the InputError that a promise rejects with. Throws on another outcome. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw new Error(`not an InputError: ${error}`);
  return error.message;
}
