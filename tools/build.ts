/** @file Builds dist/: compiles the sources, and bundles gpu.js, so that users install neither it nor its two native packages. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Modules that gpu.js loads by `require`, which modules of pages and of Node do not have. `gl` is another way to WebGL, which we do not use. */
const requires: Plugin = {
  name: 'requires',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(gl|os|worker_threads)$/ }, ({ path }) => ({ path, namespace: 'requires' }));
    onLoad({ filter: /./, namespace: 'requires' }, ({ path }) => ({
      contents:
        path === 'gl'
          ? 'throw new Error("gl is not installed")'
          : `module.exports = globalThis.process?.getBuiltinModule?.('node:${path}') ?? {}`,
    }));
  },
};

/** The licences of what is bundled, as a comment. */
const licences = ['gpu.js', 'acorn', 'gpu-mock.js']
  .map((name) => `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8').trim()}`)
  .join('\n\n');

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
const library = join(dist, 'src/executors/gpu/device/library.js');
await build({
  entryPoints: [library],
  outfile: library,
  allowOverwrite: true,
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['main'],
  target: 'es2023',
  minifyWhitespace: true,
  legalComments: 'none',
  banner: { js: `/*!\n${licences}\n*/` },
  plugins: [requires],
});
chmodSync(join(dist, 'src/cli/main.js'), 0o755);
