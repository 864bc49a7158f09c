/** @file Primitives that work number by number. */
import { none } from '../../../tensor/primitive.ts';
import {
  byBits,
  byLadder,
  cos,
  erf,
  exp,
  expm1,
  log,
  phi,
  reciprocal,
  rsqrt,
  sigmoid,
  sin,
  softplus,
  type Text,
} from '../text/functions.ts';
import { fill } from '../values/numbers.ts';
import type { Rule, Rules } from './rule.ts';

/** A rule from the text of an expression of the operands. */
const each =
  (expression: (...xs: readonly string[]) => string): Rule<unknown> =>
  (tracer, xs) =>
    tracer.apply((args, y) => `const ${y} = ${expression(...args)};`, xs, 0.25);

/** A rule from statements that compute a function. */
const by =
  (text: Text, work: number): Rule<unknown> =>
  (tracer, xs) =>
    tracer.apply(([x], y) => text(x!, y, tracer.target.workgroups ? byBits : byLadder), xs, work);

export const elementwise = {
  add: each((x, y) => `${x} + ${y}`),
  mul: each((x, y) => `${x} * ${y}`),
  // the factor is an argument, not text: kernels are compiled once for all factors
  scale: (tracer, [x], { by: factor }, shape) =>
    each((a, c) => `${a} * ${c}`)(tracer, [x!, { shape, numbers: fill(factor) }], none, shape),
  abs: each((x) => `Math.abs(${x})`),
  sign: each((x) => `${x} > 0 ? 1 : (${x} < 0 ? 0 - 1 : ${x})`),
  equal: each((x, y) => `${x} === ${y} ? 1 : 0`),
  // x + y where neither is larger: NaN
  maximum: each((x, y) => `${x} > ${y} ? ${x} : (${y} >= ${x} ? ${y} : ${x} + ${y})`),
  minimum: each((x, y) => `${x} < ${y} ? ${x} : (${y} <= ${x} ? ${y} : ${x} + ${y})`),
  // not a product with the mask: 0 · NaN is NaN
  select: each((mask, x, y) => `${mask} !== 0 ? ${x} : ${y}`),
  exp: by(exp, 4),
  expm1: by(expm1, 5),
  log: by(log, 4),
  sin: by(sin, 4),
  cos: by(cos, 4),
  erf: by(erf, 6),
  reciprocal: by(reciprocal, 1),
  rsqrt: by(rsqrt, 1),
  sigmoid: by(sigmoid, 4),
  softplus: by(softplus, 6),
  phi: (tracer, xs, { order }, shape) => by(phi(order), 8)(tracer, xs, none, shape),
} satisfies Partial<Rules>;
