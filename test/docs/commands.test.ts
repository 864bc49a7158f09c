import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bundled } from '../support/bundled.ts';
import { root } from '../support/root.ts';
import { documented } from './documented.ts';

const program = await bundled('src/cli/main.ts');
const commands = documented();
const quick = [...new Set(commands.filter(({ tag }) => tag === 'quick').map(({ command }) => command))];

/** Standard error without stack traces, because the test reporter would look up their source lines. */
const saidIn = (stderr: string): string => stderr.replace(/^\s+at .*$/gm, '').trim();

describe('the commands in the documents', () => {
  it('exist', () => {
    expect(quick.length).toBeGreaterThan(0);
  });

  // run from the sources, so that the test covers the current code and not an older build
  const sources = (command: string): string => command.replace(/\bnpx densessm\b/g, `node '${program}'`);

  it.each(quick)('run: %s', { timeout: 120_000 }, (command) => {
    const { status, stderr } = spawnSync('bash', ['-c', sources(command)], { cwd: root, encoding: 'utf8' });
    expect(status, saidIn(stderr)).toBe(0);
  });

  it.each(commands.filter(({ tag }) => tag !== 'quick').map(({ command }) => command))(
    'have valid syntax: %s',
    (command) => {
      execFileSync('bash', ['-n', '-c', command]);
    },
  );
});
