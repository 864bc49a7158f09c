/** @file Selects the algorithm of a state space model by the name of its mode. */
import { byMode } from '../mode.ts';
import { chunkwiseSsm, chunkwiseStates, convolutionSsm, convolvedStates } from './convolution.ts';
import type { Ssm } from './inputs.ts';
import { logStepSsm, recurrentSsm, scanSsm } from './sequential.ts';
import { linearScanStates, logStepStates, recurrentStates, type States } from './states.ts';

/**
 * Algorithm for a sequence. `recurrent`: token by token. `scan`: the primitive linearScan. `logStep`: a parallel (associative) scan
 * in logarithmic depth. `direct` and `fft`: a convolution, summed or by FFT. `chunkwise`: in chunks.
 */
export type SsmMode =
  | { readonly name: 'recurrent' }
  | { readonly name: 'scan' }
  | { readonly name: 'logStep' }
  | { readonly name: 'direct' }
  | { readonly name: 'fft' }
  | { readonly name: 'chunkwise'; readonly chunkSize: number };

/**
 * Returns a state space model in the given mode. `scan` supports only real diagonal decays, the other modes every decay. Throws on
 * an unknown mode.
 * @example
 * const one = tensor([[2]]);
 * read(ssmIn({ name: 'logStep' })({ x: tensor([[[1]]]), a: one, b: one, c: one }, tensor([[[3]]])).output) // [16]
 */
export const ssmIn = (mode: SsmMode): Ssm =>
  byMode('ssm', mode, {
    recurrent: recurrentSsm,
    scan: scanSsm,
    logStep: logStepSsm,
    direct: convolutionSsm('direct'),
    fft: convolutionSsm('fft'),
    chunkwise: chunkwiseSsm,
  });

/** Returns the algorithm for all states of a sequence in the given mode. Throws on an unknown mode. */
export const statesIn = (mode: SsmMode): States =>
  byMode('denseSsm', mode, {
    recurrent: recurrentStates,
    scan: linearScanStates,
    logStep: logStepStates,
    direct: convolvedStates('direct'),
    fft: convolvedStates('fft'),
    chunkwise: chunkwiseStates,
  });
