/** @file Declares the signature and definition shared by Mamba and DenseMamba. */
import type { MambaLayerState } from '../../../../spec/mamba.ts';
import type { Matrix } from '../../../../spec/notation.ts';
import type { MambaConfig } from '../../../models/mamba-config.ts';
import { type Definition, over } from '../../over.ts';
import type { Lengths } from '../../signature.ts';
import { type ModelSettings, namedStates, paramsIn, statesIn } from './language-models.ts';

/** The signature of Mamba and DenseMamba. */
export const mambaSignature =
  'tokens bt, param.embedding oi, param.**, state.*.conv bke, state.*.ssm ben -> logits bto, state.*.conv bke, state.*.ssm ben';

/** Returns the lengths of the letters of a layer's state. */
export const mambaLengths = ({ innerWidth, stateSize, convolutionWidth }: MambaConfig): Lengths => ({
  k: convolutionWidth,
  e: innerWidth,
  n: stateSize,
});

/** The scalar definition of a network, in its chapter's format. It returns the logits and each layer's final state. */
type Network<C> = (
  params: never,
  config: C,
  tokens: readonly number[],
  states: readonly MambaLayerState[],
) => { readonly logits: Matrix; readonly states: readonly MambaLayerState[] };

/** Lifts the definition of a network to a batch of sequences, with or without initial states. */
export const mambaDefinition = <C extends MambaConfig>(network: Network<C>): Definition<ModelSettings<C>> =>
  over('b', mambaSignature, ({ tokens, ...inputs }, { config }: ModelSettings<C>) => {
    const before = statesIn<{ conv: Matrix; ssm: Matrix }>(inputs).map(({ conv, ssm }) => ({
      window: conv,
      scan: ssm,
    }));
    const { logits, states } = network(paramsIn(inputs) as never, config, tokens, before);
    return { logits, ...namedStates(states.map(({ window, scan }) => ({ conv: window, ssm: scan }))) };
  });
