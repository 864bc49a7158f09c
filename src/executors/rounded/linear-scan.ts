/** @file Computes linear scans in any bracketing: sequential, or by a tree as in a parallel (associative) scan. */
import type { LinearScanParams } from '../../tensor/primitives/linear-scan.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Arithmetic } from './order.ts';

/** The affine map `h ↦ a h + b` of consecutive tokens. */
interface Step {
  readonly a: number;
  readonly b: number;
}

/** Computes the states one after another, and stores each by `store` before it continues. */
export function storedScan(
  [a, b, h0]: readonly [Float64Array, Float64Array, Float64Array],
  { axis, reverse }: LinearScanParams,
  shape: Shape,
  arithmetic: Arithmetic,
  store: (x: number) => number,
): Float64Array {
  const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
  const states = new Float64Array(b.length);
  for (let channel = 0; channel < h0.length; channel++) {
    const first = Math.floor(channel / inner) * inner * length + (channel % inner);
    let h = h0[channel]!;
    for (let t = 0; t < length; t++) {
      const at = first + (reverse ? length - 1 - t : t) * inner;
      const steps = [
        { a: 0, b: h },
        { a: a[at]!, b: b[at]! },
      ];
      h = store(composed(steps, arithmetic).b);
      states[at] = h;
    }
  }
  return states;
}

/** Computes every `h_t` separately, by a tree of affine maps. The order of sums sets the bracketing. */
export function linearScan(
  [a, b, h0]: readonly [Float64Array, Float64Array, Float64Array],
  { axis, reverse }: LinearScanParams,
  shape: Shape,
  arithmetic: Arithmetic,
): Float64Array {
  const [inner, length] = [sizeOf(shape.slice(axis + 1)), shape[axis]!];
  return Float64Array.from({ length: b.length }, (_, at) => {
    const t = Math.floor(at / inner) % length;
    const count = reverse ? length - t : t + 1;
    const toNext = reverse ? -inner : inner;
    const channel = Math.floor(at / (inner * length)) * inner + (at % inner);
    const steps = Array.from({ length: count }, (_, j): Step => {
      const from = at - (count - 1 - j) * toNext;
      return { a: a[from]!, b: b[from]! };
    });
    // the initial state is a constant map
    return composed([{ a: 0, b: h0[channel]! }, ...steps], arithmetic).b;
  });
}

/** Composes affine maps, `h ↦ a₂ (a₁ h + b₁) + b₂`. {@link cut} chooses the bracketing. */
function composed(steps: readonly Step[], arithmetic: Arithmetic): Step {
  if (steps.length === 1) return steps[0]!;
  const { round, fused } = arithmetic;
  const at = cut(steps.length, arithmetic);
  const [first, second] = [composed(steps.slice(0, at), arithmetic), composed(steps.slice(at), arithmetic)];
  const product = second.a * first.b;
  return { a: round(second.a * first.a), b: round((fused ? product : round(product)) + second.b) };
}

/** Chooses where to split `count` steps: the length of the first part. */
function cut(count: number, { order, random }: Arithmetic): number {
  switch (order) {
    case 'sequential':
      return count - 1;
    case 'reversed':
      return 1;
    case 'tree':
      return Math.ceil(count / 2);
    default:
      return 1 + random.integer(count - 1);
  }
}
