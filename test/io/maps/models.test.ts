import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  exportModel,
  formatSafetensors,
  importModel,
  parseSafetensors,
  type TensorToStore,
  writeFolderWhole,
} from '../../../src/io/index.ts';
import { paperReadings } from '../../../src/models/index.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { root } from '../../support/root.ts';
import { type Case, cases, logitsOf } from './cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'densessm-maps-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/** A folder with the exported files of a model, changed first. */
function exported(
  one: Case,
  change: (tensors: Map<string, TensorToStore>, config: Record<string, unknown>) => void = () => {},
): string {
  const files = exportModel(one, one.project);
  const tensors = new Map<string, TensorToStore>(
    parseSafetensors(files['model.safetensors'] as Uint8Array, 'it').tensors,
  );
  const config = JSON.parse(files['config.json'] as string);
  change(tensors, config);
  const path = join(folder, String(++count));
  writeFolderWhole(path, {
    'config.json': JSON.stringify(config).replaceAll('"Infinity"', 'Infinity'),
    'model.safetensors': formatSafetensors(tensors),
  });
  return path;
}

const names = cases.map((one) => [one.project, one.model, one.what, one] as const);

describe.each(names)('%s: %s, %s', (project, _model, _what, one) => {
  it('comes back as it was', () => {
    const back = importModel(exported(one));
    expect(back.project).toBe(project);
    expect(back.model).toBe(one.model);
    expect(back.params).toEqual(one.params);
    // theirs may not know which rows of the embedding are padding, and leaves out what is the default
    const { vocabulary: _1, vocabularyMultiple: _2, ...own } = one.config;
    expect(back.config).toMatchObject(own);
  });

  it('comes back in single precision as it was', () => {
    const short = { ...one, params: Float32Array.from(one.params) };
    expect(importModel(exported(short)).params).toEqual(short.params);
  });

  it('has a place for each tensor: without one, with another, with another shape', () => {
    const [name, tensor] = [
      ...parseSafetensors(exportModel(one, project)['model.safetensors'] as Uint8Array, '').tensors,
    ].find(([key]) => /norm_f|model\.norm|^layer_norm/.test(key))!;
    const wrong = exported(one, (tensors) => {
      tensors.delete(name);
      tensors.set(`${name}s`, tensor);
      const first = tensors.keys().next().value!;
      tensors.set(first, { dtype: 'F64', shape: [1], data: [0] });
    });
    expect(() => importModel(wrong)).toThrow(InputError);
    expect(() => importModel(wrong)).toThrow(`1 missing: "${name}"`);
    expect(() => importModel(wrong)).toThrow(`(did you mean '${name}s'?)`);
    expect(() => importModel(wrong)).toThrow(`1 without a place in this model: "${name}s"`);
    expect(() => importModel(wrong)).toThrow('1 of another shape');
  });
});

const [plain, , groups, limited] = cases.filter(({ project }) => project === 'transformers') as [
  Case,
  Case,
  Case,
  Case,
];
const official = cases.find(({ project, model }) => project === 'state-spaces' && model === 'mamba') as Case;
const official2 = cases.find(({ project, model }) => project === 'state-spaces' && model === 'mamba2') as Case;

const authors = cases.find(({ project }) => project === 'authors') as Case;
const scaled = cases.find(({ project }) => project === 'torchscale') as Case;

