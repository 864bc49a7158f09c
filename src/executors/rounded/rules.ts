/** @file Lists the rule of each primitive in rounded arithmetic, as a correct implementation may compute it. */
import type { ParamsOf, PrimitiveName } from '../../tensor/primitives/index.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { isCoarser } from '../profiles/format.ts';
import type { Profile } from '../profiles/profile.ts';
import { convolutionByTransform, convolutionSummands } from './causal-convolution.ts';
import { type FunctionName, functionNames, perturbed, quotient } from './functions.ts';
import { linearScan, storedScan } from './linear-scan.ts';
import { type Arithmetic, addUp } from './order.ts';
import { einsumSummands, scatterSummands, sumSummands } from './summands.ts';

export type Numbers = Value<Float64Array>;

/** Computes one operation, with the choices in `arithmetic`. */
export type Rule<P> = (
  xs: readonly Numbers[],
  params: P,
  shape: Shape,
  arithmetic: Arithmetic,
  profile: Profile,
) => Float64Array;

/** A rule, or `exact` for an operation that never rounds (movement, selection, comparison). The f64 executor computes those. */
type RuleOf<N extends PrimitiveName> = Rule<ParamsOf<N>> | 'exact';

/** A rule for each primitive. The compiler reports a missing rule. */
export type Rules = { readonly [N in PrimitiveName]: RuleOf<N> };

const functionRules = Object.fromEntries(
  functionNames.map((name): [FunctionName, Rule<unknown>] => [
    name,
    ([x], params, _shape, arithmetic, profile) =>
      x!.data.map((value) => perturbed(name, value, params, profile, arithmetic)),
  ]),
) as Readonly<Record<FunctionName, Rule<unknown>>>;

export const rules: Rules = {
  ...functionRules,
  abs: 'exact',
  add: ([x, y], _params, _shape, { round }) => x!.data.map((value, i) => round(value + y!.data[i]!)),
  broadcast: 'exact',
  causalConvolution([x, kernel], params, shape, arithmetic, profile) {
    const [a, b] = [x!.data, kernel!.data];
    // a correct implementation may compute either method as a sum of products
    if (params.method === 'direct' || arithmetic.random.integer(4) === 0)
      return addUp(sizeOf(shape), convolutionSummands(a, b, params, shape), arithmetic);
    return convolutionByTransform(a, b, params, shape, profile, arithmetic);
  },
  concat: 'exact',
  div: ([x, y], _params, _shape, arithmetic, profile) =>
    x!.data.map((value, i) => quotient(value, y!.data[i]!, profile, arithmetic)),
  einsum: (xs, params, shape, arithmetic) =>
    addUp(sizeOf(shape), einsumSummands(xs, params, shape, arithmetic), arithmetic),
  equal: 'exact',
  gather: 'exact',
  linearScan([a, b, state], params, shape, arithmetic, { at }) {
    const operands = [a!.data, b!.data, state!.data] as const;
    const format = at[params.role ?? 'sum'];
    if (!isCoarser(format, at.sum)) return linearScan(operands, params, shape, arithmetic);
    // states are stored after each token, or after the scan
    return arithmetic.random.integer(2) === 0
      ? storedScan(operands, params, shape, arithmetic, format.round)
      : linearScan(operands, params, shape, arithmetic).map(format.round);
  },
  maximum: 'exact',
  maxReduce: 'exact',
  minimum: 'exact',
  mul: ([x, y], _params, _shape, { round }) => x!.data.map((value, i) => round(value * y!.data[i]!)),
  pad: 'exact',
  reshape: 'exact',
  scale([x], { by }, _shape, { round, random }) {
    // the literal is rounded, or exact, as in a division by its reciprocal
    const factor = random.integer(2) === 0 ? round(by) : by;
    return x!.data.map((value) => round(value * factor));
  },
  scatterAdd: ([x, index], params, shape, arithmetic) =>
    addUp(sizeOf(shape), scatterSummands(x!, index!, params, shape), arithmetic),
  select: 'exact',
  sign: 'exact',
  site: 'exact',
  stored: 'exact',
  slice: 'exact',
  stopGradient: 'exact',
  sum: ([x], params, shape, arithmetic) => addUp(sizeOf(shape), sumSummands(x!, params, shape), arithmetic),
  transpose: 'exact',
};
