import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { groups } from '../../src/cli/program.ts';
import { densessm, densessmHere, type Run } from './run.ts';

function expectRefused({ status, stdout, stderr }: Run, message: string): void {
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe('densessm', { timeout: 240_000 }, () => {
  it('prints its help and its version', async () => {
    expect(densessm('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('equations') });
    expect(densessm('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect((await densessmHere('vectors', 'check', '--help')).stdout).toContain('--json');
  });

  it.each(groups.map((group) => [group.names.join(', '), group] as const))(
    'loads for each of %s what adds them, and no other command',
    async (_names, { names, load }) => {
      const main = new Command();
      (await load())(main, () => {});
      expect(main.commands.map((command) => command.name()).toSorted()).toEqual([...names].toSorted());
    },
  );

  it.each([
    [['verify', '--cases', '0'], "argument '0' is invalid. It must be an integer from 1 to 1000000."],
    [['check', '--module', 'mine.py'], 'a program is a --backend'],
    [['vectors', 'check', '/no/such/folder'], '/no/such/folder: does not exist; check the path'],
    [['train', '/no/such/text'], '/no/such/text: does not exist'],
    [['sample', '/no/such/run'], '/no/such/run: does not exist'],
    [['runs', '/no/such/folder'], '/no/such/folder: there is no such folder'],
    [['plot', '/no/such/run'], '/no/such/run: does not exist'],
    [['ablate', '--vary', 'x'], 'NAME='],
    [['merge', '/no/such/grid'], '/no/such/grid'],
  ])('prints the error of %s as JSON too, where JSON is asked for', async (args, message) => {
    const { status, stdout, stderr } = await densessmHere(...args, '--json');
    expect({ status, found: JSON.parse(stdout) }).toEqual({
      status: 2,
      found: { schema: 'densessm/error', version: 1, ok: false, error: expect.stringContaining(message) },
    });
    expect(stderr).toContain(message);
  });

  it.each([
    [['verify', '--case', '3'], "unknown option '--case'\n(Did you mean --cases?)"],
    [['verify', '--cases', '0'], "argument '0' is invalid. It must be an integer from 1 to 1000000."],
    [['verify', '--seed', 'x'], "argument 'x' is invalid"],
    [['check', '--operator', 'retentoin'], "argument 'retentoin' is invalid. (Did you mean retention?)"],
    [['check', '--operator', 'retentoin'], '(Did you mean retention?)'],
    [['check', '--operator', 'retention', 'linearscan'], '(Did you mean linearScan?)'],
    [['check', '--mode', 'recurent'], '(Did you mean recurrent?)'],
    [['check', '--dtype', 'f32'], '\n(Did you mean F32?)'],
    [['check', '--device', 'wegpu'], '\n(Did you mean webgpu?)'],
    [['degradation', '--of', 'stack'], '\n(Did you mean stacks?)'],
    [['check', '--mode', 'chunk'], '(Did you mean chunkwise?)\n(densessm check --help lists its options)'],
    [['check', '--dtype', 'bfloat16'], '(Did you mean BF16?)'],
    [['check', '--path', '3:x'], "argument '3:x' is invalid. Copy a path from a report"],
    [['check', 'mine.py'], 'check: \'mine.py\' belongs to no option; say --backend "python3 mine.py"'],
    [['check', '--module', 'mine.py'], 'a program is a --backend'],
    [['check', '--device', 'tpu'], 'Allowed choices are auto, webgpu, wasm, webasm, cpu'],
    [['vectors', 'check'], "missing required argument 'folder'"],
    [['vectors', 'check', '/no/such/folder'], '/no/such/folder: does not exist; check the path'],
  ])('refuses %s in one message, without a stack', async (args, message) => {
    expectRefused(await densessmHere(...args), message);
  });

  it.each([
    [['verfy'], "unknown command 'verfy'\n(Did you mean verify?)"],
    [['check', '--backend', '/no/such/program'], 'the command does not exist'],
    [
      ['check', '--backend', 'node test/support/stranger.mjs hangs-at-describe', '--limit', '1'],
      'it did not answer describe within 1 s; --limit says how long a start may take',
    ],
  ])('refuses %s in one message, without a stack, in a process of its own', (args, message) => {
    expectRefused(densessm(...args), message);
  });

  it('shows a stack with --debug', async () => {
    expect((await densessmHere('vectors', 'check', '/no/such/folder', '--debug')).stderr).toMatch(/^\s+at /m);
  });

  it('prints one line with --quiet', async () => {
    const linesOf = async (...args: string[]) => (await densessmHere(...args, '--quiet')).stdout.split('\n');
    expect(await linesOf('readings')).toHaveLength(2);
    expect(await linesOf('vectors', 'check', 'test/vectors')).toHaveLength(2);
  });

  it('fails if nothing was compared', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'densessm-'));
    expect((await densessmHere('vectors', 'check', folder)).status).toBe(2);
    rmSync(folder, { recursive: true });
  });
});
