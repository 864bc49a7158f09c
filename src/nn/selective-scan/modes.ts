/** @file Modes of the selective scan of Mamba. */
import { at } from '../../tensor/ops.ts';
import type { Value } from '../../tensor/value.ts';
import { byMode, type Mode } from '../mode.ts';
import { type Discretised, discretised, readStates } from './discretise.ts';
import { checkScan, type SelectiveScan } from './inputs.ts';
import { chunkwiseStates, logStepStates, type Recurrence, recurrentStates, scanStates } from './recurrences.ts';

/** Returns the selective scan whose states come from its discretised recurrence. `call` names it in errors. */
export const scanFrom =
  (call: string, statesOf: (recurrence: Discretised, state: Value) => Value): SelectiveScan =>
  (inputs, state) => {
    const t = checkScan(call, inputs, state);
    const states = statesOf(discretised(inputs), state);
    return { output: readStates(states, inputs), state: t === 0 ? state : at(states, 1, t - 1) };
  };

/** Returns the selective scan with the given recurrence for its states. */
const scanBy = (call: string, recurrence: Recurrence): SelectiveScan =>
  scanFrom(call, ({ decay, drive }, state) => recurrence(decay, drive, state));

/**
 * Computes `h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t` and `y_t = (C_t h_t + D u_t) silu(z_t)`, one token after another. Throws on
 * wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(recurrentSelectiveScan(inputs, one).output) // [2]
 */
export const recurrentSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('recurrentSelectiveScan', recurrentStates)(inputs, state);

/**
 * Computes the selective scan by the primitive `linearScan`. Throws on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(scanSelectiveScan(inputs, one).state) // [2]
 */
export const scanSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('scanSelectiveScan', scanStates)(inputs, state);

/**
 * Computes the selective scan by a parallel (associative) scan in logarithmic depth. Throws on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(logStepSelectiveScan(inputs, one).state) // [2]
 */
export const logStepSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('logStepSelectiveScan', logStepStates)(inputs, state);

/**
 * Computes the selective scan over chunks of `chunkSize` tokens. Each chunk is one matrix of decays per channel and state. Throws
 * unless the chunk size is an integer ≥ 1, and on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(chunkwiseSelectiveScan(1)(inputs, one).state) // [2]
 */
export const chunkwiseSelectiveScan = (chunkSize: number): SelectiveScan =>
  scanBy('chunkwiseSelectiveScan', chunkwiseStates(chunkSize));

/** Returns the selective scan in the given mode. Parallel mode uses the primitive `linearScan`. Throws on an unknown mode. */
export const selectiveScanIn = (mode: Mode): SelectiveScan =>
  byMode('selectiveScan', mode, {
    parallel: scanSelectiveScan,
    chunkwise: chunkwiseSelectiveScan,
    recurrent: recurrentSelectiveScan,
  });

/** Returns the recurrence alone in the given mode. Parallel mode uses the primitive `linearScan`. Throws on an unknown mode. */
export const recurrenceIn = (mode: Mode): Recurrence =>
  byMode('selectiveScan', mode, {
    parallel: scanStates,
    chunkwise: chunkwiseStates,
    recurrent: recurrentStates,
  });
