/** @file Family dense_retnet: the authors' DenseRetNet, with all its intermediates. */
import { denseRetNet } from '../models/dense-retnet.ts';
import type { DenseRetNetConfig } from '../models/dense-retnet-config.ts';
import { generate } from '../models/generate.ts';
import { gateLogits } from '../nn/selective-transition.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, type Answer, type Answers, answer, type VectorCase } from './case.ts';
import { integerIn } from './config.ts';
import { authorsConfig, authorsParams, usedParams } from './dense-retnet-weights.ts';
import { rotatedRuns, tokensIn } from './language-model.ts';
import { withPrecisions } from './names.ts';
import { weightsIn } from './weights.ts';

/** The authors' names of a layer's intermediates, and our sites. */
const sites: Readonly<Record<string, string>> = {
  attn_input: 'input',
  q_pre_silu: 'queryProjected',
  k_pre_silu: 'keyProjected',
  v: 'value',
  gate: 'outputGate',
  k_curr: 'key',
  v_curr: 'value',
  k_fused_pre_norm: 'keyFused',
  k_fused: 'keyNormed',
  v_fused_pre_norm: 'valueFused',
  v_fused: 'valueNormed',
  q: 'q',
  k: 'k',
  qr: 'qRotated',
  kr: 'kRotated',
  qk_normalised: 'scores',
  ret_pre_groupnorm: 'retention',
  ret_post_groupnorm: 'retentionNormed',
  gated: 'gated',
  attn_out: 'output',
};

/**
 * The authors' DenseRetNet in its modes. The rank of its gates is that of its weights.
 * Throws on a config that makes no model, on values without a formula, on missing and misshaped tensors.
 */
export const denseRetNetCase: Adapter = (testCase) => {
  const rank = testCase.tensors.get('param/model.layers.0.self_attn.k_select.fc1.weight')?.shape[0];
  const config = authorsConfig(testCase.config, rank);
  const { layers, heads, keyWidth } = config;
  const size = [integerIn(testCase.config, 'batch'), integerIn(testCase.config, 'seq_len')] as const;
  const runs = rotatedRuns(testCase, {
    model: denseRetNet,
    config,
    params: (weights) => usedParams(authorsParams(weights, config), config),
    size,
    labels: 'in/labels',
    layers,
    heads: { heads, d: keyWidth / heads },
    buffers: 'model.retnet_rel_pos.',
  });
  const hidden = Array.from({ length: layers + 1 }, (_, l) => [
    `out/hidden_states.${l}`,
    () => answer(runs.at(`hidden.${l}`)),
  ]);
  const inside = Array.from({ length: layers }, (_, l) => layerAnswers(testCase, config, l, runs.at));
  return {
    tensors: withPrecisions(testCase, {
      ...runs.tensors,
      ...Object.fromEntries(hidden),
      ...Object.assign({}, ...inside),
      'out/generated_ids': () => generated(testCase, config, size),
    }),
  };
};

function layerAnswers(
  testCase: VectorCase,
  config: DenseRetNetConfig,
  l: number,
  at: (site: string) => Value,
): Answers['tensors'] {
  const path = `layers.${l}.`;
  const named = Object.entries(sites).map(([name, site]) => [name, () => answer(at(`${path}${site}`))] as const);
  // without sources our model computes no gate; the authors' code computes it all the same
  const gate = (which: 'key' | 'value') => (): Answer => {
    if (config.denseLayers > 0) return answer(at(`${path}${which}Gate`));
    const x = at(`${path}input`);
    const layer = authorsParams(weightsIn(testCase, x.on), config).layers[l]!;
    return answer(gateLogits(x, layer[`${which}Fusion`]!.gates![0]!));
  };
  const all = { ...Object.fromEntries(named), k_gate_pre_silu: gate('key'), v_gate_pre_silu: gate('value') };
  return Object.fromEntries(Object.entries(all).map(([name, compute]) => [`inter/${l}/${name}`, compute]));
}

/** The greedy continuation, as long as the wanted one, by the recurrent mode alone as in the authors' generate(). */
function generated(testCase: VectorCase, config: DenseRetNetConfig, size: readonly number[]): Answer {
  const params = usedParams(authorsParams(weightsIn(testCase), config), config);
  const steps = testCase.wanted.get('out/generated_ids')!.shape[1] ?? 0;
  const rows = generate(denseRetNet, params, config, tokensIn(testCase, size), { steps });
  return { shape: [rows.length, steps], data: rows.flat() };
}