describe('a model of another project', () => {
  it.each([authors, scaled])('is refused with tables that are others, and read without them: $project', (one) => {
    const name = (tensors: ReadonlyMap<string, unknown>) => [...tensors.keys()].find((key) => key.endsWith('decay'))!;
    const wrong = exported(one, (tensors) => {
      const table = tensors.get(name(tensors))!;
      tensors.set(name(tensors), { ...table, data: Float64Array.from(table.data, (x) => x * 1.001) });
    });
    expect(() => importModel(wrong)).toThrow('decay" has other numbers than the model\'s own');
    expect(importModel(exported(one, (tensors) => void tensors.delete(name(tensors)))).params).toEqual(one.params);
  });

  it('is read from shards, and a shard that lacks its tensor is refused', () => {
    const path = exported(plain);
    const { tensors } = parseSafetensors(readFileSync(join(path, 'model.safetensors')), '');
    const shards = join(folder, 'shards');
    mkdirSync(shards);
    const half = (odd: number) => new Map([...tensors].filter((_, i) => i % 2 === odd));
    const map: Record<string, string> = {};
    for (const odd of [0, 1]) {
      writeFileSync(join(shards, `model-${odd}.safetensors`), formatSafetensors(half(odd)));
      for (const name of half(odd).keys()) map[name] = `model-${odd}.safetensors`;
    }
    const index = (weights: object) =>
      writeFileSync(
        join(shards, 'model.safetensors.index.json'),
        JSON.stringify({ metadata: {}, weight_map: weights }),
      );
    writeFileSync(join(shards, 'config.json'), readFileSync(join(path, 'config.json')));
    index(map);
    expect(importModel(shards).params).toEqual(plain.params);
    index({ ...map, extra: 'model-1.safetensors' });
    expect(() => importModel(shards)).toThrow('has no tensor "extra", which model.safetensors.index.json names there');
    index({ ...map, extra: '../model-1.safetensors' });
    expect(() => importModel(shards)).toThrow('it is a name in the same folder');
    index({ ...map, extra: 'gone.safetensors' });
    expect(() => importModel(shards)).toThrow('gone.safetensors: does not exist');
  });

  it('is read in half precision, into single precision', () => {
    const path = exported(plain, (tensors) => {
      for (const [name, tensor] of tensors) tensors.set(name, { ...tensor, dtype: 'BF16' });
    });
    const { params } = importModel(path);
    expect(params).toBeInstanceOf(Float32Array);
    expect(Math.max(...params.map((x, i) => Math.abs(x - plain.params[i]!)))).toBeLessThan(0.01);
  });

  it('is read in half precision with tables in half precision, whose rounding is not the model', () => {
    const path = exported(authors, (tensors) => {
      for (const [name, tensor] of tensors) tensors.set(name, { ...tensor, dtype: 'F16' });
    });
    expect(importModel(path).params).toBeInstanceOf(Float32Array);
  });

  it('is refused with a number that is not finite', () => {
    const path = exported(plain, (tensors) => {
      const weight = tensors.get('backbone.norm_f.weight')!;
      tensors.set('backbone.norm_f.weight', { ...weight, data: Float64Array.from(weight.data).with(2, NaN) });
    });
    expect(() => importModel(path)).toThrow('"backbone.norm_f.weight" has NaN at element 2; take another file');
  });

  it('is refused where it is a pickle, not there, or ours', () => {
    const path = join(folder, 'pickle');
    mkdirSync(path);
    expect(() => importModel(path)).toThrow('config.json: does not exist');
    writeFileSync(join(path, 'config.json'), JSON.stringify({ model_type: 'gpt2', n_embd: 8 }));
    expect(() => importModel(path)).toThrow('is of no model that can be read, model_type "gpt2"; there are mamba of');
    writeFileSync(join(path, 'config.json'), JSON.stringify({ model_type: 'mamba', width: 8 }));
    expect(() => importModel(path)).toThrow('is of densessm already; densessm sample reads its folder');
    writeFileSync(join(path, 'config.json'), JSON.stringify({ model_type: 'mamba', hidden_size: 8 }));
    expect(() => importModel(path)).toThrow('has no model.safetensors');
    writeFileSync(join(path, 'pytorch_model.bin'), '');
    expect(() => importModel(path)).toThrow(/pytorch_model\.bin is a pickle, which runs code .* save_file/);
  });

  it('is refused where its read-out differs from the embedding that it is tied to', () => {
    const path = exported(official, (tensors) => {
      const head = tensors.get('lm_head.weight')!;
      tensors.set('lm_head.weight', { ...head, data: Float64Array.from(head.data).with(3, 7) });
    });
    expect(() => importModel(path)).toThrow('"lm_head.weight" differs from the tensor that the config ties it to');
  });

  it.each<[string, Case, Record<string, unknown>, string]>([
    ['another activation', plain, { hidden_act: 'gelu' }, 'hidden_act is "gelu"; our model has "silu" or "swish" only'],
    ['a size that is no number', plain, { state_size: '3' }, 'state_size is "3"; it is an integer ≥ 1'],
    ['a size that is missing', plain, { hidden_size: null }, 'hidden_size is null'],
    ['heads that do not fit', groups, { num_heads: 3 }, 'num_heads 3 times head_dim 4 is not expand'],
    ['limits upside down', groups, { time_step_limit: [1, 0] }, 'time_step_limit is [1,0]; it is [least, most]'],
    ['layer norms', official, { rms_norm: false }, 'rms_norm is false; our model has true only'],
    ['attention', official, { attn_layer_idx: [1] }, 'attn_layer_idx is [1]; our model has [] only'],
    ['a feed-forward network of Mamba', official, { d_intermediate: 8 }, 'd_intermediate is 8; our model has 0 only'],
    [
      'a tied read-out',
      authors,
      { tie_word_embeddings: true },
      'tie_word_embeddings is true; our model has false only',
    ],
    ['m below 0', authors, { dense_block_layers: -1 }, 'dense_block_layers is -1; it is an integer ≥ 0'],
    ['norms after the branches', scaled, { decoder_normalize_before: false }, 'our model has true only'],
    [
      'deepnorm, which turns them so',
      scaled,
      { deepnorm: true, decoder_normalize_before: undefined },
      'deepnorm norms after',
    ],
    ['an expert layer', scaled, { moe_freq: 2 }, 'moe_freq is 2; our model has 0 only'],
    ['an unknown setting', official, { ssm_cfg: { twist: 1 } }, 'ssm_cfg has "twist", which is unknown here'],
    [
      'a norm before the gate',
      official2,
      { ssm_cfg: { layer: 'Mamba2', norm_before_gate: true } },
      'norm_before_gate is true; our model has false only',
    ],
    [
      'another ε of some norms',
      official2,
      { norm_epsilon: 1e-6 },
      'norm_epsilon is 0.000001; our model has 0.00001 only',
    ],
  ])('is refused with %s', (_, one, fields, message) => {
    expect(() => importModel(exported(one, (_tensors, config) => void Object.assign(config, fields)))).toThrow(message);
  });

  it('has the limits of step sizes that Python writes, with infinity', () => {
    const limits = (limit: unknown) =>
      importModel(exported(limited, (_, config) => void Object.assign(config, { time_step_limit: limit }))).config
        .deltaLimit;
    expect(limits([0, 'Infinity'])).toBeUndefined();
    expect(limits([0.1, { __float__: 'Infinity' }])).toEqual([0.1, Number.MAX_VALUE]);
    expect(limits([0.1, 'Infinity'])).toEqual([0.1, Number.MAX_VALUE]);
  });

  it('computes another function with the norm of another number of groups, or without limits', () => {
    const ids = [[3, 0, 7]];
    const ours = logitsOf(limited, ids);
    for (const own of [{ normGroups: 2 }, { deltaLimit: undefined }])
      expect(logitsOf({ ...limited, config: { ...limited.config, ...own } }, ids)).not.toEqual(ours);
  });
});

