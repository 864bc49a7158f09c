/** @file Draws the cases of questions. Each has a nonzero state and nonzero cotangents. */
import * as fc from 'fast-check';
import { type Precision, snap } from '../../executors/bounded/index.ts';
import { isState } from '../axes.ts';
import type { Dtype } from '../backends/backend.ts';
import { type Case, fill, type Tensor, type Tensors } from '../case.ts';
import { type Draw, draws, fewLayouts, tellsAxesApart } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { precisionOf } from './allowed.ts';

/** The number of questions, and the longest sequence. */
export interface QuestionSize {
  readonly cases: number;
  readonly longest: number;
}

/** The number of questions for each compiled layout, and the least and most layouts of a table. */
const [questionsALayout, fewest, most] = [16, 4, 40];
/** The longest sequence for compiled programs. Their loops are unrolled, so longer ones take long to compile and show little more. */
const longestCompiled = 9;

/** Draws questions about an operator in a mode, from a few layouts only where each costs a compilation. */
export function questionDraws(
  operator: Operator,
  mode: string,
  { cases, longest }: QuestionSize,
  { compiles }: { readonly compiles: boolean },
): fc.Arbitrary<Draw> {
  if (!compiles) return draws(operator, { longest });
  const count = Math.min(most, Math.max(fewest, Math.ceil(cases / questionsALayout)));
  const size = { longest: Math.min(longest, longestCompiled) };
  return draws(operator, size, undefined, fc.constantFrom(...fewLayouts(operator, mode, size, count)));
}

/** The case of a draw, whose numbers are numbers of a type. */
export const questionCase = (operator: Operator, dtype: Dtype, { layout, seed, values }: Draw): Case =>
  onGrid(withNonzeros(operator, fill(layout, seed, values)), precisionOf[dtype]);

/** Puts a 1 into a state or cotangent of zeros, which would hide its use. */
function withNonzeros(operator: Operator, c: Case): Case {
  const nonzero = (x: Tensor): Tensor =>
    x.data.length === 0 || x.data.some((value) => value !== 0)
      ? x
      : { ...x, data: x.data.with(c.seed % x.data.length, 1) };
  const map = (tensors: Tensors, which: (name: string) => boolean): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, which(name) ? nonzero(x) : x]));
  return { ...c, inputs: map(c.inputs, (name) => isState(operator, name)), cotangents: map(c.cotangents, () => true) };
}

/** Rounds the reals of a case to a precision. Throws where one overflows. */
function onGrid(c: Case, precision: Precision): Case {
  const map = (tensors: Tensors): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [
        name,
        x.kind === 'index' ? x : { ...x, data: snap(precision, x.data) },
      ]),
    );
  return { ...c, inputs: map(c.inputs), cotangents: map(c.cotangents) };
}

/** One draw in so many may have axes of equal length, which hide transpositions. */
const oneIn = 5;

/** Whether a draw is asked: it tells axes apart, or is one of a few others. */
export const worthAsking = ({ layout, seed }: Draw): boolean => seed % oneIn === 0 || tellsAxesApart(layout);
