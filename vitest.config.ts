import { configDefaults, defineConfig } from 'vitest/config';
import { DearFirst } from './test/support/dear-first.ts';

/** A flag of Node 20: later ones, with V8 12 and on, lack it and do not start. */
const budget = Number.parseInt(process.versions.v8, 10) < 12 ? ['--interrupt-budget=400000'] : [];

/** Tests that replace modules. */
const mocking = ['test/oracle/defined-by.test.ts'];

/** A file of this folder. */
const at = (path: string): string => new URL(path, import.meta.url).pathname;

export default defineConfig({
  test: {
    setupFiles: ['test/support/seed.ts'],
    // one worker fewer than cores would leave half of a two-core machine idle
    maxWorkers: '100%',
    sequence: { sequencer: DearFirst },
    // tests make many small arrays, which are collected in less time in more room, and run most functions for a moment: with V8's own
    // budget, a quarter of the CPU time goes into optimising them
    execArgv: ['--import', at('test/support/typescript.mjs'), '--max-semi-space-size=64', ...budget],
    // Node's own imports: Vite's turn every use of an imported name into the call of a getter, which takes a third of the time
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // tests that start processes or compile kernels take seconds on a busy machine; a hang is still found
    testTimeout: 120_000,
    projects: [
      {
        extends: true,
        // a worker loads the sources once, not for every file
        test: {
          name: 'shared',
          include: ['{test,examples}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...mocking],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'mocking', include: mocking, experimental: { viteModuleRunner: true } } },
    ],
  },
});
