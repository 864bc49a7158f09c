/** @file Tests that the command leaves no process behind after any kind of end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../support/root.ts';
import { expectGone, isRunning, stranger } from '../support/strangers.ts';
import { program } from './run.ts';

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args], { cwd: root, stdio: 'ignore' });

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** Whether a child is a worker: workers use processor time, guards and compilers do not. */
const isComputing = (pid: number): boolean => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) > 100; // in hundredths of a second
};

const isLinux = process.platform === 'linux';
if (!isLinux) console.log('test/cli/endings.test.ts: not run (needs Linux and its /proc)');

describe.runIf(isLinux)('densessm', { timeout: 60_000 }, () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)('verify leaves no worker after %s', async (signal) => {
    const verify = start('verify', '--cases', '2000', '--longest', '64');
    const busy = (): number[] => childrenOf(verify.pid!).filter(isComputing);
    await expect.poll(() => busy().length, { timeout: 30_000 }).toBeGreaterThan(0);
    const children = childrenOf(verify.pid!);
    verify.kill(signal);
    await expectGone([verify.pid!, ...children]);
  });

  it('check of the built-in backend leaves no worker after SIGKILL', async () => {
    const check = start('check', '--device', 'cpu', '--cases', '60', '--longest', '7');
    const busy = (): number[] => childrenOf(check.pid!).filter(isComputing);
    await expect.poll(() => busy().length, { timeout: 30_000 }).toBeGreaterThan(0);
    const children = childrenOf(check.pid!);
    check.kill('SIGKILL');
    await expectGone([check.pid!, ...children]);
  });

  it('verify leaves no worker when one of them ends early', async () => {
    const verify = start('verify', '--cases', '2000', '--longest', '64');
    const busy = (): number[] => childrenOf(verify.pid!).filter(isComputing);
    await expect.poll(() => busy().length, { timeout: 30_000 }).toBeGreaterThan(0);
    const children = childrenOf(verify.pid!);
    process.kill(busy()[0]!, 'SIGKILL');
    await expectGone([verify.pid!, ...children]);
    await expect.poll(() => verify.exitCode).toBe(1);
  });

  it.each(['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGKILL'] as const)('check leaves no backend after %s', async (signal) => {
    const { command, pids } = stranger('hangs-with-a-child');
    const check = start('check', '--backend', command, '--operator', 'retention');
    await expect.poll(() => pids().length, { timeout: 30_000 }).toBe(2);
    expect(pids().every(isRunning)).toBe(true);
    check.kill(signal);
    await expectGone([check.pid!, ...pids()]);
  });
});
