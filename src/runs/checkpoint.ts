/** @file Writes and reads checkpoints: a folder as Hugging Face has it, with the state of the optimizer beside the model. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isCount, isObject, parseJson } from '../io/json.ts';
import { readBytes, statOf } from '../io/read-file.ts';
import { formatSafetensors, type TensorToStore } from '../io/safetensors.ts';
import { openTensors } from '../io/safetensors-file.ts';
import { isPart, writeFolderWhole, writing } from '../io/write-file.ts';
import { countParameters } from '../models/index.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { type Shape, sameShape, show, sizeOf } from '../tensor/shape.ts';
import type { Numbers, RunState } from '../training/index.ts';
import { checkedSettings } from './setting-rules.ts';
import { type AnyConfig, type AnyModel, defaults, modelOf, type Settings } from './settings.ts';
import { sha256Of, sha256OfFile } from './sha256.ts';
import { type Tokens, tokensIn } from './tokens.ts';

/** What a checkpoint says of its run besides the numbers. */
export interface About {
  readonly settings: Settings;
  /** Steps that were asked for at the beginning: the schedule's. */
  readonly planned: number;
  /** SHA-256 of the text, or of the first rows of a task. */
  readonly text: string;
  /** The backend of the steps before it; null before the first. */
  readonly ranOn: string | null;
  /** The loss on validation data after its step; null where there was no validation. */
  readonly validation: number | null;
}

/** A model with its parameters and vocabulary. */
export interface SavedModel {
  readonly model: AnyModel;
  readonly config: AnyConfig;
  readonly params: Numbers;
  readonly tokens: Tokens;
}

/** A checkpoint: a model, and all that its training depends on. */
export interface Checkpoint extends SavedModel {
  readonly about: About;
  readonly state: RunState;
}

/** The file of a checkpoint with its settings and steps. */
export const trainingName = 'training.json';

/** The name of the checkpoint after a step. */
export const nameOf = (step: number): string => `checkpoint-${step}`;

/** The steps of the checkpoints in a folder, last first. */
const stepsIn = (run: string): number[] =>
  readdirSync(run)
    .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);

const json = (x: unknown): string => `${JSON.stringify(x, null, 1)}\n`;

const dtypeOf = (numbers: Numbers): 'F32' | 'F64' => (numbers instanceof Float32Array ? 'F32' : 'F64');

/** Each parameter by its path, in the precision of the list. */
function tensorsOf(params: Numbers, shapes: Readonly<Record<string, Shape>>): Map<string, TensorToStore> {
  let end = 0;
  return new Map(
    Object.entries(shapes).map(([path, shape]) => {
      const begin = end;
      end += sizeOf(shape);
      return [path, { dtype: dtypeOf(params), shape, data: params.subarray(begin, end) }];
    }),
  );
}

/** Files of a model of a name, which {@link readModel} reads. */
export const modelFiles = (
  name: string,
  { model, config, params, tokens }: SavedModel,
): Readonly<Record<string, string | Uint8Array>> => ({
  'config.json': json({ model_type: name, ...config }),
  'model.safetensors': formatSafetensors(tensorsOf(params, model.shapes(config)), new Map([['format', 'pt']])),
  [tokens.file.name]: tokens.file.content,
});

/**
 * Writes a checkpoint into the folder of its run, then removes the ones before it but the best. Throws where that fails: then those before it are
 * whole.
 */
export function writeCheckpoint(
  run: string,
  { model, config, tokens, about, state }: Omit<Checkpoint, 'params'>,
): void {
  const { step, params, first, second } = state;
  const moment = (data: Numbers): TensorToStore => ({ dtype: dtypeOf(data), shape: [data.length], data });
  const moments = new Map([
    ['first', moment(first)],
    ['second', moment(second)],
  ]);
  const files = {
    ...modelFiles(about.settings.model, { model, config, params, tokens }),
    'optimizer.safetensors': formatSafetensors(moments),
  };
  const hashes = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, sha256Of(content)]));
  writeFolderWhole(join(run, nameOf(step)), {
    ...files,
    [trainingName]: json({ step, tokens: state.tokens, ...about, files: hashes }),
  });
  const best = bestIn(run);
  for (const name of readdirSync(run)) {
    const old = /^checkpoint-(\d+)$/.exec(name)?.[1];
    if (isPart(name) || (old !== undefined && Number(old) < step && Number(old) !== best?.step))
      writing(join(run, name), () => rmSync(join(run, name), { recursive: true, force: true }));
  }
}

