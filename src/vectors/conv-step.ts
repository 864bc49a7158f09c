/** @file Family conv_step: the causal depthwise convolution with a cache, in calls of some tokens and whole. */

import { f64 } from '../executors/f64/index.ts';
import { convolutionStep } from '../nn/convolution-step.ts';
import {
  type CausalConvolution,
  type ConvolutionActivation,
  parallelConvolution,
  recurrentConvolution,
} from '../nn/depthwise-convolution.ts';
import { indexInput } from '../tensor/input.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, answer, givenIn, realIn, type VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn, numbersIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';

/** What the calls of a case are: their numbers of tokens, and the positions of the first, if the window is circular. */
interface Calls {
  readonly sizes: readonly number[];
  readonly rows: number;
  readonly positions: ArrayLike<number> | null;
}

/**
 * Kinds conv_update, in calls of some tokens, and conv_prefill, in one; both modes, and all tokens in one call. Arrays have time last. Gradients
 * are of Σ out ∘ probe_out + Σ final_state ∘ probe_final_state. Throws on a config without a formula, on missing and misshaped tensors.
 */
export const convolutionStepCase: Adapter = (testCase) => {
  const { config } = testCase;
  const inputs = inputShapes(testCase);
  const activation: ConvolutionActivation = choiceIn(config, 'activation', ['silu', null]) ?? 'none';
  const calls = callsIn(testCase);
  const whole = { ...calls, sizes: [integerIn(config, 'seq_len')] };
  const answers = (convolution: CausalConvolution, { sizes, rows, positions }: Calls) =>
    probedOutputs(testCase, {
      inputs,
      probes: { out: 'probe_out', final_state: 'probe_final_state' },
      run: (given) => {
        const { outputs, windows } = called(given, convolution, activation, { sizes, rows, positions });
        return { out: timeLast(concat(outputs, 1)), final_state: timeLast(windows.at(-1)!) };
      },
    });
  const windows = once(() => {
    const given = Object.entries(inputs).map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)] as const);
    return called(Object.fromEntries(given), recurrentConvolution, activation, calls).windows;
  });
  const inside = calls.sizes.map((_, i) => [`inter/state.${i}`, () => answer(timeLast(windows()[i]!))] as const);
  return {
    tensors: { ...answers(recurrentConvolution, calls), ...Object.fromEntries(inside) },
    modes: { parallel: answers(parallelConvolution, calls), 'one call': answers(parallelConvolution, whole) },
  };
};

/** The shapes of all real inputs. */
function inputShapes({ config }: VectorCase): Record<string, Shape> {
  const [b, t, e, k] = [
    integerIn(config, 'batch'),
    integerIn(config, 'seq_len'),
    integerIn(config, 'dim'),
    integerIn(config, 'width'),
  ];
  return {
    ...{ x: [b, e, t], weight: [e, k] },
    ...(booleanIn(config, 'has_bias') && { bias: [e] }),
    ...(booleanIn(config, 'initial_state') && { initial_state: [b, e, rowsIn(config)] }),
  };
}

/** The rows of the window: those that the filter needs, if the config does not say. */
const rowsIn = (config: VectorCase['config']): number =>
  choiceIn(config, 'kind', ['conv_update', 'conv_prefill']) === 'conv_update'
    ? integerIn(config, 'state_len')
    : integerIn(config, 'width') - 1;

function callsIn(testCase: VectorCase): Calls {
  const { config } = testCase;
  const rows = rowsIn(config);
  if (config.kind === 'conv_prefill') return { sizes: [integerIn(config, 'seq_len')], rows, positions: null };
  const positions = booleanIn(config, 'circular')
    ? givenIn(testCase, 'in/cache_seqlens', [integerIn(config, 'batch')]).data
    : null;
  return { sizes: numbersIn(config, 'calls'), rows, positions };
}

/** The calls one after another, with time before channels. */
function called(
  given: NamedValues,
  convolution: CausalConvolution,
  activation: ConvolutionActivation,
  { sizes, rows, positions }: Calls,
): { readonly outputs: readonly Value[]; readonly windows: readonly Value[] } {
  const x = timeLast(given.x!);
  const [b, , e] = x.shape as readonly [number, number, number];
  const step = convolutionStep(convolution);
  const [outputs, windows]: [Value[], Value[]] = [[], []];
  let window = given.initial_state === undefined ? zerosLike(x, [b, rows, e]) : timeLast(given.initial_state);
  let start = 0;
  for (const size of sizes) {
    const before = start;
    const position =
      positions === null
        ? undefined
        : indexInput(
            f64,
            Array.from(positions, (p) => p + before),
            [b],
          );
    const inputs = {
      x: slice(x, 1, start, start + size),
      weight: given.weight!,
      bias: given.bias,
      activation,
      position,
    };
    const result = step(inputs, window);
    window = result.state;
    start += size;
    outputs.push(result.output);
    windows.push(window);
  }
  return { outputs, windows };
}

/** [b, ·, t] as [b, t, ·], and back. */
const timeLast = (x: Value): Value => transpose(x, [0, 2, 1]);
