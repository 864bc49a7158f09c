import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './docs/documented.ts';

/** Which folders a folder may import from, besides itself. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  'src/tensor': [],
  'src/executors': ['src/tensor', 'src/autograd'],
  'src/autograd': ['src/tensor'],
  'src/io': ['src/tensor'],
  'src/nn': ['src/tensor'],
  'src/models': ['src/nn', 'src/tensor'],
  'src/training': ['src/autograd', 'src/tensor', 'src/nn', 'src/models'],
  'src/vectors': ['src/tensor', 'src/executors', 'src/autograd', 'src/io', 'src/nn', 'src/models'],
  'src/measure': ['src/tensor', 'src/executors', 'src/autograd', 'src/nn', 'src/models'],
  'src/oracle': [
    'spec',
    'src/tensor',
    'src/executors',
    'src/autograd',
    'src/io',
    'src/nn',
    'src/models',
    'src/vectors',
  ],
  'src/cli': ['spec', 'src/tensor', 'src/measure', 'src/oracle', 'src/vectors'],
};

const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

/** The folder of the table that a file lies in. */
const folderOf = (file: string): string | undefined =>
  Object.keys(allowed).find((folder) => file === folder || file.startsWith(`${folder}/`));

const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    relative(root, join(root, dirname(file), path!)),
  );

describe('the structure', () => {
  it.each(Object.entries(allowed))('%s imports only what it may', (folder, others) => {
    const wrong = filesIn(folder).flatMap((file) =>
      importsOf(file)
        .filter((path) => ![folder, ...others].includes(folderOf(path) ?? ''))
        .map((path) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  const portable = Object.keys(allowed).filter(
    (folder) => !['src/io', 'src/vectors', 'src/oracle', 'src/cli'].includes(folder),
  );

  it('imports nothing of Node where a page can use it', () => {
    const files = ['src/index.ts', ...portable.flatMap(filesIn)];
    expect(files.filter((file) => /from 'node:/.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('has no file of more than 400 lines', () => {
    const long = ['spec', 'src', 'bench', 'test']
      .flatMap(filesIn)
      .filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401);
    expect(long).toEqual([]);
  });
});