/** The checkpoint with the least validation loss in the folder of a run, the first of equal ones; null where none has one. */
export function bestIn(run: string): { readonly step: number; readonly validation: number } | null {
  const validated = stepsIn(run).flatMap((step) => {
    try {
      const { validation } = aboutIn(join(run, nameOf(step)));
      return validation === null ? [] : { step, validation };
    } catch (error) {
      // a damaged one is not the best
      if (error instanceof InputError) return [];
      throw error;
    }
  });
  return validated.sort((a, b) => a.validation - b.validation || a.step - b.step)[0] ?? null;
}

/** Which checkpoint of a run: the last, or that with the least validation loss. */
export type Which = 'last' | 'best';

/** The folder of a checkpoint of a run, the last one where none was validated; a checkpoint is its own. Throws where there is none. */
export function checkpointIn(folder: string, which: Which = 'last'): string {
  if (!statOf(folder).isDirectory()) fail(`${folder}: is no folder; give that of a run`);
  if (existsSync(join(folder, 'model.safetensors'))) return folder;
  const [last] = stepsIn(folder);
  if (last === undefined)
    fail(`${folder}: has no checkpoint; give the folder of a run (densessm runs ${folder} lists those inside)`);
  return join(folder, nameOf((which === 'best' ? bestIn(folder)?.step : undefined) ?? last!));
}

/** An object in a JSON file of a checkpoint. */
function objectIn(path: string): Record<string, unknown> {
  const parsed = parseJson(new TextDecoder().decode(readBytes(path)), path);
  return isObject(parsed) ? parsed : fail(`${path}: is no JSON object; it is damaged, take another checkpoint`);
}

/** Throws where a file has sizes that a model cannot have. */
function checkConfig(path: string, model: AnyModel, config: AnyConfig): void {
  try {
    model.check(config);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    fail(`${path}: ${error.message}; it is damaged, take another checkpoint`);
  }
}

/** Reads the model of a checkpoint. Throws where a file is missing, cut off, or of another model than the rest. */
export function readModel(folder: string): SavedModel {
  const { model_type: type, ...config } = objectIn(join(folder, 'config.json'));
  if (!Object.hasOwn(config, 'width'))
    fail(
      `${folder}: has a model of another project; densessm import ${folder} --out ${join(dirname(resolve(folder)), `our-${basename(resolve(folder))}`)} makes a folder of it that can be read`,
    );
  if (typeof type !== 'string') fail(`${join(folder, 'config.json')}: has no model_type; name the model there`);
  const [model, own] = [modelOf(type as string), config as AnyConfig];
  checkConfig(join(folder, 'config.json'), model, own);
  const tokens = tokensIn(folder);
  if (tokens.size !== own.vocabulary)
    fail(
      `${join(folder, tokens.file.name)}: has ${tokens.size} tokens, the model ${own.vocabulary}; take both from one checkpoint`,
    );
  return { model, config: own, params: paramsIn(join(folder, 'model.safetensors'), model.shapes(own)), tokens };
}

/** Parameters of a file, read one by one, in double precision if the file is. Throws on missing and misshaped ones, and on numbers that are not finite. */
function paramsIn(path: string, shapes: Readonly<Record<string, Shape>>): Numbers {
  const { tensors } = openTensors(path);
  const total = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const isDouble = [...tensors.values()].some(({ dtype }) => dtype === 'F64');
  const params = isDouble ? new Float64Array(total) : new Float32Array(total);
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const found = tensors.get(name);
    if (found === undefined || !sameShape(found.shape, shape))
      fail(
        `${path}: ${name} ${found ? `has shape ${show(found.shape)}` : 'is missing'}; config.json needs ${show(shape)}`,
      );
    const part = found!.read();
    const at = part.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) fail(`${path}: ${name} has ${part[at]} at ${at}; take another checkpoint`);
    params.set(part, end);
    end += part.length;
  }
  return params;
}

