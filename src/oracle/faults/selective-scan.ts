/** @file Wrong selective scans and convolutions, after bugs that were found in the wild. */
import { silu } from '../../nn/activations.ts';
import { type ConvolutionInputs, parallelConvolution, recurrentConvolution } from '../../nn/depthwise-convolution.ts';
import { discretised, readStates, stepSizes } from '../../nn/selective-scan/discretise.ts';
import type { SelectiveScanInputs, SelectiveScanResult } from '../../nn/selective-scan/inputs.ts';
import {
  chunkwiseSelectiveScan,
  logStepSelectiveScan,
  recurrentSelectiveScan,
  scanSelectiveScan,
} from '../../nn/selective-scan/modes.ts';
import { recurrentStates } from '../../nn/selective-scan/recurrences.ts';
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { at, chunks, div, stack, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { select } from '../../tensor/primitives/select.ts';
import { sign } from '../../tensor/primitives/sign.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { type SelectiveScanSettings, scanInputs, selectiveScan } from '../operators/selective-scan.ts';

/** A fault; of an empty sequence it makes nothing wrong. */
const fault = (
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: SelectiveScanInputs, state: Value, settings: SelectiveScanSettings) => SelectiveScanResult,
): Fault<SelectiveScanSettings> => ({
  operator: selectiveScan.name,
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) =>
    inputs.u!.shape[1] === 0
      ? selectiveScan.modes[mode]!(inputs, settings)
      : { ...run(scanInputs(inputs, settings), inputs.state!, settings) },
});

/** A scan whose states come from the recurrence's decay and drive otherwise. */
const fromStates = (
  inputs: SelectiveScanInputs,
  statesOf: (recurrence: { readonly decay: Value; readonly drive: Value }) => Value,
): SelectiveScanResult => {
  const states = statesOf(discretised(inputs));
  return { output: readStates(states, inputs), state: at(states, 1, states.shape[1]! - 1) };
};

/** The inputs of tokens [start, stop). */
const cut = (inputs: SelectiveScanInputs, start: number, stop: number): SelectiveScanInputs => {
  const part = (x: Value): Value => slice(x, 1, start, stop);
  const { u, delta, b, c, z } = inputs;
  return { ...inputs, u: part(u), delta: part(delta), b: part(b), c: part(c), z: z && part(z) };
};

/** B or C whose groups are dealt out in turn, channel e to group e mod g: a row for each channel. */
const dealt = (map: Value, channels: number): Value => {
  const g = map.shape[2]!;
  return stack(
    Array.from({ length: channels }, (_, e) => at(map, 2, e % g)),
    2,
  );
};

