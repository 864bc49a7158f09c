/**
 * @file The rounded executor: a correct implementation in a precision that uses every freedom it has against us.
 *
 * Every primitive rounds its results. What correctness leaves open is drawn anew for each operation: the order of sums, fused
 * multiply-add or not, whether what underflows becomes 0, how far elementary functions and tables are off. Plain loops over
 * positions, on purpose unlike the f64 executor's: it is what bounds are tried on.
 */
import type { CausalConvolutionParams } from '../../tensor/primitives/causal-convolution.ts';
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';
import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import type { ScaleParams } from '../../tensor/primitives/scale.ts';
import type { ScatterAddParams } from '../../tensor/primitives/scatter-add.ts';
import type { SumParams } from '../../tensor/primitives/sum.ts';
import { rng } from '../../tensor/random.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Executor, Slack, Value } from '../../tensor/value.ts';
import type { Precision } from '../bounded/precision.ts';
import { f64 } from '../f64/index.ts';
import { convolutionByTransform, convolutionSummands } from './causal-convolution.ts';
import { isFunction, perturbed } from './functions.ts';
import { linearScan } from './linear-scan.ts';
import { type Arithmetic, addUp, orders, type Summand } from './order.ts';
import { einsumSummands, scatterSummands, sumSummands } from './summands.ts';

export { float32, float64 } from '../bounded/precision.ts';

type Numbers = Value<Float64Array>;

/**
 * An implementation in a precision; equal seeds compute alike. `fixed` holds some of its choices: an order of sums, fused or not.
 * @example
 * read(add(input(rounded(float32, 1), [1], [1]), 2 ** -30)) // [1]
 */
export function rounded(
  precision: Precision,
  seed: number,
  fixed: Partial<Pick<Arithmetic, 'order' | 'fused'>> = {},
): Executor<Float64Array> {
  const random = rng(seed);
  /** The choices of one operation. */
  const arithmetic = (): Arithmetic => ({
    round: rounder(precision, random.integer(2) === 0),
    fused: random.integer(2) === 0,
    order: orders[random.integer(orders.length)]!,
    random,
    ...fixed,
  });
  const self: Executor<Float64Array> = {
    name: `rounded ${precision.name}`,
    get root() {
      return self as Executor;
    },
    order: 0,
    open: true,
    input: (x) => x,
    constant: (x, _shape, slack) => table(precision, x, slack, arithmetic()),
    run: (primitive, xs, params, shape) =>
      compute(precision, primitive.name, xs as readonly Numbers[], params, shape, arithmetic()) ??
      f64.run(primitive, xs, params, shape),
    read: (x) => x,
  };
  return self;
}

/** Rounds to nearest; a number too small to be normal becomes 0 where the device flushes. */
function rounder({ round, tiny, u }: Precision, flushes: boolean): (x: number) => number {
  // what rounds to itself is double precision, whose subnormal numbers JavaScript keeps
  if (u === 2 ** -53) return (x) => x;
  return (x) => (Math.abs(x) >= tiny || flushes ? round(x) : Math.fround(x));
}

/** A table as another program would have made it: off by no more than its slack, its last rounding included. */
function table(
  precision: Precision,
  x: Float64Array,
  slack: Slack | undefined,
  { round, random }: Arithmetic,
): Float64Array {
  if (slack === undefined) return x.map((value) => round(value));
  return x.map((value, i) => {
    const room = precision.u * Math.max(0, slack(value, i) - Math.abs(value));
    return round(value + (2 * random.uniform() - 1) * room);
  });
}

/** A primitive's result; null where it computes nothing that is rounded. */
function compute(
  precision: Precision,
  name: string,
  xs: readonly Numbers[],
  params: unknown,
  shape: Shape,
  arithmetic: Arithmetic,
): Float64Array | null {
  const { round, random } = arithmetic;
  const [x, y, z] = xs.map(({ data }) => data) as [Float64Array, Float64Array, Float64Array];
  const sums = (summandsAt: (i: number) => Summand[]): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => addUp(summandsAt(i), arithmetic));
  if (isFunction(name)) return x.map((value) => perturbed(name, value, params, precision, arithmetic));
  switch (name) {
    case 'add':
      return x.map((value, i) => round(value + y[i]!));
    case 'mul':
      return x.map((value, i) => round(value * y[i]!));
    case 'scale': {
      // a literal rounded beforehand, or a division by its reciprocal
      const { by } = params as ScaleParams;
      const factor = random.integer(2) === 0 ? round(by) : by;
      return x.map((value) => round(value * factor));
    }
    case 'sum':
      return sums(sumSummands(xs[0]!, params as SumParams, shape));
    case 'einsum':
      return sums(einsumSummands(xs, params as EinsumParams, shape, arithmetic));
    case 'scatterAdd':
      return sums(scatterSummands(xs[0]!, xs[1]!, params as ScatterAddParams, shape));
    case 'linearScan':
      return linearScan([x, y, z], params as LinearScanParams, shape, arithmetic);
    case 'causalConvolution': {
      const of = params as CausalConvolutionParams;
      // a sum of products is a right way to compute either method
      if (of.method === 'direct' || random.integer(4) === 0) return sums(convolutionSummands(x, y, of, shape));
      return convolutionByTransform(x, y, of, shape, precision, arithmetic);
    }
    default:
      return null;
  }
}
