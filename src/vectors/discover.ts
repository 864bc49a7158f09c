/** @file Finds the files of vectors in a folder, with their entries in the manifests. */
import { readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { reasonOf, statOf } from '../io/read-file.ts';
import { plain } from '../io/text.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { type ListedCase, MANIFEST, readManifest } from './manifest.ts';

/** A file of vectors, with its entry in the manifest if there is one. */
export interface VectorFile {
  readonly path: string;
  readonly listed: ListedCase | null;
}

/** The result of a search: files, and errors of the folders themselves. */
export interface Discovery {
  readonly files: readonly VectorFile[];
  readonly problems: readonly string[];
}

const EXTENSION = '.safetensors';

/**
 * The vectors in some folders and the folders below them; hidden folders are skipped, and one reached twice counts
 * once. A manifest that is unreadable or disagrees with its folder is a problem of the result. Throws when a folder is
 * missing, is not a folder, or holds no vectors.
 */
export function discover(folders: readonly string[]): Discovery {
  if (folders.length === 0) fail('vectors check: no folder is given; name at least one');
  const found = new Map<string, Discovery>();
  for (const folder of folders) {
    if (!statOf(folder).isDirectory()) fail(`${folder}: is not a folder; give the folder that holds the vectors`);
    const below = search(folder, new Map());
    if ([...below.values()].every(({ files, problems }) => files.length + problems.length === 0)) {
      fail(`${folder}: holds no ${MANIFEST} and no *${EXTENSION}, nor do the folders in it; give a folder of vectors`);
    }
    for (const [real, here] of below) if (!found.has(real)) found.set(real, here);
  }
  const all = [...found.values()];
  return { files: all.flatMap(({ files }) => files), problems: all.flatMap(({ problems }) => problems) };
}

/** Searches a folder and those below it, by their real paths, so that a link to a folder above ends the search. */
function search(folder: string, visited: Map<string, Discovery>): Map<string, Discovery> {
  const real = realpathSync(folder);
  if (visited.has(real)) return visited;
  const { names, here } = look(folder);
  visited.set(real, here);
  for (const name of names) {
    if (name.startsWith('.') || name.endsWith(EXTENSION) || !isFolder(join(folder, name))) continue;
    search(join(folder, name), visited);
  }
  return visited;
}

function isFolder(path: string): boolean {
  try {
    return statOf(path).isDirectory();
  } catch {
    return false; // a broken link is no folder
  }
}

/** The names in a folder, and its own vectors. */
function look(folder: string): { names: readonly string[]; here: Discovery } {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    return { names: [], here: { files: [], problems: [`${folder}: ${reasonOf(error)}`] } };
  }
  return { names, here: vectorsAmong(names, folder) };
}

function vectorsAmong(names: readonly string[], folder: string): Discovery {
  const present = names.filter((name) => name.endsWith(EXTENSION) && !name.startsWith('.'));
  const unlisted = (): VectorFile[] => present.map((name) => ({ path: join(folder, name), listed: null }));
  if (!names.includes(MANIFEST)) return { files: unlisted(), problems: [] };
  const manifest = join(folder, MANIFEST);
  let listing: ListedCase[];
  try {
    listing = readManifest(manifest);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { files: unlisted(), problems: [error.message] };
  }
  const problems = listing.length === 0 ? [`${manifest}: lists no cases; list those of the folder`] : [];
  const byFile = new Map(listing.map((listed) => [listed.file, listed]));
  for (const { name, file } of listing) {
    if (!present.includes(file))
      problems.push(`${manifest}: case ${plain(name, 80)} is in ${plain(file, 80)}, which is missing; add the file`);
  }
  for (const name of present) {
    if (!byFile.has(name))
      problems.push(`${join(folder, name)}: is not listed in ${basename(manifest)}; list or remove it`);
  }
  const files = present.map((name) => ({ path: join(folder, name), listed: byFile.get(name) ?? null }));
  return { files, problems };
}
