/** @file Names of Mamba's and Mamba-2's weights, which state-spaces/mamba and Hugging Face's transformers share but for the embedding. */
import { type Mamba2Config, type MambaConfig, mamba, mamba2 } from '../../models/index.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { TensorsOnDisk } from '../safetensors-file.ts';
import { type Names, type Place, placesOf } from './places.ts';

/** What differs between the projects. */
export interface MambaDialect {
  readonly project: string;
  readonly embedding: string;
  /** Whether a tied read-out is stored too. */
  readonly storesTied: boolean;
}

const layer = (l: number): string => `backbone.layers.${l}.`;

/** Names of layer 0's weights, by which flags are read that a config.json may leave out. */
export const firstLayer = layer(0);

const shared = {
  inputNorm: 'norm.weight',
  input: 'mixer.in_proj.weight',
  inputBias: 'mixer.in_proj.bias',
  convolution: 'mixer.conv1d.weight',
  convolutionBias: 'mixer.conv1d.bias',
  aLog: 'mixer.A_log',
  skip: 'mixer.D',
  output: 'mixer.out_proj.weight',
  outputBias: 'mixer.out_proj.bias',
};

const namesOf = ({ embedding }: MambaDialect, fields: Names['fields'], taps: Shape): Names => ({
  model: { embedding, finalNorm: 'backbone.norm_f.weight', head: 'lm_head.weight' },
  layer,
  fields,
  // torch has an axis for the input channels of a group
  reshaped: { 'mixer.conv1d.weight': [taps[0]!, 1, taps[1]!] },
});

/** The read-out where it is the embedding. */
const tied = ({ storesTied }: MambaDialect, isTied: boolean, shape: Shape): Place[] =>
  isTied ? [{ name: 'lm_head.weight', shape, holds: { copy: 'embedding', isWritten: storesTied } }] : [];

/** Places of Mamba's weights. */
export function mambaPlaces(config: MambaConfig, dialect: MambaDialect): Place[] {
  const shapes = mamba.shapes(config);
  const fields = {
    ...shared,
    selection: 'mixer.x_proj.weight',
    delta: 'mixer.dt_proj.weight',
    deltaBias: 'mixer.dt_proj.bias',
  };
  const names = namesOf(dialect, fields, shapes['layers.0.convolution']!);
  const head = tied(dialect, config.tiedHead ?? true, shapes.embedding!);
  return [...placesOf(shapes, names, dialect.project), ...head];
}

/** Places of Mamba-2's weights, and of a feed-forward network where `ffn` has names for it. */
export function mamba2Places(config: Mamba2Config, dialect: MambaDialect, ffn: Names['fields'] = {}): Place[] {
  const shapes = mamba2.shapes(config);
  const fields = { ...shared, deltaBias: 'mixer.dt_bias', outputNorm: 'mixer.norm.weight', ...ffn };
  const names = namesOf(dialect, fields, shapes['layers.0.convolution']!);
  const head = tied(dialect, config.tiedHead, shapes.embedding!);
  return [...placesOf(shapes, names, dialect.project), ...head];
}

/** Whether layer 0 has a tensor, for a flag that a config.json leaves out. */
export const hasInLayer = ({ tensors }: TensorsOnDisk, name: string): boolean => tensors.has(`${firstLayer}${name}`);
