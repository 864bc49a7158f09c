/** @file Finds the folder of the package, in a checkout or installed. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package's package.json, above this file. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The version of the package. */
export const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;

/** The compact set of reference vectors that comes with the package. */
export const ownVectors = (): string => join(packageRoot(), 'test', 'vectors');

/** The nearest folder, itself or above, that exists. */
export const madeOf = (folder: string): string => (existsSync(folder) ? folder : madeOf(dirname(folder)));
