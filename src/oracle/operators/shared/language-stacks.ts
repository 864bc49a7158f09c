/** @file Makes operators from dense stacks of token mixers. With m = 0 they are the plain models. */
import * as fc from 'fast-check';
import type { Matrix } from '../../../../spec/notation.ts';
import type { FeatureConnection } from '../../../models/feature-fusion.ts';
import type { LanguageModel } from '../../../models/language-model.ts';
import type { DenseStackConfig, StackConfig } from '../../../models/language-stack.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import type { Tree } from '../../../tensor/tree.ts';
import { small } from '../../draw.ts';
import type { Operator } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Named } from '../../program.ts';
import type { Lengths } from '../../signature.ts';
import { featureReadings, reducesToPlain } from './dense-models.ts';
import { gatedForms } from './gated-forms.ts';
import { type ModelSettings, modelOperator, modelProgram, namedStates, paramsIn, statesIn } from './language-models.ts';
import type { ModeName } from './modes.ts';

const sizes: { readonly [F in keyof StackConfig]: fc.Arbitrary<StackConfig[F]> } = {
  vocabulary: small(4, 2),
  // the norm of a single channel keeps only its sign, and its gradients cancel to ε
  width: small(3, 2),
  layers: small(3),
  ffnWidth: fc.constantFrom(0, 0, 1, 2),
  tiedHead: fc.boolean(),
  vocabularyMultiple: fc.constantFrom(1, 4),
  // the usual 1e-6, and 1e-2 too, would amplify rounding errors from norm to norm until bounds are useless or infinite
  epsilon: fc.constant(2 ** -2),
};

const connections: fc.Arbitrary<Pick<FeatureConnection, 'denseLayers' | 'gateRank' | 'readings'>> = fc.record({
  denseLayers: small(3, 0),
  gateRank: small(2, 0),
  readings: fc.record(featureReadings),
});

/** Draws the configurations of a dense stack, from those of its mixer. */
const denseConfigs = <C extends StackConfig>(
  mixer: fc.Arbitrary<Omit<C, keyof StackConfig>>,
): fc.Arbitrary<DenseStackConfig<C>> =>
  fc
    .tuple(fc.record(sizes), mixer, connections)
    .map(([stack, own, connection]) => ({ ...stack, ...own, ...connection }) as DenseStackConfig<C>);

/** The scalar definition of a stack, in its chapter's format. */
type Network<C> = (
  params: never,
  config: C,
  tokens: readonly number[],
  states: readonly never[],
) => { readonly logits: Matrix; readonly states: readonly unknown[] };

/** The forms of a stack's modes, and the formula of each mode. */
type Formulas<C extends StackConfig> = Required<Pick<Operator<ModelSettings<DenseStackConfig<C>>>, 'forms' | 'says'>>;

/**
 * The forms of a stack whose mixer runs linear attention with gates: those of cumulated gates, as kernels compute. `denseBy` makes the dense
 * model of an algorithm.
 */
export const cumulatedForms = <C extends StackConfig, Q extends Tree, S extends Tree>(
  denseBy: (attention: LinearAttention) => LanguageModel<DenseStackConfig<C>, Q, S>,
): Formulas<C> => {
  const { forms, says } = gatedForms<string, ModelSettings<DenseStackConfig<C>>>((attention, inputs, settings) =>
    modelProgram(denseBy(attention), 'chunkwise')(inputs as Named, settings),
  );
  const { chunkwise, recurrent } = forms;
  const onlyCumulated = ({ cumulatedGates }: typeof chunkwise) => ({ cumulatedGates: cumulatedGates! });
  return {
    forms: { chunkwise: onlyCumulated(chunkwise), recurrent: onlyCumulated(recurrent) },
    says: { chunkwise: says.chunkwise, recurrent: says.recurrent },
  };
};

/** The declaration of a dense stack: both versions of the model, and its mixer's configurations. */
export interface StackDeclaration<C extends StackConfig, P extends Tree, Q extends Tree, S extends Tree, Text> {
  readonly name: string;
  readonly chapter: string;
  readonly signature: Text;
  readonly plain: LanguageModel<C, P, S>;
  readonly dense: LanguageModel<DenseStackConfig<C>, Q, S>;
  readonly mixer: fc.Arbitrary<Omit<C, keyof StackConfig>>;
  lengthsOf(config: C): Lengths;
  readonly formulas?: Formulas<C>;
  readonly definition: Network<DenseStackConfig<C>>;
}

/**
 * Declares a dense stack under every reading. Its rows are two modes: parallel mode is one chunk of all tokens, or a parallel form that
 * has rows of its own.
 */
export const stackOperator = <
  C extends StackConfig,
  P extends Tree,
  Q extends Tree,
  S extends Tree,
  const Text extends string,
>({
  plain,
  dense,
  mixer,
  definition,
  formulas,
  ...declared
}: StackDeclaration<C, P, Q, S, Text>): Operator<ModelSettings<DenseStackConfig<C>>, Text> =>
  modelOperator<DenseStackConfig<C>, Q, S, Text>({
    ...declared,
    ...(formulas as Formulas<C> | undefined),
    evidence: [],
    model: dense,
    configs: denseConfigs<C>(mixer),
    modes: ['chunkwise', 'recurrent'],
    usual: 5,
    definition: over(
      'b',
      declared.signature as string,
      ({ tokens, ...inputs }, { config }: ModelSettings<DenseStackConfig<C>>) => {
        const ids = tokens as readonly number[];
        const { logits, states } = definition(paramsIn(inputs) as never, config, ids, statesIn<never>(inputs));
        return { logits, ...namedStates(states as readonly Readonly<Record<string, Matrix>>[]) };
      },
    ),
    laws: {
      reductions: reducesToPlain<ModelSettings<DenseStackConfig<C>>>((mode) => modelProgram(plain, mode as ModeName)),
    },
  });
