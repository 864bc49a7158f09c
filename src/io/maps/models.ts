/** @file Reads a model of another project into ours, and writes ours for another project. */
import { join } from 'node:path';
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { isObject, parseJson } from '../json.ts';
import { readBytes } from '../read-file.ts';
import { formatSafetensors } from '../safetensors.ts';
import { folderOf, openTensors } from '../safetensors-file.ts';
import { authorsDenseRetNet } from './authors.ts';
import type { AnyNaming } from './naming.ts';
import { type Numbers, readPlaces, writePlaces } from './places.ts';
import { stateSpacesMamba, stateSpacesMamba2 } from './state-spaces.ts';
import { torchscaleRetNet } from './torchscale.ts';
import { transformersMamba, transformersMamba2 } from './transformers.ts';

const namings: readonly AnyNaming[] = [
  transformersMamba,
  transformersMamba2,
  stateSpacesMamba,
  stateSpacesMamba2,
  authorsDenseRetNet,
  torchscaleRetNet,
];

/** Projects whose models can be read and written. */
export const projects: readonly string[] = [...new Set(namings.map(({ project }) => project))];

/** A model's name, configuration and parameters: a list in the order of its shapes. */
export interface NamedModel {
  readonly model: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly params: Numbers;
}

/** A model that was read, and where from. */
export interface ImportedModel extends NamedModel {
  readonly project: string;
  /** The reason for each tensor that was not read, and that the model does not need. */
  readonly skipped: ReadonlyMap<string, string>;
}

/** JSON as Python writes it, which has infinities and NaN. */
const ofPython = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|(-?)Infinity|NaN/g, (token, sign: string | undefined) =>
    token.startsWith('"') ? token : token === 'NaN' ? 'null' : `${sign}1e999`,
  );

/**
 * Reads a model of another project from a folder with `config.json` and safetensors, in one file or in shards, or from one such file.
 * Parameters are in double precision if tensors are. Throws where the config is of no known project, has settings that our model does not
 * have, or does not fit the tensors.
 */
export function importModel(path: string): ImportedModel {
  const configPath = join(folderOf(path), 'config.json');
  const values = parseJson(ofPython(new TextDecoder().decode(readBytes(configPath))), configPath);
  if (!isObject(values)) return fail(`${configPath}: is no JSON object; give the one of a model`);
  const naming = namings.find((one) => one.recognises(values));
  if (naming === undefined) return fail(unknown(configPath, values));
  const found = openTensors(path);
  const config = naming.configIn({ path: configPath, values }, found);
  naming.model.check(config);
  const params = readPlaces(found, naming.places(config), naming.model.shapes(config), path);
  return { project: naming.project, model: naming.model.name, config, params, skipped: found.skipped };
}

function unknown(path: string, values: Readonly<Record<string, unknown>>): string {
  if (Object.hasOwn(values, 'width') && Object.hasOwn(values, 'model_type'))
    return `${path}: is of densessm already; densessm sample reads its folder`;
  const type = values.model_type === undefined ? '' : `, model_type ${JSON.stringify(values.model_type)}`;
  const known = namings.map(({ project, model }) => `${model.name} of ${project}`).join(', ');
  return `${path}: is of no model that can be read${type}; there are ${known}`;
}

/**
 * The files of a model for another project: `config.json` and `model.safetensors`, in the precision of the parameters. Throws where
 * the project has no such model, or none that is the same function.
 */
export function exportModel(
  { model, config, params }: NamedModel,
  project: string,
): Readonly<Record<string, string | Uint8Array>> {
  if (!projects.includes(project))
    fail(`export: there is no project '${project}'; use ${projects.join(', ')}${didYouMean(project, projects)}`);
  const naming = namings.find((one) => one.project === project && one.model.name === model);
  if (naming === undefined) {
    const known = namings.filter((one) => one.project === project).map((one) => one.model.name);
    const others = namings.filter((one) => one.model.name === model).map((one) => one.project);
    return fail(
      `export: ${project} has no ${model}, only ${known.join(' and ')}${others.length > 0 ? `; ${others.join(' and ')} has it` : ''}`,
    );
  }
  const { model: own } = naming;
  own.check(config);
  const theirs = naming.configOut(config);
  const tensors = writePlaces(params, naming.places(config), own.shapes(config));
  return {
    'config.json': `${JSON.stringify(theirs, null, 2)}\n`,
    'model.safetensors': formatSafetensors(tensors, new Map([['format', 'pt']])),
  };
}
