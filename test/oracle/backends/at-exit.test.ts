import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { atExit } from '../../../src/oracle/backends/at-exit.ts';
import { root } from '../../docs/documented.ts';
import { expectGone, stranger } from './support.ts';

const driver = fileURLToPath(new URL('driver.ts', import.meta.url));

/** How the program ends: the signal it is sent, or what it does, and the status or signal it must end by. */
const ways: [way: string, signal: NodeJS.Signals | null, end: number | string][] = [
  ['Ctrl-C', 'SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  ['a closed terminal', 'SIGHUP', 'SIGHUP'],
  ['exits', null, 7],
  ['throws', null, 1],
];

async function output(child: ChildProcess): Promise<void> {
  await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
}

describe.each(['stays', 'once'])('a program whose backend %s', (how) => {
  it.each(ways)('leaves nothing behind after %s', async (way, signal, end) => {
    const folder = mkdtempSync(join(tmpdir(), 'driver-'));
    const { command, pids } = stranger(how === 'once' ? 'hangs-once' : 'hangs-with-a-child');
    const child = spawn(process.execPath, ['--import', 'tsx', driver, how, command, way], {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit');
    await output(child);
    if (signal !== null) child.kill(signal);
    const [status, by] = (await ended) as [number | null, string | null];
    expect(by ?? status).toBe(end);
    expect(pids().length).toBe(2);
    await expectGone(pids());
    expect(readdirSync(folder).filter((name) => name.startsWith('densessm-'))).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('atExit', () => {
  it('cleans once, and leaves the end to who else listens', () => {
    let cleaned = 0;
    const other = (): void => {};
    process.on('SIGHUP', other);
    const before = process.listenerCount('exit');
    atExit(() => cleaned++);
    expect(process.listenerCount('exit')).toBe(before + 1);
    process.emit('SIGHUP', 'SIGHUP');
    process.emit('SIGHUP', 'SIGHUP');
    expect(cleaned).toBe(1);
    expect(process.listenerCount('exit')).toBe(before);
    process.off('SIGHUP', other);
  });

  it('is called off', () => {
    const counts = (): number[] => ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'].map((event) => process.listenerCount(event));
    const before = counts();
    atExit(() => {})();
    expect(counts()).toEqual(before);
  });
});
