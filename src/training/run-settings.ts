/** @file Settings and states of a training run. */
import { f64 } from '../executors/f64/index.ts';
import { initialise, type LanguageModel } from '../models/language-model.ts';
import type { Mode } from '../nn/mode.ts';
import { fail } from '../tensor/errors.ts';
import { rng } from '../tensor/random.ts';
import type { Tree } from '../tensor/tree.ts';
import { decayMatrices } from './decay.ts';
import { checkDropout } from './dropout.ts';
import { flattenExactly, sizeOfAll } from './flat.ts';
import { languageTraining } from './language-model.ts';
import type { Numbers } from './program.ts';
import type { Schedule } from './schedule.ts';
import type { Training } from './steps.ts';

/** Settings of a run. */
export interface RunSettings<C, P extends Tree, S extends Tree> {
  readonly model: LanguageModel<C, P, S>;
  readonly config: C;
  /** Mode of the model; parallel unless given. */
  readonly mode?: Mode;
  /** Rows of a batch, and tokens of a row. */
  readonly batch: number;
  readonly length: number;
  /** Batches per step; 1 unless given. */
  readonly accumulate?: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps per call of the program; 1 unless given. It divides all numbers of steps. */
  readonly stepsPerCall?: number;
  readonly schedule: Schedule;
  /** AdamW with β₁ 0.9, β₂ 0.95, ε 10⁻⁸ and decay 0.1 of matrices unless given, as nanoGPT. */
  readonly optimizer?: Training<P>['optimizer'];
  /** Largest norm of a gradient; 1 unless given, and Infinity for no limit. */
  readonly clip?: number;
  /** Dropout of the embeddings and of what each branch adds to the stream: the probability that a number becomes 0; 0 unless given. */
  readonly dropout?: number;
  /** Seed of the initial parameters and of dropout; 1 unless given. The data have a seed of their own. */
  readonly seed?: number;
  /** Steps between validations, and batches of each: every 100 steps, 8 batches unless given. */
  readonly validateEvery?: number;
  readonly validationBatches?: number;
  /** Whether validations also count the right answers: the most probable token at each label that counts. */
  readonly accuracy?: boolean;
  /** Steps between checkpoints; only at the end unless given. */
  readonly checkpointEvery?: number;
}

/** State of a run after `step` steps: with the same settings and data, all that the steps after it depend on. */
export interface RunState {
  readonly step: number;
  /** Labels that counted so far. */
  readonly tokens: number;
  /** Parameters, in the order of `model.shapes(config)`, and running means of gradients and their squares. */
  readonly params: Numbers;
  readonly first: Numbers;
  readonly second: Numbers;
}

/** The optimizer of a run that names none: nanoGPT's. */
export const defaultOptimizer = {
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: decayMatrices(0.1),
} as const;

/**
 * The state before the first step: parameters of {@link initialise}, moments of 0. Throws on an invalid configuration.
 * @example
 * const config = denseRetNetConfig({ vocabulary: 8, width: 8, heads: 2, layers: 1, denseLayers: 1 });
 * startOfRun({ model: denseRetNet, config }).params.length // 600
 */
export function startOfRun<C, P extends Tree, S extends Tree>({
  model,
  config,
  seed = 1,
}: Pick<RunSettings<C, P, S>, 'model' | 'config' | 'seed'>): RunState {
  const params = flattenExactly(initialise(model, config, { on: f64, seed }), model.shapes(config));
  return {
    step: 0,
    tokens: 0,
    params,
    first: new Float64Array(params.length),
    second: new Float64Array(params.length),
  };
}

/** Throws on settings that are no numbers of steps, and on a state of another run. */
export function checkRun<C, P extends Tree, S extends Tree>(settings: RunSettings<C, P, S>, state?: RunState): void {
  const { model, config, batch, length, accumulate = 1, steps, stepsPerCall = 1, seed = 1 } = settings;
  model.check(config);
  const { validateEvery, checkpointEvery, validationBatches } = settings;
  const counts = { batch, length, accumulate, steps, stepsPerCall, validateEvery, checkpointEvery, validationBatches };
  for (const [name, count] of Object.entries(counts)) {
    if (count === undefined) continue;
    if (!Number.isInteger(count) || count < 1) fail(`train: ${name} is ${count}; it is an integer ≥ 1`);
  }
  const multiples = { steps, validateEvery, checkpointEvery, 'the state’s step': state?.step };
  for (const [name, count] of Object.entries(multiples)) {
    if (count === undefined || count % stepsPerCall === 0) continue;
    fail(`train: ${name} is ${count}, no multiple of stepsPerCall, ${stepsPerCall}; change one of them`);
  }
  rng(seed); // throws on an invalid seed
  checkDropout('train', settings.dropout ?? 0);
  if (state === undefined) return;
  if (!Number.isInteger(state.step) || state.step < 0 || state.step > steps)
    fail(`train: the state is after step ${state.step} of ${steps}; give a greater number of steps to continue it`);
  const size = sizeOfAll(model.shapes(config));
  for (const name of ['params', 'first', 'second'] as const) {
    const found = state[name]?.length;
    if (found !== size)
      fail(
        `train: the state has ${found} numbers in ${name}, the model ${size}; it is the state of another configuration`,
      );
  }
}

/** The training problem of a run, whose batches have weights. */
export function trainingOf<C, P extends Tree, S extends Tree>(settings: RunSettings<C, P, S>): Training<P> {
  const { model, config, batch, length, mode, accumulate = 1, stepsPerCall = 1, clip = 1 } = settings;
  const { dropout: probability = 0, seed = 1 } = settings;
  const dropout = probability > 0 && { dropout: { probability, seed } };
  return {
    ...languageTraining(model, config, { batch, length, weights: true, ...(mode && { mode }), ...dropout }),
    optimizer: settings.optimizer ?? defaultOptimizer,
    ...(clip !== Infinity && { clip }),
    accumulate,
    steps: stepsPerCall,
  };
}
