/** @file Builds training steps as one function of values: forward, backward, clipping, AdamW. One call runs several steps. */
import { valueAndGrad } from '../autograd/vjp.ts';
import { fail } from '../tensor/errors.ts';
import { read } from '../tensor/input.ts';
import { at, stack } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { div } from '../tensor/primitives/div.ts';
import { equal } from '../tensor/primitives/equal.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { select } from '../tensor/primitives/select.ts';
import { sum } from '../tensor/primitives/sum.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Kind, Value } from '../tensor/value.ts';
import { type AdamW, type AdamWState, adamW, stepFactors } from './adamw.ts';
import { clipped, globalNorm } from './clip.ts';
import { flatDecay, type WeightDecay } from './decay.ts';
import { type Shapes, sizeOfAll, unflatten } from './flat.ts';

/** Shape and kind of one input of a batch. */
export interface BatchSlot {
  readonly shape: Shape;
  readonly kind?: Kind;
}

/** Input of a program. Its `check` runs on the numbers before each call of a compiled function, and throws what is wrong with them. */
export interface StepSlot extends BatchSlot {
  check?(numbers: ArrayLike<number>): void;
}

/** A training problem and its settings. */
export interface Training<T extends Tree> {
  readonly shapes: Shapes;
  /** Inputs of one batch by name. The names params, first, second and factors are taken. */
  readonly batch: Readonly<Record<string, BatchSlot>>;
  /**
   * Computes the loss of the parameters on a batch: one number. With `weights` it is `Σ w ℓ` over the positions of the batch, else
   * their mean.
   */
  loss(params: T, batch: Readonly<Record<string, Value>>): Value;
  /**
   * Name of the input that holds the weights of positions, 0 where a label is ignored. They reach `loss` divided by their sum over
   * all batches of the step, so that accumulation equals one large batch, whichever positions count. Without it each batch counts the
   * same.
   */
  readonly weights?: string;
  readonly optimizer: Omit<AdamW, 'weightDecay'> & { readonly weightDecay: WeightDecay };
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
   * Results are the first three after K steps, `losses` [K], and `norms` [K] of the gradients before clipping. Each loss is the mean
   * over the step's A batches, before the update. At a loss or norm that is not finite the parameters and moments stay as they are,
   * to the end of the call.
   */
  equation(inputs: Readonly<Record<string, Value>>): Record<string, Value>;
  readonly inputs: Readonly<Record<string, StepSlot>>;
  /** Maps each input to the result that it takes in the next call. */
  readonly keep: Readonly<Record<string, string>>;
}

type Inputs = Readonly<Record<string, Value>>;

/**
 * Builds K training steps on K · A batches. Throws on a count that is not an integer ≥ 1, on a batch input whose name is taken, and on
 * `weights` that are no input. Its program throws, before it runs, where the weights of a step sum to 0.
 * @example
 * const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 };
 * const loss = ({ w }, { x }) => sum(mul(w, x));
 * trainingSteps({ shapes: { w: [3] }, batch: { x: { shape: [3] } }, loss, optimizer, steps: 2 }).inputs.x.shape // [2, 1, 3]
 */
