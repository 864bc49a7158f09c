import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { laws } from '../../src/oracle/laws/index.ts';
import { root } from '../support/root.ts';

/** Files that no operator imports, each with the test that covers it. */
const elsewhere: Readonly<Record<string, string>> = {
  'src/models/generate.ts': 'test/models/generate.test.ts',
  'src/models/index.ts': 'test/docs/programs.test.ts',
  'src/models/presets.ts': 'test/models/presets.test.ts',
  'src/models/sampling.ts': 'test/models/sampling.test.ts',
  'src/models/xpos-retnet.ts': 'test/vectors/retnet.test.ts',
  'src/nn/index.ts': 'test/docs/programs.test.ts',
};

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** A file and all files that it imports, directly or indirectly. */
function reachedFrom(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, path] of read(file).matchAll(/from '(\.[^']+)'/g)) reachedFrom(join(dirname(file), path!), seen);
  return seen;
}

it('laws reach every file of nn and models, except the listed files', () => {
  const reached = reachedFrom('src/oracle/operators/index.ts');
  const files = ['src/nn', 'src/models'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  expect(files.filter((file) => !reached.has(file)).toSorted()).toEqual(Object.keys(elsewhere).toSorted());
  expect(Object.values(elsewhere).filter((test) => !existsSync(join(root, test)))).toEqual([]);
});

it('every law has a test file', () => {
  const files = readdirSync(join(root, 'test/laws')).flatMap((name) => /^(.*)\.test\.ts$/.exec(name)?.[1] ?? []);
  expect(files.filter((name) => name !== 'coverage').toSorted()).toEqual(laws.map(({ name }) => name).toSorted());
});

it('test/README.md names every folder of tests and every law', () => {
  const page = read('test/README.md');
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const named = [...folders.map(({ name }) => `test/${name}`), ...laws.map(({ name }) => `test/laws/${name}.test.ts`)];
  expect(named.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
