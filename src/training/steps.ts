/** @file Builds training steps as one function of values: forward, backward, clipping, AdamW. One call runs several steps. */
import { valueAndGrad } from '../autograd/vjp.ts';
import { fail } from '../tensor/errors.ts';
import { at, stack } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Kind, Value } from '../tensor/value.ts';
import { type AdamW, adamW, stepFactors } from './adamw.ts';
import { clipByGlobalNorm } from './clip.ts';
import { type Shapes, sizeOfAll, unflatten } from './flat.ts';

/** Shape and kind of one input of a batch. */
export interface BatchSlot {
  readonly shape: Shape;
  readonly kind?: Kind;
}

/** A training problem and its settings. */
export interface Training<T extends Tree> {
  readonly shapes: Shapes;
  /** Inputs of one batch by name. The names params, first, second and factors are taken. */
  readonly batch: Readonly<Record<string, BatchSlot>>;
  /** Computes the loss of the parameters on a batch: one number. */
  loss(params: T, batch: Readonly<Record<string, Value>>): Value;
  readonly optimizer: Omit<AdamW, 'weightDecay'> & { readonly weightDecay: number };
  /** Largest global norm of a gradient; no limit unless given. */
  readonly clip?: number;
  /** Steps per call; 1 unless given. */
  readonly steps?: number;
  /** Batches per step; 1 unless given. Their gradients are averaged. */
  readonly accumulate?: number;
}

/** Training steps, ready to compile: `compile(equation, inputs, { keep })`. */
export interface Steps {
  /**
   * Inputs are `params`, `first`, `second` [P], `factors` [K, 3] from {@link factorsOf}, and each input of the batch [K, A, …].
   * Results are the first three after K steps, and `losses` [K]. Each loss is the mean over the step's A batches, before the
   * update.
   */
  equation(inputs: Readonly<Record<string, Value>>): Record<string, Value>;
  readonly inputs: Readonly<Record<string, BatchSlot>>;
  /** Maps each input to the result that it takes in the next call. */
  readonly keep: Readonly<Record<string, string>>;
}

/**
 * Builds K training steps on K · A batches. Throws on a count that is not an integer ≥ 1, and on a batch input whose name is taken.
 * @example
 * const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 };
 * const loss = ({ w }, { x }) => sum(mul(w, x));
 * trainingSteps({ shapes: { w: [3] }, batch: { x: { shape: [3] } }, loss, optimizer, steps: 2 }).inputs.x.shape // [2, 1, 3]
 */
export function trainingSteps<T extends Tree>(training: Training<T>): Steps {
  const { shapes, batch, loss, optimizer, clip, steps = 1, accumulate = 1 } = training;
  for (const [name, count] of Object.entries({ steps, accumulate })) {
    if (!Number.isInteger(count) || count < 1) fail(`trainingSteps: ${name} is ${count}; it is an integer ≥ 1`);
  }
  const taken = ['params', 'first', 'second', 'factors'].find((name) => Object.hasOwn(batch, name));
  if (taken !== undefined) fail(`trainingSteps: a batch has an input ${taken}; that name is taken, so choose another`);
  const list = [sizeOfAll(shapes)];

  const equation = (inputs: Readonly<Record<string, Value>>): Record<string, Value> => {
    let state = { params: inputs.params!, first: inputs.first!, second: inputs.second! };
    const losses: Value[] = [];
    for (let k = 0; k < steps; k++) {
      const { value, gradient } = accumulated(accumulate, (a) =>
        valueAndGrad((params) => loss(unflatten<T>(params, shapes), batchAt(inputs, batch, k, a)), state.params),
      );
      losses.push(reshape(value, []));
      const [rate, firstCorrection, secondCorrection] = [0, 1, 2].map((i) => at(at(inputs.factors!, 0, k), 0, i));
      const factors = { rate: rate!, firstCorrection: firstCorrection!, secondCorrection: secondCorrection! };
      state = adamW(state, clip === undefined ? gradient : clipByGlobalNorm(gradient, clip), factors, optimizer);
    }
    return { ...state, losses: stack(losses, 0) };
  };
  const batches = Object.entries(batch).map(([name, slot]) => [
    name,
    { ...slot, shape: [steps, accumulate, ...slot.shape] },
  ]);
  return {
    equation,
    inputs: {
      params: { shape: list },
      first: { shape: list },
      second: { shape: list },
      factors: { shape: [steps, 3] },
      ...Object.fromEntries(batches),
    },
    keep: { params: 'params', first: 'first', second: 'second' },
  };
}

/** Computes the mean loss and gradient of `count` batches (gradient accumulation). */
function accumulated(
  count: number,
  of: (a: number) => { value: Value; gradient: Value },
): { value: Value; gradient: Value } {
  let total = of(0);
  for (let a = 1; a < count; a++) {
    const next = of(a);
    total = { value: add(total.value, next.value), gradient: add(total.gradient, next.gradient) };
  }
  return count === 1 ? total : { value: scale(total.value, 1 / count), gradient: scale(total.gradient, 1 / count) };
}

const batchAt = (
  inputs: Readonly<Record<string, Value>>,
  batch: Readonly<Record<string, BatchSlot>>,
  k: number,
  a: number,
): Record<string, Value> =>
  Object.fromEntries(Object.keys(batch).map((name) => [name, at(at(inputs[name]!, 0, k), 0, a)]));

/**
 * Computes the factors of `count` steps from step `first` on (counted from 1), row-major [count, 3], with the rates of a schedule.
 * @example
 * factorsOf({ beta1: 0.5, beta2: 0.75 }, () => 0.25, 1, 1) // [0.25, 2, 4]
 */
export function factorsOf(
  rule: Pick<AdamW, 'beta1' | 'beta2'>,
  schedule: (step: number) => number,
  first: number,
  count: number,
): Float64Array {
  const rows = Array.from({ length: count }, (_, k) => stepFactors(rule, first + k, schedule(first + k)));
  return Float64Array.from(rows.flatMap((row) => [row.rate, row.firstCorrection, row.secondCorrection]));
}
