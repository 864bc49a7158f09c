import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support/root.ts';

const gpu = 'src/executors/gpu';

/** The libraries that the command line and the benchmarks use. */
const libraries = ['src/tensor', 'src/wasm', 'src/autograd', 'src/executors', 'src/io', 'src/nn', 'src/models'];

const oracle = 'src/oracle';

/** The oracle's entry files, which may import all of it. The other files beside them are parts that its folders import. */
const wholes = ['equations', 'faults', 'index', 'verify'].map((name) => `${oracle}/${name}.ts`);
const parts = readdirSync(join(root, oracle))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `${oracle}/${name}`)
  .filter((file) => !wholes.includes(file));
const toParts = ['spec', 'src/tensor', 'src/autograd', 'src/executors', 'src/nn', ...parts];

/**
 * The folders and files that a folder may import from, besides its own files. The longest name that begins a file's path
 * applies. The stages of the gpu executor are listed from the lowest to the highest.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  'src/tensor': [],
  'src/wasm': [],
  'src/autograd': ['src/tensor'],
  'src/executors': ['src/tensor'],
  'src/executors/f64': ['src/tensor', 'src/wasm'],
  'src/executors/f32': ['src/tensor', 'src/executors/f64'],
  'src/executors/profiles': ['src/tensor'],
  'src/executors/bounded': ['src/tensor', 'src/autograd', 'src/executors/f64', 'src/executors/profiles'],
  'src/executors/rounded': ['src/tensor', 'src/executors/f64', 'src/executors/profiles'],
  'src/executors/ring': ['src/tensor', 'src/executors/f64'],
  [gpu]: ['src/tensor', 'src/wasm'],
  [`${gpu}/values`]: ['src/tensor'],
  [`${gpu}/text`]: ['src/tensor', `${gpu}/values`],
  [`${gpu}/fusion`]: ['src/tensor', `${gpu}/values`, `${gpu}/text`],
  [`${gpu}/kernels`]: ['src/tensor', `${gpu}/values`, `${gpu}/text`, `${gpu}/fusion`],
  [`${gpu}/trace`]: ['src/tensor', `${gpu}/values`, `${gpu}/text`, `${gpu}/fusion`, `${gpu}/kernels`],
  [`${gpu}/device`]: ['src/tensor', 'src/wasm', `${gpu}/text`],
  [`${gpu}/wasm`]: ['src/tensor', 'src/wasm', `${gpu}/text`, `${gpu}/trace`, `${gpu}/device`],
  'src/io': ['src/tensor'],
  'src/io/maps': ['src/io', 'src/models', 'src/nn', 'src/tensor'],
  'src/nn': ['src/tensor'],
  'src/models': ['src/nn', 'src/tensor'],
  'src/training': ['src/tensor', 'src/autograd', 'src/executors', 'src/nn', 'src/models'],
  'src/measure': ['src/tensor', 'src/executors', 'src/autograd', 'src/nn', 'src/models'],
  'src/vectors': libraries,
  [oracle]: ['spec', ...libraries],
  ...Object.fromEntries(parts.map((file) => [file, toParts])),
  [`${oracle}/forms`]: toParts,
  [`${oracle}/operators`]: [...toParts, 'src/models', `${oracle}/forms`],
  [`${oracle}/laws`]: toParts,
  [`${oracle}/domain`]: [...toParts, 'src/io'],
  [`${oracle}/backends`]: [...toParts, 'src/io', `${oracle}/operators`, `${oracle}/domain`],
  [`${oracle}/batches`]: [
    ...toParts,
    'src/io',
    ...['domain', 'backends', 'faults.ts'].map((name) => `${oracle}/${name}`),
  ],
  [`${oracle}/check`]: [
    ...toParts,
    'src/io',
    ...['operators', 'domain', 'backends', 'batches', 'faults.ts'].map((name) => `${oracle}/${name}`),
  ],
  [`${oracle}/frozen`]: [
    ...toParts,
    'src/io',
    'src/vectors/frozen',
    'src/vectors/compare.ts',
    ...['operators', 'domain', 'backends', 'batches', 'check', 'faults.ts'].map((name) => `${oracle}/${name}`),
  ],
  [`${oracle}/problems`]: [...toParts, 'src/io', ...['operators', 'domain'].map((name) => `${oracle}/${name}`)],
  [`${oracle}/readings`]: [...toParts, 'src/models', `${oracle}/operators`, `${oracle}/check`],
  'src/runs': ['src/tensor', 'src/executors', 'src/io', 'src/models', 'src/training'],
  'src/vitest': ['src/tensor', 'src/oracle'],
  'src/cli': ['spec', ...libraries, 'src/measure', 'src/oracle', 'src/vectors', 'src/training', 'src/runs'],
  'src/index.ts': ['src/tensor', 'src/autograd', 'src/executors/f64', 'src/executors/f32'],
  bench: [...libraries, 'src/training', 'src/oracle'],
  'bench/gpu': [...libraries, 'src/training', 'test/executors/gpu'],
};

/**
 * Pairs of files that import each other: one primitive is the derivative of the other, or a value carries the executor that
 * runs primitives.
 */
