/** @file Settings of a run in its folder, as plain data: defaults, the model they name, and what differs between two of them. */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../io/json.ts';
import { type LanguageModel, type PresetSizes, presets } from '../models/index.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';
import type { Tree } from '../tensor/tree.ts';
import type { RunSettings } from '../training/index.ts';
import { decidedBy, optimizerOf, type RecipeSettings, scheduleOf } from './recipes.ts';

/** A configuration of some model. */
export type AnyConfig = PresetSizes & Readonly<Record<string, unknown>>;

/** Some model of the presets. */
export type AnyModel = LanguageModel<AnyConfig, Tree, Tree>;

/** Settings that a run begins with. A run that continues has the same, but for `steps`, `on` and how often it reports. */
export interface Settings extends RecipeSettings {
  /** Text file or folder, or null for the built-in text. */
  readonly text: string | null;
  /** A synthetic task in place of a text, and its settings by name. */
  readonly task: string | null;
  readonly set: Readonly<Record<string, number>>;
  /** characters, bytes, or a tokenizer.json. */
  readonly vocabulary: string;
  readonly model: string;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** m; null for that of the preset. */
  readonly denseLayers: number | null;
  /** Readings of the paper by name, where they are not those of the preset. */
  readonly readings: Readonly<Record<string, string>>;
  readonly on: string;
  readonly steps: number;
  readonly batch: number;
  readonly length: number;
  readonly accumulate: number;
  /** Probability that dropout makes a number 0. */
  readonly dropout: number;
  readonly seed: number;
  /** Steps between checkpoints, and between validations. */
  readonly every: number;
  /** Batches of a validation; null for those that are usual. */
  readonly validationBatches: number | null;
}

/**
 * Settings where nothing is asked for: half a million parameters, a minute on two cores. Rows are long as a model writes worse at
 * positions after those it was trained on.
 */
export const defaults: Settings = {
  text: null,
  task: null,
  set: {},
  vocabulary: 'characters',
  model: 'dense-retnet',
  width: 96,
  layers: 4,
  heads: 4,
  denseLayers: null,
  readings: {},
  on: 'auto',
  steps: 500,
  batch: 2,
  length: 256,
  accumulate: 1,
  dropout: 0,
  rate: 2e-3,
  recipe: 'nanogpt',
  schedule: null,
  warmup: null,
  beta2: null,
  decay: null,
  decayOf: null,
  clip: 1,
  seed: 1,
  every: 50,
  validationBatches: null,
};

/** Settings of a task where others are not asked for: more rows, and shorter ones. */
export const taskDefaults = { steps: 300, batch: 8, length: 64 } as const;

/** Settings that are asked for, with defaults for the others. */
export const completed = (asked: Partial<Settings>): Settings => ({
  ...defaults,
  ...((asked.task ?? null) !== null && taskDefaults),
  ...asked,
});

/** Settings that may differ when a run continues. */
const free: readonly (keyof Settings)[] = ['steps', 'on', 'every'];

/** Settings that no option names as they are. */
const ownFlags: Readonly<Record<string, string>> = { text: 'the text', readings: '--reading' };

/** The name of a setting as it is written: that of its option, without dashes before it. */
export const writtenName = (setting: string): string =>
  setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The option of a setting. */
export const flagOf = (name: string): string => ownFlags[name] ?? `--${writtenName(name)}`;

/** Names of models that can be trained. */
export const modelNames: readonly string[] = Object.keys(presets);

/** The preset of a name. Throws on an unknown one. */
export function presetOf(name: string): (typeof presets)[keyof typeof presets] {
  if (!Object.hasOwn(presets, name))
    fail(`there is no model '${name}'; use one of ${modelNames.join(', ')}${didYouMean(name, modelNames)}`);
  return presets[name as keyof typeof presets];
}

/** The model of a name. Throws on an unknown one. */
export const modelOf = (name: string): AnyModel => presetOf(name).model as unknown as AnyModel;

/** The configuration of a model at the sizes of its preset. */
const usualConfig = (model: string): AnyConfig => presetOf(model).config() as unknown as AnyConfig;

/** Whether a model has dense connections. */
export const hasDenseLayers = (model: string): boolean => 'denseLayers' in usualConfig(model);

/** Whether a model has heads. */
export const hasHeads = (model: string): boolean => 'heads' in usualConfig(model);

/** Names of the readings of a model: those in `readings`, or beside the sizes, as RetNet and the Transformer have them. */
export function readingNames(model: string): readonly string[] {
  const config = usualConfig(model);
  return config.readings
    ? Object.keys(config.readings)
    : Object.keys(config).filter((name) => typeof config[name] === 'string');
}

/** A configuration with some of its readings replaced. Throws on names that the model does not have; its `check` does on other values. */
function withReadings(model: string, config: AnyConfig, given: Settings['readings']): AnyConfig {
  const inside = config.readings as Settings['readings'] | undefined;
  const names = readingNames(model);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return inside ? { ...config, readings: { ...inside, ...given } } : { ...config, ...given };
  const remedy = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  return fail(`${model} has no reading '${unknown}'; ${remedy}${didYouMean(unknown, names)}`);
}

