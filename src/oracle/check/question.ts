/** @file Cases to ask about: structure before values, always with something in the state and in every cotangent. */
import type * as fc from 'fast-check';
import { type Precision, snap } from '../../executors/bounded/index.ts';
import type { Dtype } from '../backends/backend.ts';
import type { Case, Tensor, Tensors } from '../case.ts';
import type { Operator } from '../operator.ts';
import { cases } from '../operators/draw.ts';
import { precisionOf } from './allowed.ts';

/** Cases of an operator whose numbers are numbers of a type. */
export const questionCases = (operator: Operator, dtype: Dtype, longest: number): fc.Arbitrary<Case> =>
  cases(operator, { longest }).map((c) => onGrid(withoutSilence(operator, c), precisionOf[dtype]));

/** A state or cotangent of zeros hides what is done with it: one number of it becomes 1. */
function withoutSilence(operator: Operator, c: Case): Case {
  const states = Object.values(operator.time?.states ?? {});
  const spoken = (x: Tensor): Tensor =>
    x.data.length === 0 || x.data.some((value) => value !== 0)
      ? x
      : { ...x, data: x.data.with(c.seed % x.data.length, 1) };
  const map = (tensors: Tensors, which: (name: string) => boolean): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, which(name) ? spoken(x) : x]));
  return { ...c, inputs: map(c.inputs, (name) => states.includes(name)), cotangents: map(c.cotangents, () => true) };
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

/** One case in so many may have axes of one length, which hide transpositions. */
const oneIn = 5;

/** Whether a case tells axes apart: in every tensor all lengths differ. A few of the others are asked about too. */
export function worthAsking({ inputs, seed }: Case): boolean {
  const isDistinct = ({ shape }: Tensor): boolean => new Set(shape).size === shape.length;
  return seed % oneIn === 0 || Object.entries(inputs).every(([name, x]) => name.startsWith('param') || isDistinct(x));
}