export function trainingSteps<T extends Tree>(training: Training<T>): Steps {
  checkTraining(training);
  const { shapes, batch, loss, weights, optimizer, clip, steps = 1, accumulate = 1 } = training;
  const list = [sizeOfAll(shapes)];
  const check = (numbers: ArrayLike<number>): void => checkWeights(weights!, numbers, steps);

  const equation = (inputs: Inputs): Record<string, Value> => {
    if (weights !== undefined && isReadable(inputs[weights]!)) check(read(inputs[weights]!));
    const decay = flatDecay(inputs.params!, shapes, optimizer.weightDecay);
    let state: AdamWState<Value> = { params: inputs.params!, first: inputs.first!, second: inputs.second! };
    let areAllFinite: Value | undefined;
    const losses: Value[] = [];
    const norms: Value[] = [];
    for (let k = 0; k < steps; k++) {
      const batches = batchesOfStep(training, stepOf(inputs, batch, k), accumulate);
      const { value, gradient } = accumulated(accumulate, weights === undefined, (a) =>
        valueAndGrad((params) => loss(unflatten<T>(params, shapes), batches[a]!), state.params),
      );
      const cut = clip === undefined ? { gradient, norm: globalNorm(gradient) } : clipped(gradient, clip);
      losses.push(reshape(value, []));
      norms.push(cut.norm);
      const finite = areFinite(losses.at(-1)!, cut.norm);
      areAllFinite = areAllFinite === undefined ? finite : mul(areAllFinite, finite);
      const rule = { ...optimizer, weightDecay: decay };
      const allFinite = areAllFinite;
      state = adamW(state, cut.gradient, factorsAt(inputs.factors!, k), rule, (next, before) =>
        select(allFinite, next, before),
      );
    }
    return { ...state, losses: stack(losses, 0), norms: stack(norms, 0) };
  };
  const batches = Object.entries(batch).map(([name, slot]): [string, StepSlot] => [
    name,
    { ...slot, shape: [steps, accumulate, ...slot.shape], ...(name === weights && { check }) },
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

function checkTraining<T extends Tree>({ batch, weights, steps = 1, accumulate = 1 }: Training<T>): void {
  for (const [name, count] of Object.entries({ steps, accumulate })) {
    if (!Number.isInteger(count) || count < 1) fail(`trainingSteps: ${name} is ${count}; it is an integer ≥ 1`);
  }
  const taken = ['params', 'first', 'second', 'factors'].find((name) => Object.hasOwn(batch, name));
  if (taken !== undefined) fail(`trainingSteps: a batch has an input ${taken}; that name is taken, so choose another`);
  if (weights !== undefined && !Object.hasOwn(batch, weights)) {
    fail(
      `trainingSteps: weights is '${weights}', and a batch has no such input; it has ${Object.keys(batch).join(', ')}`,
    );
  }
}

/** Throws unless all weights are finite and ≥ 0, and those of each step have a sum above 0. */
function checkWeights(name: string, numbers: ArrayLike<number>, steps: number): void {
  const each = numbers.length / steps;
  for (let k = 0; k < steps; k++) {
    let total = 0;
    for (let i = k * each; i < (k + 1) * each; i++) {
      const weight = numbers[i]!;
      if (!(weight >= 0 && weight < Infinity)) fail(`trainingSteps: element ${i} of ${name} is ${weight}; it is ≥ 0`);
      total += weight;
    }
    if (total === 0) {
      fail(
        `trainingSteps: the ${name} of step ${k} of the call sum to 0, so nothing counts and there is no mean; give one position weight 1`,
      );
    }
  }
}

/** Whether the numbers of a value exist: other executors have bounds only, or no numbers yet. */
const isReadable = ({ on }: Value): boolean => ['f32', 'f64'].includes(on.name);

/** Returns the batches of a step, whose inputs are [A, …]. Divides the weights by their sum over the step. */
export function batchesOfStep<T extends Tree>({ weights }: Training<T>, step: Inputs, accumulate: number): Inputs[] {
  const own = weights === undefined ? step : { ...step, [weights]: div(step[weights]!, sum(step[weights]!)) };
  return Array.from({ length: accumulate }, (_, a) =>
    Object.fromEntries(Object.entries(own).map(([name, x]) => [name, at(x, 0, a)])),
  );
}

/** 1 where both numbers are finite, else 0. */
const areFinite = (x: Value, y: Value): Value => equal(add(scale(x, 0), scale(y, 0)), 0);

/** Computes the sum or the mean of the losses and gradients of `count` batches (gradient accumulation). */
function accumulated(
  count: number,
  isMean: boolean,
  of: (a: number) => { value: Value; gradient: Value },
): { value: Value; gradient: Value } {
  let total = of(0);
  for (let a = 1; a < count; a++) {
    const next = of(a);
    total = { value: add(total.value, next.value), gradient: add(total.gradient, next.gradient) };
  }
  if (count === 1 || !isMean) return total;
  return { value: scale(total.value, 1 / count), gradient: scale(total.gradient, 1 / count) };
}

/** The A batches of a step. */
const stepOf = (inputs: Inputs, batch: Readonly<Record<string, BatchSlot>>, k: number): Record<string, Value> =>
  Object.fromEntries(Object.keys(batch).map((name) => [name, at(inputs[name]!, 0, k)]));

function factorsAt(factors: Value, k: number) {
  const [rate, firstCorrection, secondCorrection] = [0, 1, 2].map((i) => at(at(factors, 0, k), 0, i));
  return { rate: rate!, firstCorrection: firstCorrection!, secondCorrection: secondCorrection! };
}

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
