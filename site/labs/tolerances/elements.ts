/** @file Computes elements of a product or a retention in an order of summation and a type, and the oracle's bounds on them. */
import { bounded, boundOf } from '../../../src/executors/bounded/index.ts';
import { profileFrom } from '../../../src/executors/profiles/declared.ts';
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../src/executors/rounded/index.ts';
import { type Order, orders } from '../../../src/executors/rounded/order.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { retention } from '../../../src/oracle/operators/retention/operator.ts';
import { evaluateOutputs, type Program } from '../../../src/oracle/program.ts';
import { read } from '../../../src/tensor/input.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { stored } from '../../../src/tensor/primitives/stored.ts';
import { rng } from '../../../src/tensor/random.ts';
import type { Executor } from '../../../src/tensor/value.ts';
import type { Controls, StateOf } from '../shared/controls.ts';

/** Rows and columns of the product; channels of keys and of values, and most tokens, of retention. */
const [rows, columns, keys, values, mostTokens] = [8, 16, 8, 4, 32];

/** The profiles that may be named: those of the oracle, and one whose sums are kept in 16 bits. */
const declared: Readonly<Record<string, unknown>> = { 'bf16-sums': { base: 'bf16-all', sum: 'bf16' } };

export const orderTexts: Readonly<Record<Order, string>> = {
  sequential: 'left to right',
  reversed: 'right to left',
  permuted: 'in random order',
  tree: 'pairwise',
  blocked: 'in blocks',
};

export const controls = {
  of: {
    label: 'computation',
    options: {
      product: 'matrix product',
      parallel: 'retention, parallel',
      chunkwise: 'retention, chunkwise',
      recurrent: 'retention, recurrent',
    },
    start: 'product',
  },
  n: {
    label: `summands, or tokens ≤ ${mostTokens}`,
    options: { 4: '4', 16: '16', 64: '64', 256: '256', 1024: '1,024' },
    start: '256',
  },
  order: { label: 'order of summation', options: orderTexts, start: 'sequential' },
  type: {
    label: 'computed in',
    options: { f32: 'f32', tf32: 'tf32', bf16: 'bf16', 'bf16-sums': 'bf16, sums too', f16: 'f16' },
    start: 'f32',
  },
  bound: {
    label: 'held against',
    options: { own: 'its own bound', f32: 'f32', tf32: 'tf32', bf16: 'bf16', 'bf16-all': 'bf16-all', f16: 'f16' },
    start: 'own',
  },
  values: {
    label: 'numbers',
    options: { normal: 'normal', positive: 'positive', cancel: 'sums that cancel' },
    start: 'normal',
  },
  seed: { label: 'seed', min: 1, max: 100, step: 1, start: 1 },
} as const satisfies Controls;

export type ToleranceState = StateOf<typeof controls>;

const profileNamed = (name: string): Profile => profileFrom(declared[name] ?? name);

/** Rounds to numbers of both profiles: twice, as rounding to the second may leave the first. */
const toBoth = (a: Profile, b: Profile, x: number): number => [a, b, a, b].reduce((y, { at }) => at.input.round(y), x);

/** Draws two matrices [rows, inner] and [columns, inner], whose rows are multiplied. */
function factors(state: ToleranceState, lengths: readonly [number, number], inner: number): [number[], number[]] {
  const random = rng(state.seed);
  const drawn = (): number => (state.values === 'positive' ? Math.abs(random.normal()) : random.normal());
  const [left, right] = lengths.map((length) => Array.from({ length: length * inner }, drawn)) as [number[], number[]];
  if (state.values === 'cancel') {
    // the second half of a sum takes the first half away, all but a thousandth of its first product
    const half = inner / 2;
    for (const [x, factor] of [
      [left, 1],
      [right, -1],
    ] as const)
      for (let i = 0; i < x.length; i++)
        if (i % inner >= half) x[i] = factor * x[i - half]! * (factor < 0 && i % inner === half ? 1 - 2 ** -7 : 1);
  }
  return [left, right];
}

/** A matrix product `a bᵀ` [i, j]. */
const product: Program = ({ a, b }) => ({ output: einsum('ik,jk->ij', a!, b!) });

/** The program and the case of a state; its numbers are inputs of both profiles. */
export function computation(
  state: ToleranceState,
  profiles: readonly [Profile, Profile],
): { program: Program; c: Case } {
  const tensor = (shape: readonly number[], data: readonly number[]) => ({
    shape,
    data: Float64Array.from(data, (x) => toBoth(...profiles, x)),
  });
  const rest = { cotangents: {}, seed: state.seed, values: 'normal' } as const;
  const n = Number(state.n);
  if (state.of === 'product') {
    const [a, b] = factors(state, [rows, columns], n);
    const inputs = { a: tensor([rows, n], a), b: tensor([columns, n], b) };
    return { program: product, c: { ...rest, inputs, settings: {} } };
  }
  const t = Math.min(n, mostTokens);
  const [q, k] = factors(state, [t, t], keys);
  const [v] = factors({ ...state, seed: state.seed + 1000 }, [t, 0], values);
  const inputs = {
    q: tensor([1, 1, t, keys], q),
    k: tensor([1, 1, t, keys], k),
    v: tensor([1, 1, t, values], v),
    state: tensor([1, 1, keys, values], new Array(keys * values).fill(0)),
  };
  const settings = { decay: [1 - 2 ** -5], chunkSize: 16, position: 0 };
  return { program: retention.modes[state.of]! as Program, c: { ...rest, inputs, settings } };
}

/** The elements of an output: its shape [row, column], the numbers in f64, their bounds, and the errors in each order. */
export interface Elements {
  readonly shape: readonly [number, number];
  readonly expected: Float64Array;
  readonly bounds: Float64Array;
  readonly errors: Readonly<Record<Order, Float64Array>>;
  /** The profile that computed, and that of the bounds. */
  readonly computed: Profile;
  readonly judge: Profile;
}

/**
 * The error of each element relative to its bound, in an order: 0 if it is exact, and NaN if there is no finite bound, so that nothing
 * can be compared.
 */
export const ratios = ({ errors, bounds }: Elements, order: Order): number[] =>
  Array.from(errors[order], (error, i) =>
    Number.isFinite(bounds[i]!) ? (error === 0 ? 0 : error / bounds[i]!) : Number.NaN,
  );

/** Computes a state: once with bounds, and once in each order. */
export function elements(state: ToleranceState): Elements {
  const computed = profileNamed(state.type);
  const judge = state.bound === 'own' ? computed : profileNamed(state.bound);
  const { program, c } = computation(state, [computed, judge]);
  // as the oracle does: a result is a number, which is then written in the format of outputs
  const right = evaluateOutputs(program, c, bounded(judge) as Executor, 'value').outputs.output!;
  const expected = read(right);
  const errors = orders.map((order) => {
    const on = rounded(computed, state.seed, { order, fused: true }) as Executor;
    const found = read(evaluateOutputs(program, c, on).outputs.output!);
    return [order, found.map((x, i) => Math.abs(x - expected[i]!))];
  });
  const [across, along] = right.shape.slice(-2) as [number, number];
  return {
    shape: [across, along],
    expected,
    bounds: boundOf(stored(right, 'output')),
    errors: Object.fromEntries(errors),
    computed,
    judge,
  };
}
