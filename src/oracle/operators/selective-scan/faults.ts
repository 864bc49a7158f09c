/** @file Faults of the selective scan, modelled on real bugs: steps, groups, discretisation, chunks, states, gradients. */
import { silu } from '../../../nn/activations.ts';
import { discretised, readStates, stepSizes } from '../../../nn/selective-scan/discretise.ts';
import type { SelectiveScanInputs, SelectiveScanResult } from '../../../nn/selective-scan/inputs.ts';
import {
  chunkwiseSelectiveScan,
  logStepSelectiveScan,
  recurrentSelectiveScan,
  scanSelectiveScan,
} from '../../../nn/selective-scan/modes.ts';
import { recurrentStates } from '../../../nn/selective-scan/recurrences.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { at, chunks, stack, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { linearScan } from '../../../tensor/primitives/linear-scan.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { select } from '../../../tensor/primitives/select.ts';
import { sign } from '../../../tensor/primitives/sign.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOfTokens } from '../../fault.ts';
import { scanning, selectiveScan } from './operator.ts';

/** Runs a scan whose states `statesOf` computes from the decays and inputs of the recurrence. */
const fromStates = (
  inputs: SelectiveScanInputs,
  statesOf: (recurrence: { readonly decay: Value; readonly drive: Value }) => Value,
): SelectiveScanResult => {
  const states = statesOf(discretised(inputs));
  return { output: readStates(states, inputs), state: at(states, 1, states.shape[1]! - 1) };
};

/** Slices the inputs to the tokens [start, stop). */
const cut = (inputs: SelectiveScanInputs, start: number, stop: number): SelectiveScanInputs => {
  const part = (x: Value): Value => slice(x, 1, start, stop);
  const { u, delta, b, c, z } = inputs;
  return { ...inputs, u: part(u), delta: part(delta), b: part(b), c: part(c), z: z && part(z) };
};

/** Expands B or C to one row per channel, with the wrong group: channel e takes group e mod g. */
const dealt = (map: Value, channels: number): Value => {
  const g = map.shape[2]!;
  return stack(
    Array.from({ length: channels }, (_, e) => at(map, 2, e % g)),
    2,
  );
};

