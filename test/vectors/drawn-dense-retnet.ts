/** @file Draws cases of dense_retnet; their expected numbers come from the scalar definitions in spec/. */
import { type DenseRetNetParameters, denseRetNet as defined } from '../../spec/dense-retnet.ts';
import { decayNormalised, type Retain, torchscaleParallel } from '../../spec/normalised-retention.ts';
import type { Matrix, Vector } from '../../spec/notation.ts';
import type { StoredTensor } from '../../src/io/safetensors.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { authorsConfig } from '../../src/vectors/dense-retnet-weights.ts';
import type { LoadedCase } from '../../src/vectors/load.ts';
import { drawnTokens, drawnWeights, f64Tensor, listsOf } from './official.ts';

/** The sizes of a case. The config has no gate rank; only the shapes of the gates' weights have it. */
export interface Variant {
  readonly h: number;
  readonly qk: number;
  readonly heads: number;
  readonly layers: number;
  readonly m: number;
  readonly f: number;
  readonly rank: number;
  readonly b: number;
  readonly t: number;
}

const configOf = ({ h, qk, heads, layers, m, f, b, t }: Variant) => ({
  dropout: 0,
  deepnorm: false,
  rms_norm_eps: 1e-6,
  hidden_size: h,
  num_attention_heads: heads,
  query_key_dim: qk,
  num_hidden_layers: layers,
  vocab_size: 11,
  dense_block_layers: m,
  v_factor: f,
  pad_token_id: null,
  seq_len: t,
  batch: b,
  weight_gains: {},
});

function shapesOf({ h, qk, heads, layers, m, f, rank }: Variant): Record<string, Shape> {
  const e = f * h;
  const attention: Record<string, Shape> = {
    q_proj: [qk, h],
    k_proj: [qk, h],
    group_norm: [e / heads],
    'to_hidden.0': [2 * e, h],
    'to_out.0': [h, e],
    // the source fixes the width of unused gates, which has no effect
    'k_select.fc1': [rank, h],
    'k_select.fc2': [layers > 1 && m > 0 ? qk : Math.floor(h / 2), rank],
    'v_select.fc1': [rank, h],
    'v_select.fc2': [2 * h, rank],
    k_norm: [qk],
    v_norm: [e],
  };
  const shapes: Record<string, Shape> = { 'model.embed_tokens.weight': [11, h] };
  for (let l = 0; l < layers; l++) {
    for (const [name, shape] of Object.entries(attention)) shapes[`model.layers.${l}.self_attn.${name}.weight`] = shape;
    shapes[`model.layers.${l}.input_layernorm.weight`] = [h];
  }
  return { ...shapes, 'model.norm.weight': [h], 'lm_head.weight': [11, h] };
}

/** Converts the stored weights into parameters of the scalar definition. */
function definedParams(tensors: ReadonlyMap<string, StoredTensor>, { h, layers, f }: Variant): DenseRetNetParameters {
  const weight = (name: string): Matrix => listsOf(tensors, `param/${name}.weight`) as Matrix;
  const norm = (name: string): Vector => listsOf(tensors, `param/${name}.weight`) as Vector;
  const layer = (l: number): DenseRetNetParameters['layers'][number] => {
    const path = `model.layers.${l}.self_attn`;
    const fusion = (which: string) => ({
      gates: [{ down: weight(`${path}.${which}_select.fc1`), up: weight(`${path}.${which}_select.fc2`) }],
      norm: norm(`${path}.${which}_norm`),
    });
    const hidden = weight(`${path}.to_hidden.0`);
    return {
      inputNorm: norm(`model.layers.${l}.input_layernorm`),
      query: weight(`${path}.q_proj`),
      key: weight(`${path}.k_proj`),
      value: hidden.slice(0, f * h),
      outputGate: hidden.slice(f * h),
      groupNorm: norm(`${path}.group_norm`),
      output: weight(`${path}.to_out.0`),
      ...(l > 0 && { keyFusion: fusion('k'), valueFusion: fusion('v') }),
    };
  };
  return {
    embedding: weight('model.embed_tokens'),
    layers: Array.from({ length: layers }, (_, l) => layer(l)),
    finalNorm: norm('model.norm'),
    head: weight('lm_head'),
  };
}

