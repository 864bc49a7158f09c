import { describe, expect, it } from 'vitest';
import { checkSystem, startGroup, withExec } from '../../../src/oracle/backends/group.ts';
import { isRunning } from '../../support/strangers.ts';

describe('withExec', () => {
  it.each([
    ['python3 backend.py', 'exec python3 backend.py'],
    ['  ./my\\ backend --flag="a;b" \'c|d\'', '  exec ./my\\ backend --flag="a;b" \'c|d\''],
    ['A=1 B="x y" C=\'z\' ./backend 2>log', 'A=1 B="x y" C=\'z\' exec ./backend 2>log'],
    ['"$HOME/backend" a', 'exec "$HOME/backend" a'],
  ])('adds exec before a single program: %s', (command, expected) => {
    expect(withExec(command)).toBe(expected);
  });

  it.each([
    'cd x && ./backend',
    'a; b',
    'a | b',
    'a &',
    'a\nb',
    '(a)',
    '{ a; }',
    '! a',
    'a "$(b)"c`d`',
    'exec a',
    '. ./a',
    'A=1',
    '',
    'a # b',
    'a "unfinished',
  ])('leaves other shell commands unchanged: %s', (command) => {
    expect(withExec(command)).toBe(command);
  });
});

describe('a system without process groups', () => {
  it('is refused in one sentence', () => {
    expect(() => checkSystem('win32')).toThrow(/^check --backend does not run on Windows: .*\. Run it in WSL instead$/);
    for (const platform of ['linux', 'darwin', 'freebsd'] as const) expect(() => checkSystem(platform)).not.toThrow();
  });
});

describe('a group', () => {
  it('gets time to end by itself, even if its shell has ended', async () => {
    const group = startGroup(
      'sh -c \'trap "sleep 0.3; echo put away >&2; exit" TERM; echo; while :; do sleep 0.05; done\'; true',
    );
    await new Promise((resolve) => group.stdout.once('data', resolve));
    await group.kill(5000);
    expect(group.lastLines()).toContain('put away');
  });

  it('is killed if it takes too long to end', async () => {
    const group = startGroup("trap '' TERM; echo $$; while :; do sleep 0.05; done");
    const pid = await new Promise<number>((resolve) => group.stdout.once('data', (text) => resolve(Number(text))));
    const start = performance.now();
    await group.kill(200);
    expect(performance.now() - start).toBeLessThan(3000);
    expect(isRunning(pid)).toBe(false);
    expect(await group.ended).toEqual({ how: 'signal', signal: 'SIGKILL' });
  });

  it('refuses a command that is too long for the system', () => {
    expect(() => startGroup(`true ${'x'.repeat(5_000_000)}`)).toThrow(
      /^the backend could not be started \(spawn E2BIG\)/,
    );
  });

  it('recognises a signal that the shell reports as a status', async () => {
    const group = startGroup("sh -c 'kill -ABRT $$'; exit $?");
    expect(await group.ended).toEqual({ how: 'signal', signal: 'SIGABRT' });
  });
});
