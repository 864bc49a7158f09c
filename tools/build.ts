/** @file Builds dist/: compiles the sources, and bundles gpu.js, so that users install neither it nor its two native packages, and small libraries that are small once bundled. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const read = (file: string): string => readFileSync(file, 'utf8');

/** The declarations that those of the package's modules reach. */
function publicTypes(): ReadonlySet<string> {
  const { exports } = JSON.parse(read(join(root, 'package.json'))) as { exports: Record<string, { types?: string }> };
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, path] of read(file).matchAll(/(?:from |import\()['"](\.[^'"]+)\.[jt]s['"]/g))
      reach(join(dirname(file), `${path}.d.ts`));
  };
  for (const { types } of Object.values(exports)) if (types !== undefined) reach(join(root, types));
  return reached;
}

/** Moves a source map into its file: as files of their own, 1,000 small maps take megabytes. */
function embedMap(file: string): void {
  const map = JSON.parse(read(`${file}.map`)) as { mappings: string };
  // a segment for each line: with one for each name, the maps are larger than the code
  if (file.endsWith('.js'))
    map.mappings = encode(decode(map.mappings).map((line) => line.filter(([, , to], i) => to !== line[i - 1]?.[2])));
  const url = `data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  writeFileSync(file, read(file).replace(/^\/\/# sourceMappingURL=.*/m, `//# sourceMappingURL=${url}`));
  rmSync(`${file}.map`);
}

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

/** The licence of a package that is bundled. */
function licenceOf(name: string): string {
  const folder = join(root, 'node_modules', name);
  const text = join(folder, 'LICENSE');
  if (existsSync(text)) return `${name}\n\n${read(text).trim()}`;
  const { author, homepage, license } = JSON.parse(read(join(folder, 'package.json'))) as Readonly<
    Record<string, string>
  >;
  return `${name}\n\n${license}, Copyright ${author}, ${homepage}`;
}

/** The files of dist/ that hold a package, which they load in a checkout, and the packages inside. */
const holding: Readonly<Record<string, readonly string[]>> = {
  'src/executors/gpu/device/library.js': ['gpu.js', 'acorn', 'gpu-mock.js'],
  'src/cli/json-schema.js': ['@cfworker/json-schema'],
  'src/runs/terminal-chart.js': ['simple-ascii-chart'],
};

rmSync(dist, { recursive: true, force: true });
// comments are in the declarations, and in the sources that the maps point to
// not node_modules/.bin/tsc, which is no program on Windows
for (const part of [
  ['--declaration', '--declarationMap', '--emitDeclarationOnly'],
  ['--sourceMap', '--removeComments'],
])
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json'), ...part],
    { stdio: 'inherit' },
  );
const types = publicTypes();
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const file = join(dist, name);
  if (file.endsWith('.d.ts') && !types.has(file)) for (const part of [file, `${file}.map`]) rmSync(part);
  else if (/\.(js|d\.ts)$/.test(file)) embedMap(file);
}
for (const [name, inside] of Object.entries(holding)) {
  const file = join(dist, name);
  await build({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['main'],
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    banner: { js: `/*!\n${inside.map(licenceOf).join('\n\n')}\n*/` },
    plugins: [requires],
  });
}
chmodSync(join(dist, 'src/cli/main.js'), 0o755);
