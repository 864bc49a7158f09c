/** @file Declares retention over fused keys and values (Eq. 25), with an initial state and concatenated heads. */
import * as fc from 'fast-check';
import { retention as recurrence } from '../../../../spec/19-retention.ts';
import { denseSequence } from '../../../../spec/21-dense-keys-and-values.ts';
import { denseRetention as doubleSum } from '../../../../spec/25-dense-retention.ts';
import { headChannels } from '../../../../spec/multi-scale-retention.ts';
import type { Matrix } from '../../../../spec/notation.ts';
import { headsLast, splitHeads } from '../../../nn/multi-head-retention.ts';
import type { Retention } from '../../../nn/retention/inputs.ts';
import { retentionIn } from '../../../nn/retention/modes.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, chunkDraws, chunkSizeOf, decays, decaysOf, lengths, small } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { under } from '../../named.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Named, Program } from '../../program.ts';
import {
  alone,
  byAddition,
  type FusionSettings,
  fusedOnEngine,
  fusionInputs,
  fusionReadings,
  numbered,
  parametersOf,
  plainInputs,
  weightsOf,
  withoutSources,
} from '../shared/dense-features.ts';
import { linearAttentionTaps } from '../shared/linear-attention.ts';
import { inEveryMode, type ModeName, modeOf } from '../shared/modes.ts';
import { retentionForms } from '../shared/retention-forms.ts';

const sequences = 'q bt(hd), k bt(hd), v bt(he), x bti, state bhde, keys.* bt(hd), values.* bt(he)';

const ofKeys = 'param.k.gates.*.down ri, param.k.gates.*.up (hd)r, param.k.projections.* (hd)(hd), param.k.norm? (hd)';

const ofValues =
  'param.v.gates.*.down ri, param.v.gates.*.up (he)r, param.v.projections.* (he)(he), param.v.norm? (he)';

const signature = `${sequences}, ${ofKeys}, ${ofValues} -> output bt(he), state bhde` as const;

/** Settings of dense retention: those of fusion, γ of each head, and the chunk size. */
type DenseRetentionSettings = FusionSettings & { readonly decay: readonly number[]; readonly chunkSize: number };

type DenseProgram = ProgramOf<typeof signature, DenseRetentionSettings>;

/** Runs retention on q, k [b, t, h·d] and v [b, t, h·e], whose heads are concatenated. */
function retain(
  retention: Retention,
  { decay }: DenseRetentionSettings,
  [q, k, v]: readonly [Value, Value, Value],
  before: Value,
): Record<'output' | 'state', Value> {
  const [qs, ks, vs] = [q, k, v].map((x) => splitHeads(x, decay.length)) as [Value, Value, Value];
  const { output, state } = retention({ q: qs, k: ks, v: vs, decay }, before);
  return { output: reshape(headsLast(output), v.shape), state };
}

const retentionOf = (name: ModeName, { chunkSize }: DenseRetentionSettings): Retention =>
  retentionIn(modeOf(name, chunkSize));

/** Runs a retention over fused keys and values. */
const denselyConnected =
  (retention: Retention): DenseProgram =>
  ({ q, k, v, x, state, ...inputs }, settings) => {
    const keys = fusedOnEngine(k, under(inputs, 'keys.'), x, weightsOf(inputs, 'param.k.'), settings);
    const values = fusedOnEngine(v, under(inputs, 'values.'), x, weightsOf(inputs, 'param.v.'), settings);
    return retain(retention, settings, [q, keys, values], state);
  };

/** Runs retention without dense connections. */
const plainRetention =
  (mode: string): Program<DenseRetentionSettings> =>
  (inputs, settings) => {
    const { q, k, v, state } = inputs as Named & Record<'q' | 'k' | 'v' | 'state', Value>;
    const own = (x: Value, norm: string): Value => alone(x, inputs[norm], settings.epsilon);
    return retain(
      retentionOf(mode as ModeName, settings),
      settings,
      [q, own(k, 'param.k.norm'), own(v, 'param.v.norm')],
      state,
    );
  };

/** Dense retention, Eq. 25. */
export const denseRetention = defineOperator({
  name: 'denseRetention',
  equations: [25],
  definedBy: inEveryMode(() => ({ output: [25], state: [19] })),
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 2),
        h: axis(size, 'h', 2),
        t: lengths(size),
        d: axis(size, 'd', 3),
        e: axis(size, 'e', 3),
        i: axis(size, 'i', 3),
        r: axis(size, 'r', 2, 0),
        shallow: small(3, 0),
        denseLayers: small(3, 0),
        readings: fusionReadings,
        decay: decays(2, size),
        chunk: chunkDraws,
      })
      .map(({ shallow, denseLayers, readings, decay, chunk, ...letters }) => {
        const fusions = { denseLayers, epsilon: 1e-6, readings };
        const sources = Math.min(shallow, denseLayers);
        const layers = [...numbered('keys', shallow), ...numbered('values', shallow)];
        return layoutOf(signature, {
          lengths: letters,
          settings: { ...fusions, decay: decaysOf(decay, letters.h), chunkSize: chunkSizeOf(chunk, letters.t) },
          inputs: {
            ...plainInputs(['q', 'k', 'v', 'x', 'state', ...layers]),
            ...fusionInputs('param.k.', fusions, sources),
            ...fusionInputs('param.v.', fusions, sources),
          },
        });
      }),
  definition: over('b', signature, ({ q, k, v, x, state, ...inputs }, settings: DenseRetentionSettings) => {
    const { decay } = settings;
    const rule = byAddition(settings);
    const keys = denseSequence(k, under(inputs, 'keys.'), x, parametersOf(inputs, 'param.k.'), rule);
    const values = denseSequence(v, under(inputs, 'values.'), x, parametersOf(inputs, 'param.v.'), rule);
    const heads = decay.map((gamma, h) => {
      const [qs, ks, vs] = [q, keys, values].map((all) => headChannels(all, h, decay.length)) as [
        Matrix,
        Matrix,
        Matrix,
      ];
      return {
        output: doubleSum(qs, ks, vs, gamma, state[h]),
        state: recurrence(qs, ks, vs, gamma, state[h]).state,
      };
    });
    return {
      output: q.map((_, t) => heads.flatMap(({ output }) => output[t]!)),
      state: heads.map((head) => head.state),
    };
  }),
  modes: inEveryMode(
    (name): DenseProgram =>
      (inputs, settings) =>
        denselyConnected(retentionOf(name, settings))(inputs, settings),
  ),
  ...retentionForms<typeof signature, DenseRetentionSettings>(denselyConnected),
  taps: linearAttentionTaps,
  reference: 'recurrent',
  laws: { timeInvariant: true, reductions: withoutSources(plainRetention) },
});
