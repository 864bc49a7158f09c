/** @file Scans of h_t = a_t h_{t−1} + b_t over one channel: token by token, and over the trees that kernels use. */
import type { Arithmetic } from './arithmetic.ts';

/** All states h_1 … h_T, from the state before. */
export type Scan = (a: Arithmetic, decays: Float64Array, drives: Float64Array, start: number) => Float64Array;

/** A part of the sequence: h ↦ a h + b. */
interface Step {
  readonly a: number;
  readonly b: number;
}

const combined = (a: Arithmetic, left: Step, right: Step): Step => ({
  a: a.mul(right.a, left.a),
  b: a.fma(right.a, left.b, right.b),
});

const stepsOf = (decays: Float64Array, drives: Float64Array): Step[] =>
  Array.from(decays, (decay, t) => ({ a: decay, b: drives[t]! }));

const after = (a: Arithmetic, steps: readonly Step[], start: number): Float64Array =>
  Float64Array.from(steps, (step) => a.fma(step.a, start, step.b));

/** Token by token. It may store each state, where the other scans keep theirs in registers. */
export const sequential: Scan = (a, decays, drives, start) => {
  let h = start;
  return decays.map((decay, t) => {
    h = a.state(a.fma(decay, h, drives[t]!));
    return h;
  });
};

/** Hillis and Steele: at each step every token takes in the one 1, 2, 4, … before it. */
export const doubling: Scan = (a, decays, drives, start) => {
  let steps = stepsOf(decays, drives);
  for (let by = 1; by < steps.length; by *= 2) {
    const before = steps;
    steps = before.map((step, t) => (t < by ? step : combined(a, before[t - by]!, step)));
  }
  return after(a, steps, start);
};

/** As `doubling`, with the start taken in by the first token. */
export const doublingFromStart: Scan = (a, decays, drives, start) => {
  const first = drives.map((drive, t) => (t === 0 ? a.fma(decays[0]!, start, drive) : drive));
  return doubling(a, decays, first, 0);
};

/** Blelloch: sums up a tree, and hands prefixes down it. */
export const upAndDown: Scan = (a, decays, drives, start) => {
  const own = stepsOf(decays, drives);
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, own.length)));
  const tree = [...own, ...new Array<Step>(size - own.length).fill({ a: 1, b: 0 })];
  for (let by = 1; by < size; by *= 2) {
    for (let t = 2 * by - 1; t < size; t += 2 * by) tree[t] = combined(a, tree[t - by]!, tree[t]!);
  }
  tree[size - 1] = { a: 1, b: 0 };
  for (let by = size / 2; by >= 1; by /= 2) {
    for (let t = 2 * by - 1; t < size; t += 2 * by) {
      const left = tree[t - by]!;
      tree[t - by] = tree[t]!;
      tree[t] = combined(a, tree[t]!, left);
    }
  }
  return after(
    a,
    own.map((step, t) => combined(a, tree[t]!, step)),
    start,
  );
};

/** Each worker scans four tokens; the workers' totals are scanned by doubling; each then takes in what is before it. */
export const byWorkers: Scan = (a, decays, drives, start) => {
  const parts: Step[][] = [];
  stepsOf(decays, drives).forEach((step, t) => {
    if (t % 4 === 0) parts.push([step]);
    else parts.at(-1)!.push(combined(a, parts.at(-1)!.at(-1)!, step));
  });
  const totals = parts.map((part) => part.at(-1)!);
  const ends = doubling(
    a,
    Float64Array.from(totals, (x) => x.a),
    Float64Array.from(totals, (x) => x.b),
    start,
  );
  return Float64Array.from(
    parts.flatMap((part, worker) => [...after(a, part, worker === 0 ? start : ends[worker - 1]!)]),
  );
};

/** The states and gradients of one channel. */
export interface Scanned {
  readonly h: Float64Array;
  /** The cotangent of each h_t, from all later tokens too. */
  readonly r: Float64Array;
  readonly dStart: number;
}

/** Scans forward, and backward from the cotangents of every state and of the last one. */
export function scanned(
  a: Arithmetic,
  scan: Scan,
  { decays, drives, start }: { readonly decays: Float64Array; readonly drives: Float64Array; readonly start: number },
  cotangents: Float64Array,
  last: number,
): Scanned {
  const h = scan(a, decays, drives, start);
  const length = decays.length;
  const later = decays.map((_, t) => (t === 0 ? 1 : decays[length - t]!));
  const r = scan(a, later, cotangents.toReversed(), last).toReversed();
  return { h, r, dStart: length === 0 ? last : a.mul(decays[0]!, r[0]!) };
}
