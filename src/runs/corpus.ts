/** @file Reads the text of a run: the built-in one, a file, or the files of a folder. */
import { constants } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readBytes, statOf } from '../io/read-file.ts';
import { fail } from '../tensor/errors.ts';
import { stories } from '../training/index.ts';
import { sha256Of } from './sha256.ts';

/** A text, and what tells it from others. */
export interface Corpus {
  readonly text: string;
  readonly sha256: string;
}

/** The built-in text: stories from seed 1. */
const builtIn = (): string => stories(1, 200_000);

/** Text of a file. Throws unless it is UTF-8. */
function textOf(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBytes(path));
  } catch (error) {
    if (error instanceof TypeError) return fail(`${path}: is not UTF-8 text; convert it, or give other files`);
    throw error;
  }
}

/** The text files of a folder and its folders, by name. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(txt|md)$/.test(name))
    .sort()
    .map((name) => join(folder, name));

/** The text at a path, null for the built-in one. Throws where there is none, or fewer than two different characters. */
export function corpusOf(path: string | null): Corpus {
  const text = path === null ? builtIn() : textAt(path);
  const what = path ?? 'the built-in text';
  if (text.length === 0) fail(`${what}: is empty; give some text`);
  if (new Set(text).size === 1) fail(`${what}: has one character only, so there is nothing to learn; give a text`);
  return { text, sha256: sha256Of(text) };
}

function textAt(path: string): string {
  const isFolder = statOf(path).isDirectory();
  const files = isFolder ? filesIn(path) : [path];
  if (files.length === 0) fail(`${path}: has no .txt or .md files; give a file, or a folder of them`);
  const bytes = files.reduce((sum, file) => sum + statOf(file).size + 1, -1);
  if (bytes > constants.MAX_STRING_LENGTH)
    fail(
      `${path}: has ${megabytes(bytes)} MB of text; up to ${megabytes(constants.MAX_STRING_LENGTH)} MB are read. ${isFolder ? 'Leave some files out' : `Train on a part, as that of: head -c 400000000 ${path} | iconv -c -f utf8 -t utf8 > part.txt`}`,
    );
  return files.map(textOf).join('\n');
}

const megabytes = (bytes: number): number => Math.floor(bytes / 1e6);
