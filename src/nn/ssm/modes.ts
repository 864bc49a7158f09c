/** @file The modes of a state space model by name. */
import { told } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { chunkwiseSsm, chunkwiseStates, convolutionSsm, convolvedStates } from './convolution.ts';
import type { Ssm } from './inputs.ts';
import { logStepSsm, recurrentSsm, scanSsm } from './sequential.ts';
import { linearScanStates, logStepStates, recurrentStates, type States } from './states.ts';

/**
 * The order in which a sequence is computed: token by token, by linearScan, in logarithmic depth, as a convolution summed directly or
 * through a Fourier transform, or chunk by chunk.
 */
export type SsmMode =
  | { readonly name: 'recurrent' }
  | { readonly name: 'scan' }
  | { readonly name: 'logStep' }
  | { readonly name: 'direct' }
  | { readonly name: 'fft' }
  | { readonly name: 'chunkwise'; readonly chunkSize: number };

/**
 * A state space model in a mode. `scan` computes real diagonal decays only, the others any. Throws on an unknown mode.
 * @example
 * const one = tensor([[2]]);
 * read(ssmIn({ name: 'logStep' })({ x: tensor([[[1]]]), a: one, b: one, c: one }, tensor([[[3]]])).output) // [16]
 */
export function ssmIn(mode: SsmMode): Ssm {
  switch (mode?.name) {
    case 'recurrent':
      return recurrentSsm;
    case 'scan':
      return scanSsm;
    case 'logStep':
      return logStepSsm;
    case 'direct':
    case 'fft':
      return convolutionSsm(mode.name);
    case 'chunkwise':
      return chunkwiseSsm(mode.chunkSize);
    default:
      return unknownMode('ssm', mode);
  }
}

/** All states of a sequence in a mode. Throws on an unknown mode. */
export function statesIn(mode: SsmMode): States {
  switch (mode?.name) {
    case 'recurrent':
      return recurrentStates;
    case 'scan':
      return linearScanStates;
    case 'logStep':
      return logStepStates;
    case 'direct':
    case 'fft':
      return convolvedStates(mode.name);
    case 'chunkwise':
      return chunkwiseStates(mode.chunkSize);
    default:
      return unknownMode('denseSsm', mode);
  }
}

const unknownMode = (call: string, mode: never): never => {
  const given: unknown = mode;
  if (typeof given !== 'object' || given === null) {
    return fail(`${call}: the mode is ${told(given)}; it is a record, as in { name: 'recurrent' }`);
  }
  const { name } = given as Partial<SsmMode>;
  return fail(`${call}: unknown mode ${told(name)}; use recurrent, scan, logStep, direct, fft or chunkwise`);
};
