/** @file Primitives that work number by number. */
import { none } from '../../../tensor/primitive.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { fill, type Read } from '../numbers.ts';
import { cos, erf, exp, expm1, log, phi, reciprocal, rsqrt, sigmoid, sin, softplus, type Text } from './functions.ts';
import type { Rule, Rules } from './rule.ts';

/** A rule from the text of an expression of the operands at the thread's place. */
const each =
  (expression: (...xs: readonly string[]) => string): Rule<unknown> =>
  (launch, xs, _params, shape) =>
    launch(
      sizeOf(shape),
      xs.map(({ numbers }) => numbers),
      (...reads: readonly Read[]) => {
        // named, so that an operand is read once
        const names = reads.map((read, k) => `const x${k} = ${read('i')};`);
        return `${names.join(' ')} return ${expression(...reads.map((_, k) => `x${k}`))};`;
      },
    );

/** A rule from statements that compute a function. */
const by =
  (text: Text): Rule<unknown> =>
  (launch, [x], _params, shape) =>
    launch(sizeOf(shape), [x!.numbers], (read) => `const x = ${read!('i')};\n${text('x', 'y')}\nreturn y;`);

export const elementwise = {
  add: each((x, y) => `${x} + ${y}`),
  mul: each((x, y) => `${x} * ${y}`),
  // the factor is an argument, not text: kernels are compiled once for all factors
  scale: (launch, [x], { by: factor }, shape) =>
    launch(sizeOf(shape), [x!.numbers, fill(factor)], (a, c) => `return ${a!('i')} * ${c!('i')};`),
  abs: each((x) => `Math.abs(${x})`),
  sign: each((x) => `${x} > 0 ? 1 : (${x} < 0 ? 0 - 1 : ${x})`),
  equal: each((x, y) => `${x} === ${y} ? 1 : 0`),
  // x + y where neither is larger: NaN
  maximum: each((x, y) => `${x} > ${y} ? ${x} : (${y} >= ${x} ? ${y} : ${x} + ${y})`),
  minimum: each((x, y) => `${x} < ${y} ? ${x} : (${y} <= ${x} ? ${y} : ${x} + ${y})`),
  // not a product with the mask: 0 · NaN is NaN
  select: each((mask, x, y) => `${mask} !== 0 ? ${x} : ${y}`),
  exp: by(exp),
  expm1: by(expm1),
  log: by(log),
  sin: by(sin),
  cos: by(cos),
  erf: by(erf),
  reciprocal: by(reciprocal),
  rsqrt: by(rsqrt),
  sigmoid: by(sigmoid),
  softplus: by(softplus),
  phi: (launch, xs, { order }, shape) => by(phi(order))(launch, xs, none, shape),
} satisfies Partial<Rules>;
