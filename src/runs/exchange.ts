/** @file Brings a model of another project into a folder that `sample` reads, and a model of a run into one that another project reads. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exportModel, type ImportedModel, importModel } from '../io/maps/models.ts';
import { folderOf } from '../io/safetensors-file.ts';
import { namesIn, writeFolderWhole } from '../io/write-file.ts';
import { countParameters, presets } from '../models/index.ts';
import { fail } from '../tensor/errors.ts';
import { checkpointIn, modelFiles, readModel, type Which } from './checkpoint.ts';
import { type AnyConfig, type AnyModel, modelNames, modelOf } from './settings.ts';
import { type Tokens, tokensFor, tokensIn } from './tokens.ts';

/** What was written, and where. */
export interface Exchange {
  readonly folder: string;
  readonly files: readonly string[];
  readonly model: string;
  readonly project: string;
  readonly parameters: number;
  readonly precision: 'F32' | 'F64';
}

/** Throws unless a folder is free to be written. */
function checkFree(folder: string): void {
  if (namesIn(folder).length > 0) fail(`${folder}: is not empty; nothing is overwritten, give another --out`);
}

/** The vocabulary of a folder, or the one that is named. */
function tokensOf(folder: string, vocabulary: string | undefined): Tokens {
  if (vocabulary !== undefined) return tokensFor(vocabulary, '');
  const names = ['tokenizer.json', 'vocabulary.json'];
  if (!names.some((name) => existsSync(join(folder, name))))
    fail(`${folder}: has no tokenizer.json; give --vocabulary with the path of one, or bytes`);
  return tokensIn(folder);
}

/** The configuration with the tokens of a vocabulary, where the embedding has more rows than it has tokens. Throws where it has fewer. */
function withTokens({ config }: ImportedModel, tokens: Tokens): AnyConfig {
  const own = config as AnyConfig;
  if (tokens.size === own.vocabulary) return own;
  const rows = Math.ceil(own.vocabulary / Number(own.vocabularyMultiple ?? 1)) * Number(own.vocabularyMultiple ?? 1);
  if (own.vocabularyMultiple === undefined || tokens.size > rows)
    fail(`import: the vocabulary has ${tokens.size} tokens, the model ${own.vocabulary}; take both from one place`);
  const powers = Array.from({ length: 11 }, (_, i) => 2 ** i);
  const multiple = powers.find((one) => Math.ceil(tokens.size / one) * one === rows) ?? rows;
  return { ...own, vocabulary: tokens.size, vocabularyMultiple: multiple };
}

/** The preset of a model, by which a checkpoint names it: one model has several. */
const presetNameOf = (model: string): string =>
  modelNames.find((name) => presets[name as keyof typeof presets].model.name === model)!;

const precisionOf = (params: Float32Array | Float64Array): 'F32' | 'F64' =>
  params instanceof Float64Array ? 'F64' : 'F32';

/** Brings a model of another project into `out`. Throws before anything is written. */
export function importRun(
  path: string,
  { out, vocabulary }: { readonly out: string; readonly vocabulary?: string },
): Exchange & { readonly skipped: ReadonlyMap<string, string> } {
  checkFree(out);
  const found = importModel(path);
  const tokens = tokensOf(folderOf(path), vocabulary);
  const config = withTokens(found, tokens);
  const name = presetNameOf(found.model);
  const model: AnyModel = modelOf(name);
  const files = modelFiles(name, { model, config, params: found.params, tokens });
  writeFolderWhole(out, files);
  return {
    folder: out,
    files: Object.keys(files),
    model: name,
    project: found.project,
    parameters: countParameters(model, config),
    precision: precisionOf(found.params),
    skipped: found.skipped,
  };
}

/** Writes a model of a run for another project into `out`; says which checkpoint it is of. Throws before anything is written. */
export function exportRun(
  run: string,
  { as, out, checkpoint: which }: { readonly as: string; readonly out: string; readonly checkpoint: Which },
): Exchange & { readonly checkpoint: string } {
  checkFree(out);
  const checkpoint = checkpointIn(run, which);
  const { model, config, params, tokens } = readModel(checkpoint);
  const files = { ...exportModel({ model: model.name, config, params }, as), [tokens.file.name]: tokens.file.content };
  writeFolderWhole(out, files);
  return {
    folder: out,
    files: Object.keys(files),
    model: model.name,
    project: as,
    checkpoint,
    parameters: params.length,
    precision: precisionOf(params),
  };
}

/** The folder of an imported model where none is given. */
export const importedFolder = (path: string): string => join('runs', basename(resolve(folderOf(path))));