/** The configuration of the model that settings name, for a number of tokens. Throws where the sizes do not fit each other. */
export function configOf(settings: Settings, vocabulary: number): AnyConfig {
  const { model, width, layers, heads, denseLayers, readings } = settings;
  const config = presetOf(model).config({ vocabulary, width, layers, heads }) as unknown as AnyConfig;
  if (denseLayers !== null && !('denseLayers' in config))
    fail(
      `${model} has no dense connections, so --dense-layers ${denseLayers} means nothing; ${modelNames.includes(`dense-${model}`) ? `take dense-${model}` : 'leave it out'}`,
    );
  const full = {
    ...withReadings(model, config, readings),
    ...(denseLayers !== null && { denseLayers }),
  };
  checkWidth(settings);
  modelOf(model).check(full);
  return full;
}

/** The least divisor of the width of a model with so many heads. */
export function widthStep(model: string, heads: number): number {
  const preset = presetOf(model);
  const usual = preset.widthMultiple(heads);
  // some presets keep to multiples of 8 where any width would do
  return preset.widthMultiple(1) === preset.widthMultiple(3) ? 1 : usual;
}

/** Throws where the width does not fit the heads. */
function checkWidth({ model, width, heads }: Settings): void {
  const step = widthStep(model, heads);
  if (width % step === 0) return;
  const [below, above] = [Math.floor(width / step) * step, Math.ceil(width / step) * step];
  fail(
    `--width ${width} does not fit ${model} with --heads ${heads}, which takes multiples of ${step}; take ${below === 0 ? above : `${below} or ${above}`}, or fewer heads`,
  );
}

/** Batches that validate a text, and rows that validate a task, at least: some tasks ask one answer a row. */
export const usualValidation = { batches: 8, rows: 256 } as const;

/** Batches of a validation. */
const validationBatchesOf = ({ task, batch, validationBatches }: Settings): number =>
  validationBatches ?? (task === null ? usualValidation.batches : Math.ceil(usualValidation.rows / batch));

/** Settings of `train`. The schedule is over `planned` steps, those asked for at the beginning. Throws on a schedule that has no such steps. */
export function runSettings(
  settings: Settings,
  config: AnyConfig,
  planned: number,
): RunSettings<AnyConfig, Tree, Tree> {
  const { task, model, batch, length, accumulate, dropout, steps, seed, every, clip } = settings;
  const rule = { schedule: scheduleOf(settings, planned), optimizer: optimizerOf(settings), clip: clip || Infinity };
  const often = { validateEvery: every, checkpointEvery: every, validationBatches: validationBatchesOf(settings) };
  return {
    model: modelOf(model),
    config,
    ...{ batch, length, accumulate, dropout, steps },
    ...often,
    ...rule,
    seed,
    accuracy: task !== null,
  };
}

/** A value of a setting in an error. */
const shown = (value: unknown): string =>
  value === null ? 'not given' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** What the model and the recipe of settings decide where they ask for nothing. The schedule is over `planned` steps. */
function decided(settings: Settings, planned: number): Partial<Settings> {
  const { model, recipe } = settings;
  const config = usualConfig(model);
  const inside = (config.readings ?? config) as Settings['readings'];
  return {
    ...('denseLayers' in config && { denseLayers: config.denseLayers as number }),
    readings: Object.fromEntries(readingNames(model).map((name) => [name, inside[name]!])),
    ...decidedBy(recipe, planned),
    validationBatches: validationBatchesOf(settings),
  };
}

/** Settings that name a file, which one path says as well as another. */
const paths: readonly (keyof Settings)[] = ['text', 'vocabulary'];

/** The value that a run has for one that is asked for: as it was begun, else as decided; of settings by name, those that are named. */
function ownValue(asked: unknown, begun: unknown, usual: unknown): unknown {
  if (!isObject(asked) || !isObject(begun)) return begun ?? usual ?? null;
  const all: Readonly<Record<string, unknown>> = { ...(isObject(usual) && usual), ...begun };
  return Object.fromEntries(Object.keys(asked).map((name) => [name, all[name] ?? null]));
}

/** Whether two values of a setting are the same: paths may be written in several ways. */
const areSame = (name: keyof Settings, a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(a, b) ||
  (paths.includes(name) && typeof a === 'string' && typeof b === 'string' && resolve(a) === resolve(b));

/**
 * Settings of a run that continues: those of its beginning, with the schedule over `planned` steps, and the free ones of `asked`. Throws where others are
 * asked for.
 */
export function continued(begun: Settings, asked: Partial<Settings>, planned: number): Settings {
  const usual = decided(begun, planned);
  const isFree = (name: string): boolean => free.includes(name as keyof Settings);
  for (const [name, value] of Object.entries(asked) as [keyof Settings, unknown][]) {
    const own = ownValue(value, begun[name], usual[name]);
    if (isFree(name) || areSame(name, value, own) || areSame(name, value, begun[name])) continue;
    fail(
      `train: the run was begun with ${flagOf(name)} ${shown(own)}, not ${shown(value)}; leave it out to continue, or begin another run`,
    );
  }
  return { ...begun, ...Object.fromEntries(Object.entries(asked).filter(([name]) => isFree(name))) };
}
