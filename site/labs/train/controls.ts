/** @file The controls of the lab of training. */
import type { Choice, Controls, StateOf } from '../shared/controls.ts';

const models = {
  'dense-retnet': 'DenseRetNet',
  retnet: 'RetNet',
  'dense-mamba': 'DenseMamba',
  mamba: 'Mamba',
  'dense-mamba2': 'Dense Mamba-2',
  mamba2: 'Mamba-2',
  'dense-gla': 'Dense GLA',
  gla: 'GLA',
  'dense-gated-delta-net': 'Dense Gated DeltaNet',
  'gated-delta-net': 'Gated DeltaNet',
  transformer: 'Transformer',
} as const;

/** Names of models by those of presets. */
export const modelTitles: Readonly<Record<string, string>> = models;

const sizes = { '20000': '20,000', '50000': '50,000', '100000': '100,000', '200000': '200,000' } as const;
const lengths = { '8': '8', '16': '16', '32': '32', '64': '64', '128': '128' } as const;
const rates = { '0.001': '0.001', '0.002': '0.002', '0.005': '0.005', '0.01': '0.01', '0.05': '0.05' } as const;
const places = { auto: 'the fastest here', webgpu: 'WebGPU', wasm: 'WebAssembly' } as const;

/** Places by the names of backends, as the page shows them. */
export const placeTitles: Readonly<Record<string, string>> = { ...places, cpu: 'JavaScript' };

/** What all runs have alike: heads, sequences of a batch, steps between validations, checkpoints and samples, and the temperature of these. */
export const usual = { heads: 2, batch: 2, every: 25, temperature: 0.7 } as const;

/** The controls: two models, their number of parameters, how they are trained, and where. */
export const trainControls = {
  left: { label: 'left', options: models, start: 'dense-retnet' },
  right: { label: 'right', options: models, start: 'retnet' },
  size: { label: 'parameters', options: sizes, start: '50000' } satisfies Choice,
  layers: { label: 'layers', min: 1, max: 4, step: 1, start: 2 },
  length: { label: 'sequence length', options: lengths, start: '128' } satisfies Choice,
  steps: { label: 'steps', min: 50, max: 1000, step: 50, start: 300 },
  rate: { label: 'learning rate', options: rates, start: '0.005' } satisfies Choice,
  seed: { label: 'seed', min: 1, max: 100, step: 1, start: 1 },
  on: { label: 'runs on', options: places, start: 'auto' },
} as const satisfies Controls;

/** The settings of a pair of runs. */
export type TrainState = StateOf<typeof trainControls>;

/** The two runs of a page. */
export const sides = ['left', 'right'] as const;
export type Side = (typeof sides)[number];