const scans: readonly Fault<SelectiveScanSettings>[] = [
  fault(
    'recurrent',
    'bias-missing-in-step',
    'the step of one token forgets the bias of δ',
    ['definition', 'derivative', 'resumable', 'decoding'],
    (inputs, state) => recurrentSelectiveScan({ ...inputs, deltaBias: undefined }, state),
  ),
  fault(
    'recurrent',
    'softplus-missing-in-step',
    'the step of one token takes δ as it is',
    ['definition', 'derivative'],
    (inputs, state) => recurrentSelectiveScan({ ...inputs, deltaSoftplus: false }, state),
  ),
  fault('scan', 'softplus-threshold', 'softplus is the identity above 20', ['definition', 'modes'], (inputs, state) => {
    if (!inputs.deltaSoftplus) return scanSelectiveScan(inputs, state);
    const biased = stepSizes({ ...inputs, deltaSoftplus: false });
    const isAbove = maximum(sign(add(biased, -20)), 0);
    const delta = select(isAbove, biased, stepSizes(inputs));
    return scanSelectiveScan({ ...inputs, delta, deltaBias: undefined, deltaSoftplus: false }, state);
  }),
  fault(
    'scan',
    'groups-misassigned',
    'channel e takes the rows of group e mod g',
    ['definition', 'modes', 'derivative'],
    (inputs, state) => {
      const channels = inputs.u.shape[2]!;
      return scanSelectiveScan({ ...inputs, b: dealt(inputs.b, channels), c: dealt(inputs.c, channels) }, state);
    },
  ),
  fault(
    'scan',
    'b-held-exactly',
    'B by zero-order hold, as A is, instead of by Euler’s rule',
    ['definition', 'modes'],
    (inputs, state) =>
      fromStates(inputs, ({ decay, drive }) => {
        // (e^{ΔA} − 1) / (ΔA) of Euler's Δ B u, 1 where nothing decays
        const { a } = inputs;
        const rate = einsum('bte,en->bten', stepSizes(inputs), a);
        const isStill = sub(1, sign(mul(rate, rate)));
        const held = select(isStill, 1, div(sub(decay, 1), select(isStill, 1, rate)));
        return linearScan(decay, mul(drive, held), state, 1);
      }),
  ),
  fault(
    'logStep',
    'input-decays-at-once',
    'a token decays in the step that writes it: h_t = a (h_{t−1} + b)',
    ['definition', 'modes', 'derivative'],
    (inputs, state) => fromStates(inputs, ({ decay, drive }) => recurrentStates(decay, mul(decay, drive), state)),
  ),
  fault(
    'chunkwise',
    'state-reset-each-chunk',
    'every chunk starts from an empty state',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    (inputs, state, { chunkSize }) => {
      const t = inputs.u.shape[1]!;
      const parts = Array.from({ length: Math.ceil(t / chunkSize) }, (_, i) => {
        const part = cut(inputs, i * chunkSize, Math.min(t, (i + 1) * chunkSize));
        return recurrentSelectiveScan(part, zerosLike(state));
      });
      return {
        output: concat(
          parts.map(({ output }) => output),
          1,
        ),
        state: parts.at(-1)!.state,
      };
    },
  ),
  fault(
    'chunkwise',
    'padding-decays-state',
    'what fills the last chunk is tokens of δ = 0, whose step is softplus(bias), not 0',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    (inputs, state, { chunkSize }) => {
      const t = inputs.u.shape[1]!;
      const fill = (x: Value): Value => pad(x, 1, 0, (chunkSize - (t % chunkSize)) % chunkSize);
      const { u, delta, b, c, z } = inputs;
      const filled = { ...inputs, u: fill(u), delta: fill(delta), b: fill(b), c: fill(c), z: z && fill(z) };
      const result = chunkwiseSelectiveScan(chunkSize)(filled, state);
      return { output: slice(result.output, 1, 0, t), state: result.state };
    },
  ),
  fault(
    'scan',
    'last-state-one-step-short',
    'hands over the state before the last token',
    ['definition', 'modes', 'resumable', 'decoding'],
    (inputs, state) => {
      const { output } = scanSelectiveScan(inputs, state);
      const t = inputs.u.shape[1]!;
      return { output, state: scanSelectiveScan(cut(inputs, 0, t - 1), state).state };
    },
  ),
  fault(
    'scan',
    'state-read-before-it-is-written',
    'y_t reads h_{t−1}',
    ['definition', 'modes', 'derivative'],
    (inputs, state) => {
      const { decay, drive } = discretised(inputs);
      const states = linearScan(decay, drive, state, 1);
      const t = states.shape[1]!;
      const before = concat(
        [reshape(state, [states.shape[0]!, 1, ...state.shape.slice(1)]), slice(states, 1, 0, t - 1)],
        1,
      );
      return { output: readStates(before, inputs), state: at(states, 1, t - 1) };
    },
  ),
  fault(
    'chunkwise',
    'divided-by-products',
    'states as ∏a · Σ b / ∏a, whose products underflow',
    ['definition', 'modes'],
    (inputs, state) =>
      fromStates(inputs, ({ decay, drive }) => {
        const products = linearScan(decay, zerosLike(decay), filledLike(state, 1, state.shape), 1);
        const sums = linearScan(filledLike(decay, 1, decay.shape), div(drive, products), state, 1);
        return mul(products, sums);
      }),
  ),
  fault(
    'logStep',
    'state-detached',
    'no gradient reaches the initial state',
    ['modes', 'derivative', 'resumable'],
    (inputs, state) => logStepSelectiveScan(inputs, stopGradient(state)),
  ),
  fault(
    'chunkwise',
    'gradient-stops-at-chunks',
    'forward exact, but no gradient crosses a chunk boundary',
    ['modes', 'chunks', 'derivative'],
    (inputs, state, { chunkSize }) =>
      fromStates(inputs, ({ decay, drive }) => {
        const drives = chunks(drive, 1, chunkSize);
        let h = state;
        const states = chunks(decay, 1, chunkSize).map((part, i) => {
          const all = linearScan(part, drives[i]!, h, 1);
          h = stopGradient(at(all, 1, all.shape[1]! - 1));
          return all;
        });
        return concat(states, 1);
      }),
  ),
  fault(
    'scan',
    'state-gated',
    'the state that is handed over has been through the skip’s gate',
    ['definition', 'resumable'],
    (inputs, state) => {
      const result = scanSelectiveScan(inputs, state);
      if (inputs.z === undefined) return result;
      const [b, , e] = inputs.u.shape as readonly [number, number, number];
      const gate = reshape(at(inputs.z, 1, inputs.z.shape[1]! - 1), [b, e, 1]);
      return { ...result, state: mul(result.state, silu(gate)) };
    },
  ),
  fault(
    'scan',
    'a-by-euler',
    'the decay is 1 + ΔA: Euler’s rule for A as well',
    ['definition', 'modes', 'derivative'],
    (inputs, state) =>
      fromStates(inputs, ({ drive }) => {
        const rate = einsum('bte,en->bten', stepSizes(inputs), inputs.a);
        return linearScan(add(rate, 1), drive, state, 1);
      }),
  ),
];