export const selectiveScanFaults = faultsOfTokens(selectiveScan, [
  {
    mode: 'recurrent',
    name: 'bias-missing-in-step',
    says: 'the step of one token forgets the bias of δ',
    rejectedBy: ['definition', 'derivative', 'resumable', 'decoding'],
    program: scanning((inputs, state) => recurrentSelectiveScan({ ...inputs, deltaBias: undefined }, state)),
  },
  {
    mode: 'recurrent',
    name: 'softplus-missing-in-step',
    says: 'the step of one token takes δ as it is',
    rejectedBy: ['definition', 'derivative'],
    program: scanning((inputs, state) => recurrentSelectiveScan({ ...inputs, deltaSoftplus: false }, state)),
  },
  {
    mode: 'scan',
    name: 'softplus-threshold',
    says: 'softplus is the identity above 20',
    rejectedBy: ['definition', 'modes'],
    program: scanning((inputs, state) => {
      if (!inputs.deltaSoftplus) return scanSelectiveScan(inputs, state);
      const biased = stepSizes({ ...inputs, deltaSoftplus: false });
      const isAbove = maximum(sign(add(biased, -20)), 0);
      const delta = select(isAbove, biased, stepSizes(inputs));
      return scanSelectiveScan({ ...inputs, delta, deltaBias: undefined, deltaSoftplus: false }, state);
    }),
  },
  {
    mode: 'scan',
    name: 'groups-misassigned',
    says: 'channel e takes the rows of group e mod g',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: scanning((inputs, state) => {
      const channels = inputs.u.shape[2]!;
      return scanSelectiveScan({ ...inputs, b: dealt(inputs.b, channels), c: dealt(inputs.c, channels) }, state);
    }),
  },
  {
    mode: 'scan',
    name: 'b-held-exactly',
    says: 'B by zero-order hold, as A is, instead of by Euler’s rule',
    rejectedBy: ['definition', 'modes'],
    program: scanning((inputs, state) =>
      fromStates(inputs, ({ decay, drive }) => {
        // multiplies Euler's Δ B u by (e^{ΔA} − 1) / (ΔA), or by 1 if ΔA = 0
        const { a } = inputs;
        const rate = einsum('bte,en->bten', stepSizes(inputs), a);
        const isStill = sub(1, sign(mul(rate, rate)));
        const held = select(isStill, 1, div(sub(decay, 1), select(isStill, 1, rate)));
        return linearScan(decay, mul(drive, held), state, 1);
      }),
    ),
  },
  {
    mode: 'logStep',
    name: 'input-decays-at-once',
    says: 'a token decays in the step that writes it: h_t = a (h_{t−1} + b)',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: scanning((inputs, state) =>
      fromStates(inputs, ({ decay, drive }) => recurrentStates(decay, mul(decay, drive), state)),
    ),
  },
  {
    mode: 'chunkwise',
    name: 'state-reset-each-chunk',
    says: 'every chunk starts from an empty state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: scanning((inputs, state, { chunkSize }) => {
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
    }),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'the last chunk is padded with δ = 0, but the step is then softplus(bias), not 0',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: scanning((inputs, state, { chunkSize }) => {
      const t = inputs.u.shape[1]!;
      const fill = (x: Value): Value => pad(x, 1, 0, (chunkSize - (t % chunkSize)) % chunkSize);
      const { u, delta, b, c, z } = inputs;
      const filled = { ...inputs, u: fill(u), delta: fill(delta), b: fill(b), c: fill(c), z: z && fill(z) };
      const result = chunkwiseSelectiveScan(chunkSize)(filled, state);
      return { output: slice(result.output, 1, 0, t), state: result.state };
    }),
  },
  {
    mode: 'scan',
    name: 'last-state-one-step-short',
    says: 'hands over the state before the last token',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding'],
    program: scanning((inputs, state) => {
      const { output } = scanSelectiveScan(inputs, state);
      const t = inputs.u.shape[1]!;
      return { output, state: scanSelectiveScan(cut(inputs, 0, t - 1), state).state };
    }),
  },
  {
    mode: 'scan',
    name: 'state-read-before-it-is-written',
    says: 'y_t reads h_{t−1}',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: scanning((inputs, state) => {
      const { decay, drive } = discretised(inputs);
      const states = linearScan(decay, drive, state, 1);
      const t = states.shape[1]!;
      const before = concat(
        [reshape(state, [states.shape[0]!, 1, ...state.shape.slice(1)]), slice(states, 1, 0, t - 1)],
        1,
      );
      return { output: readStates(before, inputs), state: at(states, 1, t - 1) };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'divided-by-products',
    says: 'states as ∏a · Σ b / ∏a, whose products underflow',
    onlyRounds: true,
    rejectedBy: ['definition', 'modes'],
    program: scanning((inputs, state) =>
      fromStates(inputs, ({ decay, drive }) => {
        const products = linearScan(decay, zerosLike(decay), filledLike(state, 1, state.shape), 1);
        const sums = linearScan(filledLike(decay, 1, decay.shape), div(drive, products), state, 1);
        return mul(products, sums);
      }),
    ),
  },
  {
    mode: 'logStep',
    name: 'state-detached',
    says: 'no gradient reaches the initial state',
    rejectedBy: ['modes', 'derivative', 'resumable'],
    program: scanning((inputs, state) => logStepSelectiveScan(inputs, stopGradient(state))),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    program: scanning((inputs, state, { chunkSize }) =>
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
  },
  {
    mode: 'scan',
    name: 'state-gated',
    says: 'the state that is handed over has been through the skip’s gate',
    rejectedBy: ['definition', 'resumable'],
    program: scanning((inputs, state) => {
      const result = scanSelectiveScan(inputs, state);
      if (inputs.z === undefined) return result;
      const [b, , e] = inputs.u.shape as readonly [number, number, number];
      const gate = reshape(at(inputs.z, 1, inputs.z.shape[1]! - 1), [b, e, 1]);
      return { ...result, state: mul(result.state, silu(gate)) };
    }),
  },
  {
    mode: 'scan',
    name: 'skip-after-gate',
    says: 'the skip is added after the gate of z, not before',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: scanning(({ skip, ...inputs }, state) => {
      const result = scanSelectiveScan(inputs, state);
      return skip === undefined ? result : { ...result, output: add(result.output, mul(inputs.u, skip)) };
    }),
  },
  {
    mode: 'scan',
    name: 'a-by-euler',
    says: 'the decay is 1 + ΔA: Euler’s rule for A as well',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: scanning((inputs, state) =>
      fromStates(inputs, ({ drive }) => {
        const rate = einsum('bte,en->bten', stepSizes(inputs), inputs.a);
        return linearScan(add(rate, 1), drive, state, 1);
      }),
    ),
  },
]);
