/** @file Opens the tensors of a safetensors file, or of a folder with one file or several, and reads them one by one. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../tensor/errors.ts';
import type { Shape } from '../tensor/shape.ts';
import type { DType } from './dtypes.ts';
import { isObject, parseJson } from './json.ts';
import { bytesOf, readBytes, statOf } from './read-file.ts';
import { readTensor, unreadable } from './safetensors.ts';
import { dataStartOf, type Entry, readHeader } from './safetensors-header.ts';
import { quoted } from './text.ts';

/** A tensor whose numbers are read when they are asked for. */
export interface TensorOnDisk {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Its numbers, row-major. Throws where the file has changed, or holds integers beyond 2⁵³. */
  read(): Float64Array;
}

/** Tensors by name, and the reason for each that cannot be read. */
export interface TensorsOnDisk {
  readonly tensors: ReadonlyMap<string, TensorOnDisk>;
  readonly skipped: ReadonlyMap<string, string>;
}

/** Tensors of one file, of any size: only its header is read now. Throws as `parseSafetensors` does. */
function openFile(path: string): TensorsOnDisk {
  const stats = statOf(path);
  if (!stats.isFile()) fail(`${path}: is not a regular file; give a file`);
  const start = bytesOf(path, 0, Math.min(8, stats.size));
  const header = bytesOf(path, 0, dataStartOf(start, stats.size, path));
  const { entries, dataStart } = readHeader(header, stats.size, path);
  const tensors = new Map<string, TensorOnDisk>();
  const skipped = new Map<string, string>();
  for (const entry of entries) {
    const reason = unreadable(entry.dtype);
    if (reason !== null) skipped.set(entry.name, reason);
    else tensors.set(entry.name, onDisk(path, entry, dataStart));
  }
  return { tensors, skipped };
}

const onDisk = (path: string, entry: Entry, dataStart: number): TensorOnDisk => ({
  dtype: entry.dtype as DType,
  shape: entry.shape,
  read() {
    const tensor = readTensor(entry, bytesOf(path, dataStart + entry.begin, dataStart + entry.end));
    return typeof tensor === 'string' ? fail(`${path}: tensor ${quoted(entry.name)} ${tensor}`) : tensor.data;
  },
});

const INDEX = 'model.safetensors.index.json';

/** Files that an index names, with the tensors that it expects in each. */
function filesIn(index: string): Map<string, string[]> {
  const parsed = parseJson(new TextDecoder().decode(readBytes(index)), index);
  const names = isObject(parsed) ? parsed.weight_map : undefined;
  if (!isObject(names)) return fail(`${index}: has no weight_map from tensors to files; fetch it again`);
  const files = new Map<string, string[]>();
  for (const [name, file] of Object.entries(names)) {
    if (typeof file !== 'string' || file === '' || basename(file) !== file)
      fail(`${index}: the file of tensor ${quoted(name)} is ${JSON.stringify(file)}; it is a name in the same folder`);
    files.set(file as string, [...(files.get(file as string) ?? []), name]);
  }
  return files;
}

/** The tensors of a folder of shards. Throws where one lacks a tensor that the index says it has, or two have the same. */
function openShards(folder: string): TensorsOnDisk {
  const tensors = new Map<string, TensorOnDisk>();
  const skipped = new Map<string, string>();
  for (const [file, expected] of filesIn(join(folder, INDEX))) {
    const path = join(folder, file);
    const shard = openFile(path);
    const lacking = expected.find((name) => !shard.tensors.has(name) && !shard.skipped.has(name));
    if (lacking !== undefined)
      fail(`${path}: has no tensor ${quoted(lacking)}, which ${INDEX} names there; fetch both again`);
    for (const [name, tensor] of shard.tensors) {
      if (tensors.has(name)) fail(`${path}: tensor ${quoted(name)} is in another file too; remove one of them`);
      tensors.set(name, tensor);
    }
    for (const [name, reason] of shard.skipped) skipped.set(name, reason);
  }
  return { tensors, skipped };
}

/** The reason why a folder has no tensors to read, with a remedy. */
function noTensors(folder: string): never {
  const names = readdirSync(folder);
  const files = names.filter((name) => name.endsWith('.safetensors'));
  if (files.length > 1) fail(`${folder}: has ${files.length} safetensors files and no ${INDEX}; give the path of one`);
  const pickle = names.find((name) => /\.(bin|pt|pth)$/.test(name));
  if (pickle === undefined) fail(`${folder}: has no model.safetensors; give a folder that has one`);
  return fail(
    `${join(folder, pickle)} is a pickle, which runs code where it is read; convert it in Python: ` +
      `save_file({k: v.clone() for k, v in torch.load('${pickle}', weights_only=True).items()}, 'model.safetensors') of safetensors.torch`,
  );
}

/**
 * Opens the tensors of a .safetensors file; or of a folder, by its `model.safetensors.index.json`, its `model.safetensors`, or its only
 * safetensors file. Only headers are read now. Throws where there is none, and as `parseSafetensors` does.
 */
export function openTensors(path: string): TensorsOnDisk {
  if (!statOf(path).isDirectory()) return openFile(path);
  if (existsSync(join(path, INDEX))) return openShards(path);
  const files = readdirSync(path).filter((name) => name.endsWith('.safetensors'));
  const file = files.includes('model.safetensors') ? 'model.safetensors' : files.length === 1 ? files[0] : undefined;
  return file === undefined ? noTensors(path) : openFile(join(path, file));
}

/** The folder of a path that `openTensors` takes. */
export const folderOf = (path: string): string => (statOf(path).isDirectory() ? path : dirname(path));
