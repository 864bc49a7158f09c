/** @file Declares retention without normalisation (Eqs. 19, 20, 25). */
import { retention as recurrence } from '../../../../spec/19-retention.ts';
import { denseRetention } from '../../../../spec/25-dense-retention.ts';
import { batchedRetention } from '../../../nn/batches/retention.ts';
import { ownOf, statesByName } from '../../batchable.ts';
import { type BatchProgramOf, defineOperator } from '../../define-operator.ts';
import { over } from '../../over.ts';
import { linearAttentionTaps } from '../shared/linear-attention.ts';
import { inEveryMode, modeOf } from '../shared/modes.ts';
import { definedQueries, scaledQueries, withQueryScale } from '../shared/query-scale.ts';
import {
  laterPosition,
  type RetentionSettings,
  retaining,
  retentionLayouts,
  retentionModes,
  retentionSignature,
} from '../shared/retention.ts';
import { retentionForms } from '../shared/retention-forms.ts';

/** Retention, Eqs. 19 and 20. All modes compute the same function, which is linear in values and state. */
export const retention = defineOperator({
  name: 'retention',
  equations: [19, 20],
  // two definitions of the same function: the double sum of Eq. 25 for parallel mode
  definedBy: {
    parallel: { output: [25], state: [19] },
    chunkwise: { output: [19, 20], state: [19] },
    recurrent: { output: [19, 20], state: [19] },
  },
  signature: retentionSignature,
  optIn: ['scale'],
  layouts: (size) => withQueryScale(size, retentionLayouts(0)(size)),
  definition: over('bh', retentionSignature, ({ q, k, v, state }, settings: RetentionSettings, { h, mode }) => {
    const [queries, gamma] = [definedQueries(q, settings), settings.decay[h]!];
    const result = recurrence(queries, k, v, gamma, state);
    return mode === 'parallel' ? { ...result, output: denseRetention(queries, k, v, gamma, state) } : result;
  }),
  modes: retentionModes('none'),
  ...retentionForms<typeof retentionSignature, RetentionSettings>((retain) =>
    retaining(({ state, ...inputs }) => retain(inputs, state)),
  ),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  after: laterPosition,
  laws: { heads: 'h', headSettings: ['decay'], linearIn: ['v', 'state'], timeInvariant: true, exact: true },
  together: inEveryMode(
    (name): BatchProgramOf<typeof retentionSignature, RetentionSettings> =>
      ({ q, k, v, ...own }, { decay, chunkSize, batch, scale }) => {
        const before = batch.spans.map((_, i) => ownOf(own, i).state!);
        const inputs = scaledQueries({ q, k, v, decay }, { scale });
        const { output, states } = batchedRetention(modeOf(name, chunkSize), batch, inputs, before);
        return { output, ...statesByName(states.map((state) => ({ state }))) };
      },
  ),
});