const recurrent: Retain = (q, k, v, gamma) => decayNormalised(q, k, v, gamma);
const argmax = (row: Vector): number => row.indexOf(Math.max(...row));

/** `−log softmax(row)[label]`. */
const loss = (row: Vector, label: number): number =>
  Math.log(row.reduce((total, x) => total + Math.exp(x), 0)) - row[label]!;

/** Draws a case with all results of the scalar definition. Every third label is −100 and is ignored. */
export function drawn(variant: Variant, seed: number): LoadedCase {
  const { b, t, h } = variant;
  const config = configOf(variant);
  const ids = drawnTokens(b, t, 11, seed);
  const labels = { ...ids, data: ids.data.map((token, i) => (i % 3 === 2 ? -100 : token)) };
  const probe = Object.values(drawnWeights({ probe: [b, t, 11] }, seed + 1))[0]!;
  const given = { ...drawnWeights(shapesOf(variant), seed), 'in/input_ids': ids };
  const tensors = new Map<string, StoredTensor>(Object.entries(given));
  if (t > 1) tensors.set('in/labels', labels);
  else tensors.set('in/probe', probe);

  const params = definedParams(tensors, variant);
  const model = (tokens: Vector, retain: Retain, head = params.head): Matrix =>
    defined({ ...params, head }, authorsConfig(config), tokens, retain);
  const rowsOf = (stored: StoredTensor, i: number): number[] => [...stored.data.subarray(i * t, (i + 1) * t)];
  const sequences = Array.from({ length: b }, (_, i) => rowsOf(ids, i));
  const parallel = sequences.map((tokens) => model(tokens, torchscaleParallel));
  const identity = Array.from({ length: h }, (_, i) => Array.from({ length: h }, (_one, j) => (i === j ? 1 : 0)));
  const hidden = sequences.map((tokens) => model(tokens, torchscaleParallel, identity));
  const generated = sequences.map((tokens) => {
    const all = [...tokens];
    for (let step = 0; step < 3; step++) all.push(argmax(model(all, recurrent).at(-1)!));
    return all.slice(t);
  });

  // the cotangent of the logits gives the gradient of the head: Σ cotangent ⊗ hidden state
  const counted = sequences.flatMap((_, i) =>
    rowsOf(t > 1 ? labels : ids, i)
      .slice(1)
      .map((label, at) => ({ i, at, label }))
      .filter(({ label }) => label >= 0),
  );
  const losses = counted.map(({ i, at, label }) => loss(parallel[i]![at]!, label) / counted.length);
  const cotangents = parallel.map((rows, i) =>
    rows.map((row, at) =>
      row.map((_, v) => {
        if (t === 1) return probe.data[(i * t + at) * 11 + v]!;
        const one = counted.find((place) => place.i === i && place.at === at);
        return one === undefined ? 0 : (Math.exp(-loss(row, v)) - (v === one.label ? 1 : 0)) / counted.length;
      }),
    ),
  );
  const headGradient = params.head.map((row, v) =>
    row.map((_, c) =>
      hidden.flatMap((rows, i) => rows.map((x, at) => cotangents[i]![at]![v]! * x[c]!)).reduce((a, x) => a + x, 0),
    ),
  );
  const probed = parallel.flat(2).reduce((total, x, i) => total + x * probe.data[i]!, 0);
  const expected = {
    'out/logits_parallel': f64Tensor([b, t, 11], parallel.flat(2)),
    'out/logits_recurrent': f64Tensor([b, t, 11], sequences.map((tokens) => model(tokens, recurrent)).flat(2)),
    [`out/hidden_states.${variant.layers}`]: f64Tensor([b, t, h], hidden.flat(2)),
    'out/loss': f64Tensor([], [t > 1 ? losses.reduce((total, x) => total + x, 0) : probed]),
    'grad/lm_head.weight': f64Tensor([11, h], headGradient.flat()),
    'out/generated_ids': { ...f64Tensor([b, 3], generated.flat()), dtype: 'I32' },
  } as const;
  for (const [name, tensor] of Object.entries(expected)) tensors.set(name, tensor);
  return { family: 'dense_retnet', name: 'drawn', config, tensors, problems: [] };
}
