/** @file Makes runs of the lab's settings, writes text with their models, and reads and writes their weights. */
import { f32 } from '../../../src/executors/f32/index.ts';
import { compile } from '../../../src/executors/gpu/index.ts';
import { isObject, parseJson } from '../../../src/io/json.ts';
import { formatSafetensors, parseWhole } from '../../../src/io/safetensors.ts';
import { generate, type LanguageModel, type PresetSizes, presets } from '../../../src/models/index.ts';
import { nearestWidths } from '../../../src/models/presets.ts';
import { optimizerOf, scheduleOf } from '../../../src/runs/recipes.ts';
import { unigramEntropy } from '../../../src/runs/unigram-entropy.ts';
import { fail } from '../../../src/tensor/errors.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import type { Tree } from '../../../src/tensor/tree.ts';
import {
  characterVocabulary,
  decode,
  encode,
  type Numbers,
  type RunState,
  randomWindows,
  splitTokens,
  stories,
  type TrainEvent,
  train,
  unflatten,
  vocabularySize,
  windowsInOrder,
} from '../../../src/training/index.ts';
import { type Side, type TrainState, usual } from './controls.ts';

type Config = PresetSizes & Readonly<Record<string, unknown>>;
type Model = LanguageModel<Config, Tree, Tree>;

/** A model of a run: the name of its preset, and its sizes. */
export interface ModelOf {
  readonly preset: string;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly parameters: number;
}

/** The built-in text of `densessm train`, and its characters. */
const text = (): string => stories(1, 200_000);

const presetOf = (name: string) => presets[name as keyof typeof presets];

/** The configuration of a model for a vocabulary. */
const configOf = ({ preset, width, layers, heads }: ModelOf, vocabulary: number): Config =>
  presetOf(preset).config({ vocabulary, width, layers, heads }) as unknown as Config;

/** The model of a side: of all widths, that which is nearest to the number of parameters. */
export function modelOf(state: TrainState, side: Side, vocabulary: number): ModelOf {
  const sizes = { layers: state.layers, heads: usual.heads };
  const [{ width, parameters }] = nearestWidths(presetOf(state[side]), Number(state.size), { vocabulary, ...sizes });
  return { preset: state[side], width, ...sizes, parameters };
}

/** A run of the page, and what it needs. */
export interface LabRun {
  readonly model: ModelOf;
  /** The loss of a model that knows how often each character of the validation text occurs, and no more, in nats. */
  readonly entropy: number;
  /** The line that makes the same run in a terminal, on a backend. */
  command(on: string): string;
  /** Its events, from a state or from the beginning, until it is stopped. */
  events(from: RunState | undefined, signal: { readonly aborted: boolean }): AsyncGenerator<TrainEvent, void, void>;
  /** Text that a model with these parameters writes. */
  sample(params: Numbers, tokens: number): string;
  /** A safetensors file of these parameters. */
  weights(params: Numbers, step: number): Uint8Array;
}

/** Makes the run of a side. `threads` limits those on WebAssembly. */
export function runOf(state: TrainState, side: Side): LabRun {
  const all = text();
  const vocabulary = characterVocabulary(all);
  const tokens = splitTokens(encode(vocabulary, all));
  const model = modelOf(state, side, vocabularySize(vocabulary));
  const config = configOf(model, vocabularySize(vocabulary));
  const data = { train: randomWindows(tokens.train, state.seed), validation: windowsInOrder(tokens.validation) };
  const { steps, seed, on } = state;
  const { batch, every } = usual;
  const length = Number(state.length);
  const rule = { recipe: 'nanogpt', rate: Number(state.rate), schedule: null, warmup: null, beta2: null };
  const recipe = { ...rule, decay: null, decayOf: null, clip: 1 };
  const settings = {
    model: presetOf(model.preset).model as unknown as Model,
    config,
    ...{ batch, length, steps, seed, validateEvery: every, checkpointEvery: every },
    schedule: scheduleOf(recipe, steps),
    optimizer: optimizerOf(recipe),
  };
  const sizes = `--width ${model.width} --layers ${model.layers} --heads ${model.heads}`;
  return {
    model,
    entropy: unigramEntropy(tokens.validation),
    command: (place) =>
      `densessm train --model ${model.preset} ${sizes} --batch ${batch} --length ${length} --steps ${steps} --rate ${state.rate} --seed ${seed} --every ${every} --on ${place}`,
    events: (from, signal) =>
      train(settings, data, {
        on: (equation, inputs, options) => compile(equation, inputs, { ...options, backend: on }),
        signal,
        ...(from && { state: from }),
      }),
    sample: (params, count) => writtenBy(model, vocabulary.characters, params, count),
    weights: (params, step) => weightsOf({ model, step, characters: vocabulary.characters, params }),
  };
}

/** Weights with all that is needed to use them. */
export interface Weights {
  readonly model: ModelOf;
  readonly step: number;
  readonly characters: readonly string[];
  readonly params: Numbers;
}

/** Text that follows a new line, or the first character of a vocabulary without one. Equal parameters write equal texts. */
export function writtenBy(model: ModelOf, characters: readonly string[], params: Numbers, tokens: number): string {
  const config = configOf(model, characters.length);
  const own = presetOf(model.preset).model as unknown as Model;
  const tree = unflatten<Tree>(params, own.shapes(config), f32);
  const prompt = [Math.max(0, characters.indexOf('\n'))];
  const found = generate(own, tree, config, [prompt], { steps: tokens, temperature: usual.temperature, seed: 1 });
  return decode({ kind: 'characters', characters }, found[0]!).trim();
}

/** The key of a file's metadata with the model and the vocabulary. */
const about = 'densessm';

/** Writes weights: each parameter by its path in F32, as checkpoints of `densessm train` have them, and the model in the metadata. */
function weightsOf({ params, ...rest }: Weights): Uint8Array {
  const shapes = shapesOf(rest.model, rest.characters.length);
  let end = 0;
  const tensors = Object.entries(shapes).map(([path, shape]) => {
    const begin = end;
    end += sizeOf(shape);
    return [path, { dtype: 'F32', shape, data: params.subarray(begin, end) }] as const;
  });
  const metadata = { format: 'pt', [about]: JSON.stringify(rest) };
  return formatSafetensors(new Map(tensors), new Map(Object.entries(metadata)));
}

const shapesOf = (model: ModelOf, vocabulary: number) =>
  (presetOf(model.preset).model as unknown as Model).shapes(configOf(model, vocabulary));

/** Reads weights of this page. Throws on any other file, and on one whose tensors are not those of its model. */
export function weightsIn(bytes: Uint8Array, name: string): Weights {
  const { tensors, metadata } = parseWhole(bytes, name);
  const found = metadata.get(about);
  const rest = found === undefined ? null : parseJson(found, name);
  if (
    !isObject(rest) ||
    !isObject(rest.model) ||
    !Array.isArray(rest.characters) ||
    !(`${rest.model.preset}` in presets)
  )
    return fail(`${name}: has no model of this page in its metadata; open a file that this page wrote`);
  const { model, characters } = rest as unknown as Weights;
  const lists = Object.entries(shapesOf(model, characters.length)).map(([path, shape]) => {
    const data = tensors.get(path)?.data;
    if (data?.length !== sizeOf(shape))
      return fail(`${name}: has no ${path} of ${sizeOf(shape)} numbers; it is damaged, download it again`);
    return data;
  });
  const params = Float32Array.from(lists.flatMap((list) => [...list]));
  return { ...(rest as unknown as Weights), params };
}
