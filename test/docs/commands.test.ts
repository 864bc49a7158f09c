import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyMode } from '../../src/oracle/verify.ts';
import { bundled } from '../support/bundled.ts';
import { root } from '../support/root.ts';
import { documented } from './documented.ts';

const program = await bundled('src/cli/main.ts');
const commands = documented();
const quick = [...new Set(commands.filter(({ tag }) => tag === 'quick').map(({ command }) => command))];

const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env;
const runs = new Map<string, SpawnSyncReturns<string>>();

/** Runs a command, at its first use, from the sources: so the test covers the current code and not an older build. */
function ran(command: string): SpawnSyncReturns<string> {
  const line = command.replace(/\bnpx densessm\b/g, `node '${program}'`);
  const run = runs.get(command) ?? spawnSync('bash', ['-c', line], { cwd: root, encoding: 'utf8', env });
  runs.set(command, run);
  return run;
}

/** Standard error without stack traces, because the test reporter would look up their source lines. */
const saidIn = (stderr: string): string => stderr.replace(/^\s+at .*$/gm, '').trim();

describe('the commands in the documents', () => {
  it('exist', () => {
    expect(quick.length).toBeGreaterThan(0);
  });

  it.each(quick)('run: %s', { timeout: 120_000 }, (command) => {
    const { status, stderr } = ran(command);
    expect(status, saidIn(stderr)).toBe(0);
  });

  it('print the rows that the README shows; each is right, and a pipe has no colour', { timeout: 120_000 }, () => {
    /** The operator and the mode of each row. */
    const rows = (text: string): string[] =>
      text.split('\n').flatMap((line) => /^(\w+ +\w+) +(?:\d+|F32 +PASS) /.exec(line)?.[1]?.replace(/ +/, ' ') ?? []);
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const { stdout } = ran('npx densessm verify --cases 5 --longest 8');
    expect(stdout).toMatch(/retention +chunkwise +5 .* right/);
    expect(stdout).toContain('ALL RIGHT');
    expect(stdout).not.toContain('\u001b');
    const checked = ran('npx densessm check --device webasm --cases 1 --operator retention denseMamba');
    const printed = [...rows(stdout), ...rows(checked.stdout)];
    expect(rows(readme).length).toBeGreaterThan(10);
    expect(rows(readme).filter((row) => !printed.includes(row))).toEqual([]);
    expect(readme).toContain(`${everyMode().length} of ${everyMode().length} rows right`);
  });

  it.each(commands.filter(({ tag }) => tag !== 'quick').map(({ command }) => command))(
    'have valid syntax: %s',
    (command) => {
      execFileSync('bash', ['-n', '-c', command]);
    },
  );
});
