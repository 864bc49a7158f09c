/** @file Bundles the programs of pages and their workers. */
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { operators } from '../src/oracle/operators/index.ts';
import { root } from '../test/support/root.ts';

const here = import.meta.dirname;
const names = { entryFileNames: '[name].js', chunkFileNames: 'parts/[name]-[hash].js' } as const;

/** The programs of pages, by their names in assets. */
const programs = ['worked', 'lab', 'break', 'train', 'offline', 'search'].map((name) => [
  name,
  join(here, `client/${name}.ts`),
]);

/** The file of an operator: that of `denseKeys` is in the folder dense-keys. */
const fileOf = (name: string): string =>
  join(
    root,
    'src/oracle/operators',
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    'operator.ts',
  );

/** The operators of equations, by their names in assets: chapters load each when it is needed. */
const ofEquations = operators
  .filter(({ equations = [] }) => equations.length > 0)
  .map(({ name }) => [`operators/${name}`, fileOf(name)]);

/** Whether a module is of the engine or of the specification. */
const isEngine = (id: string): boolean => [join(root, 'src/'), join(root, 'spec/')].some((one) => id.startsWith(one));

/** Writes the programs into `assets` of a folder. Returns what each imports at once, by their addresses in that folder. */
export async function bundle(folder: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    // modules are found beside the module that asks for them, on any host and in any folder
    base: './',
    worker: { format: 'es', rolldownOptions: { output: names } },
    build: {
      outDir: join(folder, 'assets'),
      emptyOutDir: false,
      rolldownOptions: {
        input: Object.fromEntries([...programs, ...ofEquations]),
        // pages import the operators by address
        preserveEntrySignatures: 'exports-only',
        output: {
          ...names,
          // what operators share is one file: split by who shares it, it would be 40 requests of a page
          codeSplitting: { groups: [{ name: 'engine', test: isEngine, minShareCount: 2 }] },
        },
      },
    },
  });
  const chunks = (built as Rolldown.RolldownOutput).output.filter((one) => one.type === 'chunk');
  return Object.fromEntries(
    chunks.map(({ fileName, imports }) => [`assets/${fileName}`, imports.map((one) => `assets/${one}`)]),
  );
}
