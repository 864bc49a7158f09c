import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './support/root.ts';

const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };

/** What is wrong with a workflow: actions without a version, scripts that do not exist, more rights than reading. */
const faultsOf = (text: string): string[] => [
  ...[...text.matchAll(/uses: (\S+)/g)].map(([, name]) => name!).filter((name) => !/^actions\/[\w-]+@v\d+$/.test(name)),
  ...[...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!).filter((name) => !(name in scripts)),
  ...(/^permissions:\n {2}contents: read\n(?! )/m.test(text) ? [] : ['permissions']),
];

describe('the workflows', () => {
  it.each(workflows)('$name names versions, scripts that exist, and rights', ({ text }) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it('are refused without them', () => {
    const text = workflows.find(({ name }) => name === 'site.yml')!.text;
    expect(faultsOf(text.replace('checkout@v4', 'checkout@main'))).toEqual(['actions/checkout@main']);
    expect(faultsOf(text.replace('npm run site', 'npm run sight'))).toEqual(['sight']);
    expect(faultsOf(text.replace('contents: read', 'contents: write'))).toEqual(['permissions']);
  });

  it('publish the site only where a person starts them', () => {
    const text = workflows.find(({ name }) => name === 'site.yml')!.text;
    expect(text.match(/^on:\n((?: .*\n)+)/m)?.[1]).toBe('  workflow_dispatch:\n');
  });
});

describe('the action for kernels of others', () => {
  const text = readFileSync(join(root, '.github/actions/check/action.yml'), 'utf8');
  const script = /^ {6}run: \|\n((?: {8}.*\n)+)/m.exec(text)![1]!.replace(/^ {8}/gm, '');

  it('names versions, and its inputs, which reach the script as variables alone', () => {
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, name]) => name);
    expect(uses).toEqual(['actions/setup-node@v4', 'actions/upload-artifact@v4']);
    const inputs = [.../^inputs:\n((?: {2}.*\n)+)/m.exec(text)![1]!.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name);
    expect([...new Set([...text.matchAll(/\{\{ inputs\.(\w+) \}\}/g)].map(([, name]) => name))].sort()).toEqual(
      inputs.toSorted(),
    );
    expect(script).not.toContain('{{');
  });

  it('calls check with the backend as one word', () => {
    const stub = `mkdir() { :; }; npx() { printf '%s\n' "$@"; }; ${script}`;
    const env = { ...process.env, BACKEND: "python3 'my kernel.py'; id", OPTIONS: '--cases 5', VERSION: '1.0.0' };
    const { status, stdout } = spawnSync('bash', ['-e', '-c', stub], { env, encoding: 'utf8' });
    const reports = ['--html', 'densessm-report/index.html', '--junit', 'densessm-report/junit.xml'];
    const words = ['--yes', 'densessm@1.0.0', 'check', '--backend', env.BACKEND, '--cases', '5', ...reports];
    expect({ status, words: stdout.trim().split('\n') }).toEqual({ status: 0, words });
  });
});
