/** @file Small models for each project that has them, with random parameters of every kind. */

import { f64, indices } from '../../../src/executors/f64/index.ts';
import type { NamedModel } from '../../../src/io/index.ts';
import { authorsReadings, denseRetNetConfig, mamba2Config, mambaConfig, presets } from '../../../src/models/index.ts';
import type { AnyModel } from '../../../src/runs/settings.ts';
import { read } from '../../../src/tensor/input.ts';
import { rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { unflatten } from '../../../src/training/index.ts';

/** A model of a project. */
export interface Case extends NamedModel {
  readonly project: string;
  readonly what: string;
}

export const modelOf = (name: string): AnyModel => presets[name as keyof typeof presets].model as unknown as AnyModel;

/** Random parameters: norms near 1, the others far enough from 0 that each of them counts. */
export function drawnFor(name: string, config: object, seed: number): Float64Array {
  const random = rng(seed);
  return Float64Array.from(
    Object.entries(modelOf(name).shapes(config as never)).flatMap(([path, shape]) =>
      Array.from({ length: sizeOf(shape) }, () => (/norm$/i.test(path) ? 1 : 0) + 0.4 * random.normal()),
    ),
  );
}

const of = (project: string, what: string, model: string, config: object, seed: number): Case => ({
  project,
  what,
  model,
  config: config as Case['config'],
  params: drawnFor(model, config, seed),
});

const small = { vocabulary: 11, width: 8, layers: 2 };
const mamba = mambaConfig({ ...small, stateSize: 3, deltaRank: 2 });
const mamba2 = mamba2Config({ ...small, heads: 4, stateSize: 3 });
const biased = { convolutionWidth: 3, convolutionBias: false, projectionBias: true };

const dense = denseRetNetConfig({ ...small, heads: 2, denseLayers: 2, gateRank: 2, readings: authorsReadings });
const retnet = {
  ...small,
  heads: 2,
  valueWidth: 12,
  ffnWidth: 10,
  epsilon: 1e-6,
  embeddingScale: 1,
  residualScale: 1,
  retentionNorm: 'torchscale',
  rotationPhase: 'p',
};

export const cases: readonly Case[] = [
  of('transformers', 'as it is', 'mamba', { ...mamba, vocabulary: 16 }, 1),
  of(
    'transformers',
    'untied, biased, of another width',
    'mamba',
    { ...mamba, ...biased, tiedHead: false, innerWidth: 24 },
    2,
  ),
  of('transformers', 'as it is', 'mamba2', mamba2, 3),
  of(
    'transformers',
    'of groups and a norm of all, untied, biased, with limits',
    'mamba2',
    { ...mamba2, ...biased, groups: 2, normGroups: 1, tiedHead: false, deltaLimit: [0.3, 1.1], epsilon: 1e-3 },
    4,
  ),
  of('state-spaces', 'as it is', 'mamba', mamba, 5),
  of('state-spaces', 'untied and biased', 'mamba', { ...mamba, ...biased, tiedHead: false }, 6),
  of('state-spaces', 'of groups, untied, biased', 'mamba2', { ...mamba2, ...biased, groups: 2, tiedHead: false }, 7),
  of('authors', 'm = 1', 'dense-retnet', { ...dense, denseLayers: 1, gateRank: 3 }, 9),
  of(
    'authors',
    'm = 2, gates of two ranks',
    'dense-retnet',
    { ...dense, layers: 4, gateRank: 2, valueGateRank: 5 },
    10,
  ),
  of('authors', 'm = 0', 'dense-retnet', { ...dense, denseLayers: 0, heads: 1, padToken: 0 }, 11),
  of('torchscale', 'scaled embeddings', 'retnet', { ...retnet, embeddingScale: Math.sqrt(8) }, 12),
  of('torchscale', 'tied, GELU', 'retnet', { ...retnet, tiedHead: true, ffnActivation: 'gelu', epsilon: 1e-4 }, 13),
  of('state-spaces', 'with a feed-forward network', 'mamba2', { ...mamba2, ffnWidth: 128 }, 8),
];

/** Logits of a model on rows of tokens, in double precision, in parallel mode. */
export function logitsOf({ model, config, params }: NamedModel, ids: number[][]): Float64Array {
  const own = modelOf(model);
  const tree = unflatten<never>(params, own.shapes(config as never), f64);
  const state = own.start(tree, config as never, ids.length);
  return read(own.forward(tree, config as never, indices(ids), state, { name: 'parallel' }).logits);
}
