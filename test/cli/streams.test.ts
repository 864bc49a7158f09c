import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { stranger } from '../support/strangers.ts';
import { bash } from './run.ts';

describe('a closed pipe', { timeout: 120_000 }, () => {
  it('hides no failure of check', () => {
    // this backend returns its inputs as its answer
    const { command } = stranger('echo');
    const { status, stdout, stderr } = bash(
      `densessm check --backend "${command}" --operator retention --cases 2 | head -1`,
    );
    expect(stdout).toMatch(/^echo: 2 cases/);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  });

  it('hides no failure of vectors check', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vectors-'));
    cpSync(join(root, 'test/vectors/dense_ssm'), join(folder, 'dense_ssm'), { recursive: true });
    const file = join(folder, 'dense_ssm/l01_carry_fused.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1; // the exponent of the last number
    writeFileSync(file, bytes);
    expect(bash(`densessm vectors check ${folder} | true`).status).toBe(1);
    rmSync(folder, { recursive: true });
  });

  it.each([
    // with a single case, laws do not reject all faults
    ['equations --operator select --cases 1', 1],
    ['verify --cases 1 --longest 4', 0],
  ])('does not change the status of %s', (command, expected) => {
    expect(bash(`densessm ${command} | true`)).toEqual({ status: expected, stdout: '', stderr: '' });
  });

  it.each([
    ['vectors check /no/such/folder', 2],
    ['check --backend /no/such/program', 2],
    ['check --operator none', 2],
    ['readings', 0],
    ['vectors check test/vectors/dense_ssm', 0],
    ['--help', 0],
  ])('does not change the status of %s, on either stream', (command, expected) => {
    expect(bash(`densessm ${command} >/dev/null 2>&1`).status).toBe(expected);
    const closed = bash(`densessm ${command} | true`);
    expect(closed.status).toBe(expected);
    expect(closed.stderr).not.toMatch(/EPIPE|^\s+at /m);
    expect(bash(`densessm ${command} 2>&1 | true`).status).toBe(expected);
  });
});

const isLinux = process.platform === 'linux';
if (!isLinux) console.log('test/cli/streams.test.ts: a full disk was not tried (needs Linux and its /dev/full)');

describe.runIf(isLinux)('a full disk', { timeout: 120_000 }, () => {
  it.each([
    'readings',
    'readings --json',
    '--help',
    '--version',
    'vectors check test/vectors/dense_ssm',
    'degradation --count 1',
  ])('is reported in one message where %s cannot be written', (command) => {
    expect(bash(`densessm ${command} >/dev/full`)).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'error: standard output cannot be written (ENOSPC: no space left on device, write): free space there, or write it elsewhere\n',
    });
  });

  it('leaves the status of an error that cannot be printed', () => {
    expect(bash('densessm check --operator none 2>/dev/full').status).toBe(2);
    expect(bash('densessm vectors check /no/such/folder 2>/dev/full').status).toBe(2);
    expect(bash('densessm readings >/dev/full 2>&1').status).toBe(2);
  });
});