/** A folder as the project that made a case of our vectors would have it: its weights, tables and configuration. */
function folderOf(path: string): { folder: string; ids: number[][]; logits: Float64Array } {
  const { tensors, metadata } = parseSafetensors(readFileSync(join(root, 'test/vectors', path)), path);
  const config = JSON.parse(metadata.get('config')!);
  const isMamba = path.startsWith('mamba/');
  const weights = [...tensors].flatMap(([name, tensor]): [string, TensorToStore][] => {
    const [, own] = /^(?:param|buffer)\/(.*)$/.exec(name) ?? [];
    return own === undefined ? [] : [[isMamba ? `backbone.${own}` : own, tensor]];
  });
  const { d_state, d_conv, expand, dt_rank, bias, conv_bias } = config;
  const theirs = isMamba ? { ...config, ssm_cfg: { d_state, d_conv, expand, dt_rank, bias, conv_bias } } : config;
  const out = join(folder, `vectors-${++count}`);
  writeFolderWhole(out, {
    'config.json': JSON.stringify(theirs),
    'model.safetensors': formatSafetensors(new Map(weights)),
  });
  const { data, shape } = tensors.get('in/input_ids')!;
  const ids = Array.from({ length: shape[0]! }, (_, row) => [...data.subarray(row * shape[1]!, (row + 1) * shape[1]!)]);
  return { folder: out, ids, logits: (tensors.get('out/logits_parallel') ?? tensors.get('out/logits')!).data };
}

