/** @file Draws the cases of questions. Each has a nonzero state and nonzero cotangents. */
import * as fc from 'fast-check';
import { type Precision, snap } from '../../executors/bounded/index.ts';
import { isState } from '../axes.ts';
import type { Dtype } from '../backends/backend.ts';
import { type Case, fill, type Tensor, type Tensors } from '../case.ts';
import { type Draw, draws, fewLayouts, tellsAxesApart } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { precisionOf } from './allowed.ts';

/** How many questions there are to be, and how long the sequences. */
export interface QuestionSize {
  readonly cases: number;
  readonly longest: number;
}

/** A layout is compiled for once and then used for about so many questions; a table has at least and at most so many. */
const [questionsALayout, fewest, most] = [16, 4, 40];
/** Compiled programs have their loops unrolled: of longer sequences they say little more, and take long to compile. */
const longestCompiled = 9;

/** What questions about an operator in a mode are drawn from: a few layouts only, where each costs a compilation. */
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
  onGrid(withoutSilence(operator, fill(layout, seed, values)), precisionOf[dtype]);

/** A state or cotangent of zeros hides what is done with it: one number of it becomes 1. */
function withoutSilence(operator: Operator, c: Case): Case {
  const spoken = (x: Tensor): Tensor =>
    x.data.length === 0 || x.data.some((value) => value !== 0)
      ? x
      : { ...x, data: x.data.with(c.seed % x.data.length, 1) };
  const map = (tensors: Tensors, which: (name: string) => boolean): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, which(name) ? spoken(x) : x]));
  return { ...c, inputs: map(c.inputs, (name) => isState(operator, name)), cotangents: map(c.cotangents, () => true) };
}

/** A case with its reals rounded to a precision. Throws where one leaves it. */
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

/** One draw in so many may have axes of one length, which hide transpositions. */
const oneIn = 5;

/** Whether a draw tells axes apart. A few of the others are asked about too. */
export const worthAsking = ({ layout, seed }: Draw): boolean => seed % oneIn === 0 || tellsAxesApart(layout);
