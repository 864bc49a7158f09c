/** @file The snippets that spread a check over machines: each call is that of one shard, and together they are all of them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';

const page = readFileSync(join(root, 'docs/check-your-kernel.md'), 'utf8');
const section = /^### On several machines\n[\s\S]*?(?=^### )/m.exec(page)![0];
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(section)![1]!;

const folder = mkdtempSync(join(tmpdir(), 'densessm-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };

/** The words that the program `npx` was called with in a script: it prints them. */
function callsIn(script: string, more: object = {}): string[] {
  rmSync(join(folder, 'calls'), { force: true });
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    cwd: folder,
    env: { ...env, ...more },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').toSorted();
}

describe('the snippets for several machines', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'npx'), `#!/bin/sh\necho "$*" >> '${folder}/calls'\n`);
    chmodSync(join(folder, 'npx'), 0o755);
  });

  const called = (backend: string, shard: string) => `densessm check --backend ${backend} --shard ${shard} --json`;

  it('by GNU parallel have each shard once, or by xargs where it is not installed', () => {
    const line = /^parallel .*$/m.exec(section)![0];
    const [, command, items] = /^parallel "(.*)" ::: (.*)$/.exec(line)!;
    const isThere = spawnSync('parallel', ['--version']).status === 0;
    const byXargs = `printf '%s\\n' ${items} | xargs -P 2 -I{} sh -c "${command}"`;
    const script = (isThere ? line : byXargs).replaceAll('/tmp/shards', folder);
    expect(callsIn(script)).toEqual(['1/2', '2/2'].map((shard) => called('python3 /tmp/mine/my_kernel.py', shard)));
  });

  it('by a job array are each the shard of their number', () => {
    const calls = callsIn(block('bash'), { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4' });
    expect(calls).toEqual([called('python3 my_kernel.py', '3/4')]);
  });

  it('by a matrix join the file of each shard', () => {
    const text = block('yaml');
    const shards = /shard: \[(.*)\]/.exec(text)![1]!.split(', ');
    expect(shards).toEqual(shards.map((_, i) => `${i + 1}`));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's
    expect(text).toContain('--shard ${{ matrix.shard }}/${{ strategy.job-total }} --json > ${{ matrix.shard }}.json');
    expect(text).toContain(`densessm merge ${shards.map((i) => `${i}.json`).join(' ')}\n`);
  });
});
