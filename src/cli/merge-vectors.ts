/** @file Joins folders of vectors that shards have written into the folder that one run writes. */
import { join } from 'node:path';
import { readBytes } from '../io/read-file.ts';
import { joinedManifest } from '../oracle/frozen/join.ts';
import { fail } from '../tensor/errors.ts';
import { frozenManifest } from '../vectors/frozen/folder.ts';
import { checkDigest } from '../vectors/load.ts';
import type { Voice } from './console.ts';
import { checkNewFolder, writeVectors } from './vectors-write.ts';

/** Writes the whole of some folders. Throws where they are not all the shards of one set, where a file is damaged, or the new folder cannot be written. */
export function mergeVectors(folders: readonly string[], out: string | undefined, voice: Voice): void {
  if (out === undefined) fail('merge: these are shards of vectors; --out FOLDER says where to write the whole');
  checkNewFolder(out);
  const start = performance.now();
  const parts = folders.map((folder) => ({ folder, manifest: frozenManifest(folder) }));
  const manifest = joinedManifest(parts);
  const files = manifest.cases.map((entry) => {
    const { folder } = parts.find((part) => part.manifest.cases.includes(entry))!;
    const path = join(folder, entry.file);
    const bytes = readBytes(path);
    checkDigest(bytes, entry, path);
    return bytes;
  });
  writeVectors(out, { manifest, files }, voice, start);
}
