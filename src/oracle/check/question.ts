/** @file Draws the cases of questions. */
import * as fc from 'fast-check';
import { type Profile, snap } from '../../executors/bounded/index.ts';
import type { Dtype } from '../backends/backend.ts';
import { type Case, fill, type Tensors } from '../case.ts';
import { type Draw, draws, fewLayouts, tellsAxesApart } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { profileOf } from './allowed.ts';
import { withZeros } from './zeros.ts';

/** The number of questions, and the length of the longest sequence. */
export interface QuestionSize {
  readonly cases: number;
  readonly longest: number;
}

/** The number of questions per compiled layout, and the fewest and most layouts to compile. */
const [questionsALayout, fewest, most] = [16, 4, 40];
/** The longest sequence for compiled programs. Loops are unrolled, so a longer one compiles slowly and tests little more. */
const longestCompiled = 9;

/** Draws questions about an operator in a mode. If the backend compiles per layout, uses only a few layouts. */
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

/** One question in this many has strided tensors. */
const stridedIn = 3;

/** Makes the case of a draw, with its numbers rounded to the type. Wide numbers have narrower range in F16, so that products fit. */
export function questionCase(operator: Operator, dtype: Dtype, { layout, seed, values }: Draw): Case {
  const c = withZeros(operator, layout, fill(layout, seed, values, dtype === 'F16' ? 10 : 20));
  return { ...onGrid(c, profileOf[dtype]), memory: seed % stridedIn === 0 ? 'strided' : 'contiguous' };
}

/** Rounds the real numbers of a case to the inputs of a profile. Throws if one overflows. */
function onGrid(c: Case, profile: Profile): Case {
  const map = (tensors: Tensors): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [
        name,
        x.kind === 'index' ? x : { ...x, data: snap(profile, x.data) },
      ]),
    );
  return { ...c, inputs: map(c.inputs), cotangents: map(c.cotangents) };
}

/** One draw in this many may have axes of equal length. Equal lengths hide transpositions. */
const oneIn = 5;

/** Whether to ask a draw: the lengths of its axes differ, or it is one of the few exceptions. */
export const worthAsking = ({ layout, seed }: Draw): boolean => seed % oneIn === 0 || tellsAxesApart(layout);
