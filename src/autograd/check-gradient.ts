/** @file Checks a gradient against finite differences along one random direction. */
import { input, read } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { leavesOf, mapTree, type Tree, withLeaves } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import { extrapolatedDifference } from './difference.ts';
import { vjp } from './vjp.ts';

/** Options of a gradient check. */
export interface CheckOptions {
  /** Seed of the random numbers; 0 unless given. */
  readonly seed?: number;
  /** Numbers to perturb: all numbers of the inputs (the default), or a single one. */
  readonly direction?: 'dense' | 'one-hot';
}

/** Result of a check: one directional derivative computed in two ways, and their largest allowed difference. */
export interface GradientCheck {
  /** Derivative `⟨Jᵀu, w⟩`, from the tape. */
  readonly analytic: number;
  /** Derivative `⟨u, J w⟩`, from values of the function alone. */
  readonly numeric: number;
  /** Sum of the estimated error of the extrapolated difference and the round-off of the sums and of the inputs. */
  readonly tolerance: number;
  readonly ok: boolean;
}

/**
 * Compares the gradient of `f` at `xs` with finite differences by random projection: `⟨u, J w⟩ = ⟨Jᵀu, w⟩` for a random cotangent
 * `u` and a random direction `w`. A number changes by at most a sixteenth of its size, or of 2⁻⁶ if it is smaller, so positive
 * numbers stay positive. `f` must be smooth over that range. To check second derivatives, pass a gradient as `f`.
 * @example
 * checkGradient((x) => mul(x, x), tensor([1, 2])).ok // true
 */
export function checkGradient<X extends Tree, Y extends Tree>(
  f: (xs: X) => Y,
  xs: X,
  { seed = 0, direction = 'dense' }: CheckOptions = {},
): GradientCheck {
  const random = rng(seed);
  const points = numbersOf(xs);
  const w = directionFrom(points, direction, random);
  const { value, pullback } = vjp(f, xs);
  const u = mapTree(value, (y) => input(y.on.root, read(y).map(random.normal), y.shape));
  const weights = numbersOf(u);

  const analytic = projection(numbersOf(pullback(u)), w);
  const numeric = extrapolatedDifference((h) => {
    const near = perturbed(xs, points, w, h);
    const there = vjp(f, near);
    const { value, size } = projection(numbersOf(there.value), weights);
    // rounding the inputs alone changes the value by this much, even where its terms cancel
    const sensitivity = projection(numbersOf(there.pullback(u)), numbersOf(near));
    return { value, size: size + sensitivity.size };
  });
  const tolerance = numeric.error + 2 ** -46 * analytic.size;
  return {
    analytic: analytic.value,
    numeric: numeric.value,
    tolerance,
    ok: Math.abs(analytic.value - numeric.value) <= tolerance,
  };
}

const numbersOf = (tree: Tree): Float64Array[] => leavesOf(tree).map(read);

function directionFrom(points: readonly Float64Array[], direction: 'dense' | 'one-hot', random: Rng): Float64Array[] {
  const count = points.reduce((sum, { length }) => sum + length, 0);
  let left = direction === 'one-hot' && count > 0 ? random.integer(count) : -1;
  return points.map((point) =>
    point.map((x) => {
      const step = Math.max(2 ** -6, Math.abs(x));
      if (direction === 'one-hot') return left-- === 0 ? step : 0;
      return step * (2 * random.uniform() - 1);
    }),
  );
}

/** Computes `xs + h w`. */
function perturbed<X extends Tree>(xs: X, points: readonly Float64Array[], w: readonly Float64Array[], h: number): X {
  const step = (x: Value, at: number): Value =>
    input(
      x.on.root,
      points[at]!.map((p, i) => p + h * w[at]![i]!),
      x.shape,
    );
  return withLeaves(xs, leavesOf(xs).map(step));
}

/** Computes `⟨a, b⟩`, and the sum of the absolute values of its terms. */
function projection(a: readonly Float64Array[], b: readonly Float64Array[]): { value: number; size: number } {
  let value = 0;
  let size = 0;
  a.forEach((part, at) => {
    part.forEach((x, i) => {
      const term = x * b[at]![i]!;
      value += term;
      size += Math.abs(term);
    });
  });
  return { value, size };
}