interface Window extends ConvolutionInputs {
  readonly window: Value;
}

const convolution = (
  mode: 'parallel' | 'recurrent',
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Window) => { readonly output: Value; readonly state: Value },
): Fault => ({
  operator: 'depthwiseConvolution',
  mode,
  name,
  says,
  rejectedBy,
  program: ({ x, weight, bias, window }) => {
    const { output, state } = run({ x: x!, weight: weight!, bias, window: window! });
    return { output, window: state };
  },
});

const convolutions: readonly Fault[] = [
  convolution(
    'parallel',
    'state-holds-outputs',
    'the window that is handed over holds outputs, not inputs',
    ['definition', 'resumable', 'decoding'],
    ({ window, ...inputs }) => {
      const { output } = parallelConvolution(inputs, window);
      const [t, k] = [output.shape[1]!, window.shape[1]!];
      return { output, state: slice(concat([window, output], 1), 1, t, t + k) };
    },
  ),
  convolution(
    'parallel',
    'window-ignored',
    'a call of several tokens starts from zeros',
    ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    ({ window, ...inputs }) => parallelConvolution(inputs, zerosLike(window)),
  ),
  convolution(
    'parallel',
    'short-chunk-overwrites-window',
    'of fewer tokens than taps, the window is those tokens and zeros: older ones are lost',
    ['definition', 'modes', 'resumable', 'decoding'],
    ({ window, ...inputs }) => {
      const { output } = parallelConvolution(inputs, window);
      return { output, state: parallelConvolution(inputs, zerosLike(window)).state };
    },
  ),
  convolution(
    'parallel',
    'taps-reversed',
    'the first tap is the current token’s',
    ['definition', 'modes', 'derivative', 'dyadic'],
    ({ window, weight, ...inputs }) => {
      const k = weight.shape[1]!;
      const turned = stack(
        Array.from({ length: k }, (_, j) => at(weight, 1, k - 1 - j)),
        1,
      );
      return parallelConvolution({ ...inputs, weight: turned }, window);
    },
  ),
  convolution(
    'parallel',
    'centred',
    'zeros on both sides: the last taps read the future',
    ['definition', 'causal'],
    ({ window, x, ...inputs }) => {
      const after = Math.floor((window.shape[1]! - 1) / 2);
      const t = x.shape[1]!;
      const { output } = parallelConvolution({ ...inputs, x: pad(x, 1, 0, after) }, window);
      return {
        output: slice(output, 1, after, after + t),
        state: parallelConvolution({ ...inputs, x }, window).state,
      };
    },
  ),
  convolution(
    'parallel',
    'window-gradient-dropped',
    'of fewer tokens than taps, what passes through the window gets no gradient',
    ['modes', 'derivative', 'resumable'],
    ({ window, ...inputs }) => {
      const { output, state } = parallelConvolution(inputs, window);
      const isShort = inputs.x.shape[1]! < window.shape[1]!;
      return { output, state: isShort ? parallelConvolution(inputs, stopGradient(window)).state : state };
    },
  ),
  convolution(
    'recurrent',
    'bias-missing-in-step',
    'the step of one token forgets the bias',
    ['definition', 'derivative', 'resumable'],
    ({ window, ...inputs }) => recurrentConvolution({ ...inputs, bias: undefined }, window),
  ),
];

export const scanFaults: readonly Fault[] = [...scans, ...convolutions];
