/** @file What Mamba and DenseMamba share as operators: their signature, and a definition from the first token on or from states. */
import type { MambaLayerState } from '../../../../spec/mamba.ts';
import type { Matrix } from '../../../../spec/notation.ts';
import type { MambaConfig } from '../../../models/mamba-config.ts';
import { type Definition, over } from '../../over.ts';
import type { Lengths } from '../../signature.ts';
import { type ModelSettings, namedStates, paramsIn, statesIn } from './language-models.ts';

/** What every network of Mamba's kind takes and gives. */
export const mambaSignature =
  'tokens bt, param.embedding oi, param.**, state.*.conv bke, state.*.ssm ben -> logits bto, state.*.conv bke, state.*.ssm ben';

/** The lengths of the letters of a layer's state. */
export const mambaLengths = ({ innerWidth, stateSize, convolutionWidth }: MambaConfig): Lengths => ({
  k: convolutionWidth,
  e: innerWidth,
  n: stateSize,
});

/** A network as its chapter defines it, with the state that each layer leaves. */
type Network<C> = (
  params: never,
  config: C,
  tokens: readonly number[],
  states: readonly MambaLayerState[],
) => { readonly logits: Matrix; readonly states: readonly MambaLayerState[] };

/** A definition of a network of Mamba's kind. */
export const mambaDefinition = <C extends MambaConfig>(network: Network<C>): Definition<ModelSettings<C>> =>
  over('b', mambaSignature, ({ tokens, ...inputs }, { config }: ModelSettings<C>) => {
    const before = statesIn<{ conv: Matrix; ssm: Matrix }>(inputs).map(({ conv, ssm }) => ({
      window: conv,
      scan: ssm,
    }));
    const { logits, states } = network(paramsIn(inputs) as never, config, tokens, before);
    return { logits, ...namedStates(states.map(({ window, scan }) => ({ conv: window, ssm: scan }))) };
  });
