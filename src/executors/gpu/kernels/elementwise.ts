/** @file Kernel rules of elementwise primitives: lazy expressions, fused into the kernels that use them. */
import { none } from '../../../tensor/primitive.ts';
import {
  type Arithmetic,
  byBits,
  byLadder,
  cos,
  div,
  erf,
  erfc,
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
import { hasNatives, type Target } from '../text/target.ts';
import { fill } from '../values/numbers.ts';
import { workOf } from '../values/work.ts';
import type { Rule, Rules } from './rule.ts';
import { sumOfProducts } from './shared-products.ts';

/** Makes a rule from an arithmetic expression of the operands, which is 0 where one of the first `factors` operands is. */
const each =
  (expression: (...xs: readonly string[]) => string, factors = 0): Rule<unknown> =>
  (fuser, xs) =>
    fuser.apply((args, y) => `const ${y} = ${expression(...args)};`, xs, workOf.arithmetic, factors);

const arithmeticOf = (target: Target): Arithmetic => ({
  scaled: hasNatives(target) ? byBits : byLadder,
  isExact: target.routines,
});

/** Makes a rule from the statements of an elementary function, and its cost in units of work. */
const by =
  (text: Text, work: number): Rule<unknown> =>
  (fuser, xs) =>
    fuser.apply(([x], y) => text(x!, y, arithmeticOf(fuser.target)), xs, work);

export const elementwise = {
  add: (fuser, xs, params, shape) =>
    sumOfProducts(fuser, xs[0]!.numbers, xs[1]!.numbers) ?? each((x, y) => `${x} + ${y}`)(fuser, xs, params, shape),
  mul: each((x, y) => `${x} * ${y}`, 2),
  // 0/0 too is 0 where a product leaves its place out: whether a divisor is 0 is not known here
  div: (fuser, xs) => fuser.apply(([x, y], q) => div(x!, y!, q!, arithmeticOf(fuser.target)), xs, workOf.div, 1),
  // the factor is an argument and not part of the text, so that all factors share one compiled kernel
  scale: (fuser, [x], { by: factor }, shape) =>
    each((a, c) => `${a} * ${c}`, 1)(fuser, [x!, { shape, numbers: fill(factor) }], none, shape),
  abs: each((x) => `Math.abs(${x})`),
  sign: each((x) => `${x} > 0 ? 1 : (${x} < 0 ? 0 - 1 : ${x})`),
  equal: each((x, y) => `${x} === ${y} ? 1 : 0`),
  // x + y where neither is larger, so that NaN propagates
  maximum: each((x, y) => `${x} > ${y} ? ${x} : (${y} >= ${x} ? ${y} : ${x} + ${y})`),
  minimum: each((x, y) => `${x} < ${y} ? ${x} : (${y} <= ${x} ? ${y} : ${x} + ${y})`),
  // not a product with the mask, as 0 · NaN is NaN
  select: each((mask, x, y) => `${mask} !== 0 ? ${x} : ${y}`),
  exp: by(exp, workOf.exp),
  expm1: by(expm1, workOf.expm1),
  log: by(log, workOf.log),
  sin: by(sin, workOf.sin),
  cos: by(cos, workOf.cos),
  erf: by(erf, workOf.erf),
  erfc: by(erfc, workOf.erfc),
  reciprocal: by(reciprocal, workOf.reciprocal),
  rsqrt: by(rsqrt, workOf.rsqrt),
  sigmoid: by(sigmoid, workOf.sigmoid),
  softplus: by(softplus, workOf.softplus),
  phi: (fuser, xs, { order }, shape) => by(phi(order), workOf.phi)(fuser, xs, none, shape),
} satisfies Partial<Rules>;
