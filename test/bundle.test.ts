/** @file Bundles the package's modules for a page, as users do. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { root } from './support/root.ts';

/** Bundles a program that stands in the root. Returns its bytes, and the modules of Node that a page lacks. */
async function bundled(program: string): Promise<{ readonly bytes: number; readonly missing: readonly string[] }> {
  const missing: string[] = [];
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
    plugins: [
      {
        name: 'modules of Node',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^node:/ }, ({ path }) => {
            missing.push(path);
            return { path, external: true };
          }),
      },
    ],
  });
  return { bytes: outputFiles[0]!.contents.length, missing };
}

const indexOf = (entry: string): string => `./${join('src', entry, 'index.ts')}`;
const whole = (entry: string) => bundled(`export * from '${indexOf(entry)}'`);
const one = (name: string, entry: string) =>
  bundled(`import { ${name} } from '${indexOf(entry)}'; console.log(${name})`);

describe('a bundle for a page', () => {
  it.each(['', 'nn', 'models', 'training', 'executors/gpu', 'oracle'])('of %s needs nothing of Node', async (entry) => {
    expect((await whole(entry)).missing).toEqual([]);
  });

  it('of a module that reads files does', async () => {
    expect((await whole('vectors')).missing).toContain('node:fs');
  });

  it('holds only what is imported', async () => {
    expect((await one('softplus', '')).bytes).toBeLessThan((await whole('')).bytes / 2);
    expect((await one('bounded', 'oracle')).bytes).toBeLessThan((await whole('oracle')).bytes / 4);
  });
});
