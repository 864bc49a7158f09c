/** @file The selective scan of Mamba in its modes. */
import { at } from '../../tensor/ops.ts';
import { byMode, type Mode } from '../mode.ts';
import { discretised, readStates } from './discretise.ts';
import { checkScan, type SelectiveScan } from './inputs.ts';
import { chunkwiseStates, logStepStates, type Recurrence, recurrentStates, scanStates } from './recurrences.ts';

/** The selective scan with some recurrence for its states. */
const scanBy =
  (call: string, recurrence: Recurrence): SelectiveScan =>
  (inputs, state) => {
    const t = checkScan(call, inputs, state);
    const { decay, drive } = discretised(inputs);
    const states = recurrence(decay, drive, state);
    return { output: readStates(states, inputs), state: t === 0 ? state : at(states, 1, t - 1) };
  };

/**
 * `h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t`, `y_t = (C_t h_t + D u_t) silu(z_t)`, one token after another. Throws on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(recurrentSelectiveScan(inputs, one).output) // [2]
 */
export const recurrentSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('recurrentSelectiveScan', recurrentStates)(inputs, state);

/**
 * The same by the primitive `linearScan`. Throws on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(scanSelectiveScan(inputs, one).state) // [2]
 */
export const scanSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('scanSelectiveScan', scanStates)(inputs, state);

/**
 * The same by a parallel (associative) scan in logarithmic depth. Throws on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(logStepSelectiveScan(inputs, one).state) // [2]
 */
export const logStepSelectiveScan: SelectiveScan = (inputs, state) =>
  scanBy('logStepSelectiveScan', logStepStates)(inputs, state);

/**
 * The same over chunks of `chunkSize` tokens, each of which is one matrix per channel and state. Throws on a chunk size that is not
 * an integer ≥ 1 and on wrong shapes.
 * @example
 * const one = tensor([[[1]]]);
 * const inputs = { u: one, delta: one, a: tensor([[0]]), b: tokenMap(one), c: tokenMap(one), deltaSoftplus: false };
 * read(chunkwiseSelectiveScan(1)(inputs, one).state) // [2]
 */
export const chunkwiseSelectiveScan = (chunkSize: number): SelectiveScan =>
  scanBy('chunkwiseSelectiveScan', chunkwiseStates(chunkSize));

/** The selective scan in a mode; in parallel mode by the primitive. Throws on an unknown mode. */
export const selectiveScanIn = (mode: Mode): SelectiveScan =>
  byMode('selectiveScan', mode, {
    parallel: scanSelectiveScan,
    chunkwise: chunkwiseSelectiveScan,
    recurrent: recurrentSelectiveScan,
  });

/** The recurrence alone in a mode; in parallel mode by the primitive. Throws on an unknown mode. */
export const recurrenceIn = (mode: Mode): Recurrence =>
  byMode('selectiveScan', mode, {
    parallel: scanStates,
    chunkwise: chunkwiseStates,
    recurrent: recurrentStates,
  });
