/** @file The small training in f64, with an error bound for single precision. */
import { firstOrder, firstOrderBounds, float32 } from '../../../src/executors/bounded/first-order.ts';
import { f64 } from '../../../src/executors/f64/index.ts';
import { indexInput, input, read } from '../../../src/tensor/input.ts';
import type { Executor, Value } from '../../../src/tensor/value.ts';
import { factorsOf, trainingSteps } from '../../../src/training/index.ts';
import { type Size, smallTraining } from './small.ts';

/** The learning rate of every step. */
export const rate = (): number => 1 / 64;

/** Losses of two calls in f64, and error bounds of single precision for the losses of the first. */
export function referenceLosses(steps: number, accumulate: number, size?: Size) {
  const { training, init, batches } = smallTraining(steps, accumulate, size);
  const { equation, inputs } = trainingSteps(training);
  const call = (executor: Executor, number: number, state: Readonly<Record<string, Value>>): Record<string, Value> => {
    const { tokens, targets } = batches(number);
    const factors = Float64Array.from(factorsOf(training.optimizer, rate, 1, steps), Math.fround);
    return equation({
      ...state,
      factors: input(executor, factors, inputs.factors!.shape),
      tokens: indexInput(executor, tokens, inputs.tokens!.shape),
      targets: indexInput(executor, targets, inputs.targets!.shape),
    });
  };
  const start = (executor: Executor): Record<string, Value> => {
    const list = (numbers: ArrayLike<number>): Value =>
      input(executor, Float64Array.from(numbers), inputs.params!.shape);
    const zeros = new Float64Array(init.length);
    return { params: list(init), first: list(zeros), second: list(zeros) };
  };
  const { losses, ...state } = call(f64, 0, start(f64));
  const inSingle = firstOrder(float32);
  const bounds = firstOrderBounds(call(inSingle, 0, start(inSingle)).losses!);
  return { exact: read(losses!), bounds, later: read(call(f64, 1, state).losses!) };
}
