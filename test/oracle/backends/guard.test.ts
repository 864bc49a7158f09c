import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundled } from '../../support/bundled.ts';
import { expectGone, stranger } from '../../support/strangers.ts';

const driver = await bundled('test/oracle/backends/driver.ts');
const guard = await bundled('src/oracle/backends/guard.ts');

/** Ways of ending: the signal that is sent, if any, and the status or signal with which the program must end. */
const ways: [way: string, signal: NodeJS.Signals | null, end: number | string][] = [
  ['Ctrl-C', 'SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM', 'SIGTERM'],
  ['a closed terminal', 'SIGHUP', 'SIGHUP'],
  ['Ctrl-\\', 'SIGQUIT', 'SIGQUIT'],
  ['a timer', 'SIGALRM', 'SIGALRM'],
  ['SIGKILL', 'SIGKILL', 'SIGKILL'],
  ['a crash', 'SIGSEGV', 'SIGSEGV'],
  ['exits', null, 7],
  ['throws', null, 1],
];

async function output(child: ChildProcess): Promise<void> {
  await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
}

describe.each(['stays', 'once'])('a program whose backend %s', (how) => {
  it.each(ways)('leaves no process or file after %s', async (way, signal, end) => {
    const folder = mkdtempSync(join(tmpdir(), 'driver-'));
    const { command, file, pids } = stranger(how === 'once' ? 'hangs-once' : 'hangs-with-a-child');
    const child = spawn(process.execPath, [driver, how, command, file, way], {
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
    const left = (): string[] => readdirSync(folder).filter((name) => name.startsWith('densessm-'));
    await expect.poll(left, { timeout: 3000 }).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe('a guard', () => {
  it('does not keep the program alive, and does nothing after cancellation', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'guarded-'));
    const program = `
      const { guard } = await import('${guard}');
      guard('echo "$1" > "$2/kept"', 'a b', ${JSON.stringify(folder)});
      guard('echo > "$1/called-off"', ${JSON.stringify(folder)})();`;
    spawnSync(process.execPath, ['--input-type=module', '-e', program]);
    await expect.poll(() => readdirSync(folder), { timeout: 3000 }).toEqual(['kept']);
    await expect.poll(() => readFileSync(join(folder, 'kept'), 'utf8')).toBe('a b\n');
    rmSync(folder, { recursive: true });
  });
});