describe('the weights of third-party code', () => {
  it.each([
    ['dense_retnet/p02_heads4_m2', 'authors'],
    ['dense_retnet/p06_hidden16_mid0', 'authors'],
    ['dense_retnet/p07_single_vf1_qk12', 'authors'],
    ['dense_retnet/p09_pad0_big_qk', 'authors'],
    ['dense_retnet/p10_small_v_eps', 'authors'],
    ['retnet/r05_decoder2', 'torchscale'],
    ['mamba/m00_tiny', 'state-spaces'],
    ['mamba/m04_noconvbias_short', 'state-spaces'],
  ])('%s, by the names of %s, give its logits', (path, project) => {
    const { folder: theirs, ids, logits } = folderOf(`${path}.safetensors`);
    const model = importModel(theirs);
    expect(model.project).toBe(project);
    const off = logitsOf(model, ids).map((x, i) => Math.abs(x - logits[i]!) - 1e-10 * Math.abs(logits[i]!));
    expect(Math.max(...off)).toBeLessThan(1e-11);
    expect(logits.length).toBe(off.length);
  });
});

describe('a model of ours', () => {
  const out = (one: Case, config: object, project = one.project) =>
    exportModel({ ...one, config: { ...one.config, ...config } }, project);

  it.each<[string, () => unknown, string]>([
    ['an unknown project', () => out(plain, {}, 'transformer'), "(did you mean 'transformers'?)"],
    [
      'no such model',
      () => exportModel({ ...plain, model: 'gla' }, 'transformers'),
      'transformers has no gla, only mamba',
    ],
    ['a norm of groups', () => out(limited, { normGroups: 2 }), 'its Mamba-2 norms all channels together'],
    ['a width that expand does not give', () => out(plain, { innerWidth: 12 }), 'is no multiple of width 8'],
    [
      'a feed-forward network',
      () => out(groups, { ffnWidth: 8 }),
      'transformers has no place for the parameter layers.0.ffnNorm',
    ],
    ['another ε', () => out(official, { epsilon: 1e-6 }), 'epsilon is 0.000001, there 1e-5'],
    ['limits of step sizes', () => out(official2, { deltaLimit: [0, 1] }), 'step sizes have limits'],
    [
      'other readings',
      () => out(authors, { readings: paperReadings }),
      'projection linear, fusedNorm none, retentionNorm none, in their code projection identity, fusedNorm rms, retentionNorm torchscale',
    ],
    ['widths that their gates lack', () => out(authors, { keyWidth: 8 }), 'their gates are for 4 and 16'],
    [
      'another norm of retention',
      () => out(scaled, { retentionNorm: 'none' }),
      "normalised by 'none', there by 'torchscale'",
    ],
    ['another scale of embeddings', () => out(scaled, { embeddingScale: 2 }), 'embeddingScale is 2, there 1 or √width'],
    ['another scale of residuals', () => out(scaled, { residualScale: 2 }), 'residualScale is 2'],
    ['one norm of all groups', () => out(official2, { normGroups: 1 }), 'the last norm has 1 groups'],
  ])('is not written with %s', (_, write, message) => {
    expect(write).toThrow(InputError);
    expect(write).toThrow(message);
  });
});
