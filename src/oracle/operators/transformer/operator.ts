/** @file Declares the Transformer under each of its readings, with a tied or separate head, with or without a cache. */
import * as fc from 'fast-check';
import type { Matrix } from '../../../../spec/notation.ts';
import { transformer as definition, type TransformerParameters } from '../../../../spec/transformer.ts';
import { type TransformerConfig, transformer } from '../../../models/transformer.ts';
import { small } from '../../draw.ts';
import { over } from '../../over.ts';
import { type ModelSettings, modelOperator, namedStates, paramsIn, statesIn } from '../shared/language-models.ts';

const signature =
  'tokens bt, param.embedding oi, param.**, state.*.keys bhsd, state.*.values bhse -> logits bto, state.*.keys bh(s+t)d, state.*.values bh(s+t)e';

const configs: fc.Arbitrary<TransformerConfig> = fc
  .record({
    vocabulary: small(7, 2),
    heads: small(2),
    pairs: small(2),
    ffnWidth: small(4),
    layers: small(2),
    rotaryBase: fc.constantFrom(10000, 10),
    rotaryPairs: fc.constantFrom('neighbours', 'halves'),
    scoreScaling: fc.constantFrom('none', 'rootKeyWidth'),
    tiedHead: fc.boolean(),
  })
  .map(({ pairs, ...sizes }) => ({ ...sizes, width: 2 * pairs * sizes.heads, epsilon: 1e-6 }));

/** The caches of one layer, head by head. */
interface Caches {
  readonly keys: readonly Matrix[];
  readonly values: readonly Matrix[];
}

export const transformerOperator = modelOperator({
  name: 'transformer',
  chapter: 'spec/transformer.ts',
  signature,
  model: transformer,
  configs,
  lengthsOf: ({ heads, width }) => ({ h: heads, d: width / heads, e: width / heads }),
  definition: over('b', signature, ({ tokens, ...inputs }, { config }: ModelSettings<TransformerConfig>) => {
    const before = statesIn<Caches>(inputs).map(({ keys, values }) =>
      keys.map((ofHead, a) => ({ keys: ofHead, values: values[a]! })),
    );
    const params = paramsIn(inputs) as TransformerParameters;
    const { logits, caches } = definition(params, config, tokens, before);
    const after = caches.map((heads) => ({
      keys: heads.map(({ keys }) => keys),
      values: heads.map(({ values }) => values),
    }));
    return { logits, ...namedStates(after) };
  }),
});