const pairs = [
  ['src/tensor/primitive.ts', 'src/tensor/value.ts'],
  ...[
    ['broadcast', 'sum'],
    ['cos', 'sin'],
    ['gather', 'scatter-add'],
    ['pad', 'slice'],
  ].map((names) => names.map((name) => `src/tensor/primitives/${name}.ts`)),
];

const filesIn = (folder: string, ending = '.ts'): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('node_modules') && name.endsWith(ending))
    .map((name) => join(folder, name));

const isIn = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`);

/** The longest name of the table that begins a file's path. */
const roomOf = (file: string): string | undefined =>
  Object.keys(allowed)
    .filter((place) => isIn(file, place))
    .sort((a, b) => b.length - a.length)[0];

const known = new Map<string, readonly string[]>();

/** The files that a file imports. Type imports count, because a reader follows them too. */
function importsOf(file: string): readonly string[] {
  const imports =
    known.get(file) ??
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, path]) =>
      relative(root, join(root, dirname(file), path!)),
    );
  known.set(file, imports);
  return imports;
}

/** All files that a file imports, directly or through others. */
function reachedFrom(file: string): Set<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const next of importsOf(path)) visit(next);
  };
  for (const next of importsOf(file)) visit(next);
  return seen;
}

describe('the structure', () => {
  const held = ['spec', 'src', 'bench'].flatMap((folder) => filesIn(folder));

  it.each(Object.entries(allowed))('%s imports only from the folders allowed to it', (room, others) => {
    const wrong = held
      .filter((file) => roomOf(file) === room)
      .flatMap((file) =>
        importsOf(file)
          .filter((path) => ![room, ...others].some((place) => isIn(path, place)))
          .map((path) => `${file} imports ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  it('lists a folder for every file', () => {
    expect(held.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  it('has no import cycles except the named pairs', () => {
    const reached = new Map(held.map((file) => [file, reachedFrom(file)]));
    const circles = held
      .filter((file) => reached.get(file)!.has(file))
      .map((file) => held.filter((other) => reached.get(file)!.has(other) && reached.get(other)?.has(file)).sort());
    const unnamed = circles.filter((circle) => !pairs.some((pair) => `${pair}` === `${circle}`));
    expect(unnamed).toEqual([]);
  });

  it('keeps helpers shared by several test folders in test/support', () => {
    const sideways = filesIn('test').flatMap((file) =>
      importsOf(file)
        .filter((path) => isIn(path, 'test') && !isIn(path, 'test/support') && dirname(path) !== 'test')
        .filter((path) => !isIn(file, path.split('/').slice(0, 2).join('/')))
        .map((path) => `${file} imports ${path}`),
    );
    // the page reuses the gpu executor's comparison with f64
    expect(sideways).toEqual(['test/browser/page.ts imports test/executors/gpu/support.ts']);
  });

  const ofNode = ['src/io', 'src/runs', 'src/vectors', 'src/oracle/backends', 'src/cli', 'bench'];

  it('imports no Node module in code that a page can use', () => {
    const portable = held.filter((file) => !ofNode.some((place) => isIn(file, place)));
    expect(portable.filter((file) => /from 'node:/.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('has no file over 400 lines', () => {
    const long = ['spec', 'src', 'bench', 'site', 'tools', 'test']
      .flatMap((folder) => [...filesIn(folder), ...filesIn(folder, '.css')])
      .filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401);
    expect(long).toEqual([]);
  });
});
