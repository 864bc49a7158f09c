/** @file Selects the algorithm of the delta rule by the name of its mode. */
import { byMode, type Mode } from '../mode.ts';
import { chunkwiseDeltaRule } from './chunkwise.ts';
import type { DeltaRule } from './inputs.ts';
import { recurrentDeltaRule } from './recurrent.ts';

/** Returns the delta rule in the given mode. In parallel mode all tokens are one chunk. Throws on an unknown mode. */
export const deltaRuleIn = (mode: Mode): DeltaRule =>
  byMode<Mode['name'], DeltaRule>('deltaRule', mode, {
    parallel: (inputs, state) => chunkwiseDeltaRule(Math.max(1, inputs.v.shape[2] ?? 1))(inputs, state),
    chunkwise: chunkwiseDeltaRule,
    recurrent: recurrentDeltaRule,
  });
