/** @file Retention in a mode, with a choice of normalisation. */
import { described } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { constantLike } from '../../tensor/operand.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import type { Value } from '../../tensor/value.ts';
import { checkPosition } from '../check.ts';
import { byMode, checkMode, type Mode, type Place } from '../mode.ts';
import { decaySums, powerSlack } from './decay-tables.ts';
import type { Retention, RetentionInputs, RetentionResult } from './inputs.ts';
import { retentionIn } from './modes.ts';
import { recurrentRetention } from './recurrent.ts';
import { torchscaleChunkwise, torchscaleParallel } from './torchscale.ts';

/**
 * Normalisation of retention. `none`: as in the equations. `decay`: divides by √λ_t in every mode. `torchscale`: as in the authors'
 * code, where each mode is a different function.
 */
export type RetentionNorm = 'none' | 'decay' | 'torchscale';

/**
 * Retention in the given mode and normalisation, from a state [b, h, d, e]. `inputs` are [b, h, t, ·], at the given place of their
 * sequence. The state has no normalisation, so any mode and normalisation can continue it. Throws on wrong shapes, decays and
 * positions, and on an unknown mode or normalisation. Also throws where torchscale's parallel form would continue a sequence.
 * @example
 * const one = tensor([[[[1]]]]);
 * read(normalisedRetention('none', { name: 'recurrent' }, { q: one, k: one, v: one, decay: [0.5] }, one).output) // [1.5]
 */
export function normalisedRetention(
  norm: RetentionNorm,
  mode: Mode,
  inputs: RetentionInputs,
  state: Value,
  { position, path }: Place = { position: 0, path: '' },
): RetentionResult {
  checkMode('retention', mode);
  checkPosition('retention', position);
  switch (norm) {
    case 'none':
      return retentionIn(mode)(inputs, state);
    case 'decay':
      return decayNormalised(retentionIn(mode), inputs, state, position);
    case 'torchscale':
      return byMode<Mode['name'], Retention>('retention', mode, {
        parallel: torchscaleParallel(position, path),
        chunkwise: torchscaleChunkwise,
        recurrent: (all, before) => decayNormalised(recurrentRetention, all, before, position),
      })(inputs, state);
    default:
      return fail(
        `retention: unknown normalisation ${described(norm)}; use none, decay or torchscale${didYouMean(norm, ['none', 'decay', 'torchscale'])}`,
      );
  }
}

/** Divides y_t by √λ_t with `λ_t = Σ_{j≤t} γ^j`, counted from the sequence's first token. All modes have the same divisor. */
export function decayNormalised(
  retention: Retention,
  inputs: RetentionInputs,
  state: Value,
  position: number,
): RetentionResult {
  const result = retention(inputs, state);
  const [, h, t] = inputs.q.shape;
  const rows = decaySums(inputs.decay, position, t!).map((total) => 1 / Math.sqrt(total));
  return {
    ...result,
    output: mul(result.output, constantLike(inputs.q, rows, [h!, t!, 1], powerSlack(position + t!))),
  };
}