/** What training.json says. */
interface Written extends About {
  readonly step: number;
  readonly tokens: number;
  /** SHA-256 of the other files, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Reads training.json. Throws on fields of another type, and on settings that a run cannot have. */
export function aboutIn(folder: string): Written {
  const path = join(folder, trainingName);
  if (!existsSync(path))
    fail(`${path}: does not exist; a model without it, such as an imported one, can be sampled, not trained on`);
  const found = objectIn(path);
  const wrong = Object.entries(fields).find(([name, { holds }]) => !holds(found[name]));
  if (wrong !== undefined) {
    const [name, { words }] = wrong;
    fail(`${path}: ${name} is ${JSON.stringify(found[name])}; it is ${words}: take another checkpoint`);
  }
  const settings = { ...defaults, ...checkedSettings(path, found.settings as Record<string, unknown>) };
  const said = found as unknown as Written;
  return { ...said, settings, validation: said.validation ?? null, files: said.files ?? {} };
}

/** Fields of training.json. */
const fields: Readonly<Record<string, { readonly holds: (x: unknown) => boolean; readonly words: string }>> = {
  step: { holds: isCount, words: 'an integer ≥ 0' },
  tokens: { holds: isCount, words: 'an integer ≥ 0' },
  planned: { holds: (x) => isCount(x) && x !== 0, words: 'an integer ≥ 1' },
  text: { holds: (x) => typeof x === 'string', words: 'a hash' },
  ranOn: { holds: (x) => x === null || typeof x === 'string', words: 'a backend or null' },
  settings: { holds: isObject, words: 'an object' },
  // older checkpoints have neither
  validation: { holds: (x) => x === undefined || x === null || Number.isFinite(x), words: 'a loss or null' },
  files: { holds: (x) => x === undefined || isObject(x), words: 'an object of hashes' },
};

/** Reads the last checkpoint of a run. Throws where a file is missing, cut off, or not the one that was written. */
export function readCheckpoint(run: string): Checkpoint {
  const folder = checkpointIn(run);
  try {
    return wholeCheckpoint(folder);
  } catch (error) {
    const other = folder === run ? undefined : stepsIn(run)[1];
    if (!(error instanceof InputError) || other === undefined) throw error;
    return fail(`${error.message}; or remove ${folder}: then the run continues from ${nameOf(other)}`);
  }
}

function wholeCheckpoint(folder: string): Checkpoint {
  const { step, tokens, files, ...about } = aboutIn(folder);
  const changed = Object.keys(files).find((name) => sha256OfFile(join(folder, name)) !== files[name]);
  if (changed !== undefined)
    fail(`${join(folder, changed)}: is not the file that was written: it was cut off, changed or swapped; restore it`);
  const saved = readModel(folder);
  const path = join(folder, 'optimizer.safetensors');
  const { tensors } = openTensors(path);
  const momentOf = (name: string): Numbers => {
    const found = tensors.get(name) ?? fail(`${path}: has no tensor ${name}; take another checkpoint`);
    const data = found.read();
    return found.dtype === 'F64' ? data : Float32Array.from(data);
  };
  const state = { params: saved.params, first: momentOf('first'), second: momentOf('second') };
  return { ...saved, about, state: { step, tokens, ...state } };
}

/** What the last checkpoint of a run says, without its numbers, or null where the folder is none. */
export function readAbout(run: string): (About & { readonly step: number; readonly parameters: number }) | null {
  if (!statOf(run).isDirectory() || stepsIn(run).length === 0) return null;
  const folder = checkpointIn(run);
  const { model_type: type, ...config } = objectIn(join(folder, 'config.json'));
  const parameters = countParameters(modelOf(String(type)), config as AnyConfig);
  return { ...aboutIn(folder), parameters };
}

/** The model of a folder without the state of its training, as `import` makes it; null where the folder is none. */
export function readUntrained(folder: string): { readonly model: string; readonly parameters: number } | null {
  const names = ['config.json', 'model.safetensors'];
  if (!names.every((name) => existsSync(join(folder, name))) || existsSync(join(folder, trainingName))) return null;
  const { model_type: model, ...config } = objectIn(join(folder, 'config.json'));
  // that of another project has no such name for it
  if (typeof model !== 'string' || !Object.hasOwn(config, 'width')) return null;
  return { model, parameters: countParameters(modelOf(model), config as AnyConfig) };
}
