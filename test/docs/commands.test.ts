import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documented, programs, root } from './documented.ts';

const commands = documented();
const quick = [...new Set(commands.filter(({ tag }) => tag === 'quick').map(({ command }) => command))];

/** The sources of the package's entry points. */
const entries: Readonly<Record<string, string>> = {
  densessm: 'src/index.ts',
  'densessm/nn': 'src/nn/index.ts',
  'densessm/models': 'src/models/index.ts',
  'densessm/gpu': 'src/executors/gpu/index.ts',
  'densessm/training': 'src/training/index.ts',
  'densessm/oracle': 'src/oracle/index.ts',
  'densessm/spec': 'spec/index.ts',
};

/** What a command said; the places in a stack are not this test's, and its reporter would look them up. */
const saidIn = (stderr: string): string => stderr.replace(/^\s+at .*$/gm, '').trim();

describe('the programs in the documents', () => {
  it.each(programs().map(({ file, program }) => [file, program]))('run: %s', { timeout: 60_000 }, (_file, program) => {
    const folder = mkdtempSync(join(tmpdir(), 'densessm-'));
    // an ES module wherever it lies, so that it may await
    const path = join(folder, 'program.mts');
    writeFileSync(
      path,
      program.replace(/from '(densessm[^']*)'/g, (_, entry: string) => `from '${root}${entries[entry]}'`),
    );
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', path], { cwd: root, encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(status, saidIn(stderr)).toBe(0);
  });
});

describe('the commands in the documents', () => {
  it('are there', () => {
    expect(quick.length).toBeGreaterThan(0);
  });

  // from the sources, so that what is tested is what stands here and not what was built before
  const sources = (command: string): string => command.replace(/\bnpx densessm\b/g, 'npx tsx src/cli/main.ts');

  it.each(quick)('run: %s', { timeout: 120_000 }, (command) => {
    const { status, stderr } = spawnSync('bash', ['-c', sources(command)], { cwd: root, encoding: 'utf8' });
    expect(status, saidIn(stderr)).toBe(0);
  });

  it.each(commands.filter(({ tag }) => tag !== 'quick').map(({ command }) => command))('have a form: %s', (command) => {
    execFileSync('bash', ['-n', '-c', command]);
  });
});

describe('the kernels in the documents', () => {
  it.each([
    ['README.md', 'broken_kernel.py'],
    ['docs/check-your-kernel.md', 'my_kernel.py'],
  ])('%s shows %s as it lies beside the adapter', (page, file) => {
    const kernel = readFileSync(join(root, 'adapters/python', file), 'utf8');
    expect(readFileSync(join(root, page), 'utf8')).toContain(`\`\`\`python\n${kernel}\`\`\``);
  });
});
