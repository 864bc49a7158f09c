/** @file Family dense_mamba: DenseMamba as a language model, in every mode. */
import { type DenseMambaParams, denseMamba } from '../models/dense-mamba.ts';
import type { DenseMambaConfig } from '../models/dense-mamba-config.ts';
import { sourcesOf } from '../models/fusion-shapes.ts';
import type { ModelState } from '../models/language-model.ts';
import type { MambaLayerState } from '../models/mamba-block.ts';
import type { Mode } from '../nn/mode.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter, Answers, VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn } from './config.ts';
import { tokensIn } from './language-model.ts';
import { paramsOf as mambaParamsOf, mambaSizesIn } from './mamba-lm.ts';
import { objectivesOf } from './objective.ts';
import { fusionOf, probedBy, probedRun, stateReadingsIn, total, type Variables } from './state-fusion.ts';
import { type Weights, weightOf } from './weights.ts';

const modes: readonly Mode[] = [
  { name: 'parallel' },
  { name: 'recurrent' },
  { name: 'chunkwise', chunkSize: 1 },
  { name: 'chunkwise', chunkSize: 4 },
];

/** DenseMamba in every mode; gradients are of `out/objective`. Throws on a config that makes no model, on missing and misshaped tensors. */
export const denseMambaCase: Adapter = (testCase) => {
  const config = configIn(testCase.config);
  denseMamba.check(config);
  const [first, ...others] = modes.map((mode) => answersIn(testCase, config, mode));
  return { tensors: first!, modes: Object.fromEntries(others.map((tensors, i) => [nameOf(modes[i + 1]!), tensors])) };
};

const nameOf = (mode: Mode): string => (mode.name === 'chunkwise' ? `chunkwise (${mode.chunkSize})` : mode.name);

const isState = (name: string): boolean => name.startsWith('in/state.');

function answersIn(testCase: VectorCase, config: DenseMambaConfig, mode: Mode): Answers['tensors'] {
  const size = [integerIn(testCase.config, 'batch'), integerIn(testCase.config, 'seq_len')] as const;
  const { loss } = objectivesOf(testCase, 'in/input_ids', size[1]);
  const layers = Array.from({ length: config.layers }, (_, l) => l);
  const places = layers.flatMap((l) => [`out/state.${l}.ssm`, `out/state.${l}.conv`]);
  const predicts = size[1] > 1;
  return probedRun(
    testCase,
    isState,
    config.layers,
    ['out/logits', ...(predicts ? ['out/loss'] : []), ...places],
    (variables, on) => {
      const before = stateOf(testCase, variables, config, size[0]);
      const { logits, state } = denseMamba.forward(
        paramsOf(variables, config),
        config,
        tokensIn(testCase, size, on),
        before,
        mode,
      );
      const lost = loss(logits);
      const probed = layers.map((l) => probedBy(testCase, `in/probe.state.${l}`, state.layers[l]!.ssm));
      const after = layers.flatMap((l): [string, Value][] => [
        [`out/state.${l}.ssm`, state.layers[l]!.ssm],
        // theirs has time last
        [`out/state.${l}.conv`, transpose(state.layers[l]!.conv, [0, 2, 1])],
      ]);
      return {
        outputs: { 'out/logits': logits, 'out/loss': lost, ...Object.fromEntries(after) },
        objective: total([lost, ...probed]),
      };
    },
  );
}

/** The states that a case gives, or the model's own start. */
function stateOf(
  { config: stored }: VectorCase,
  variables: Variables,
  config: DenseMambaConfig,
  batch: number,
): ModelState<MambaLayerState> {
  const { layers, innerWidth, stateSize, convolutionWidth } = config;
  if (!booleanIn(stored, 'initial_state')) return denseMamba.start(paramsOf(variables, config), config, batch);
  const given = (l: number): MambaLayerState => ({
    conv: transpose(weightOf(variables, `in/state.${l}.conv`, [batch, innerWidth, convolutionWidth]), [0, 2, 1]),
    ssm: weightOf(variables, `in/state.${l}.ssm`, [batch, innerWidth, stateSize]),
  });
  return { position: 1, layers: Array.from({ length: layers }, (_, l) => given(l)) };
}

function paramsOf(weights: Weights, config: DenseMambaConfig): DenseMambaParams {
  const { layers, ...rest } = mambaParamsOf(weights, config);
  const sizes = {
    e: config.innerWidth,
    n: config.stateSize,
    input: config.readings.gateInput === 'normed' ? config.width : config.innerWidth,
    gateRank: config.gateRank,
  };
  return {
    ...rest,
    layers: layers.map((layer, l) => {
      const sources = sourcesOf(config, l).length;
      if (sources === 0) return layer;
      return { ...layer, fusion: fusionOf(weights, `layers.${l}.mixer.`, sources, config.readings, sizes) };
    }),
  };
}

function configIn(config: VectorCase['config']): DenseMambaConfig {
  return {
    ...mambaSizesIn(config),
    denseLayers: integerIn(config, 'm', 0),
    gateRank: integerIn(config, 'gate_rank', 0),
    readings: { ...stateReadingsIn(config), gateInput: choiceIn(config, 'gate_input', ['normed', 'u']) },
  };
}
