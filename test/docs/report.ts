/** @file Runs `densessm check` on a Python kernel, for a page that shows the report. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from '../support/bundled.ts';
import { pythonWith } from '../support/python.ts';
import { root } from '../support/root.ts';

/** The folder in which the pages put a reader's own files. */
const readers = '/tmp/mine';

/** Runs `densessm ARGS` with a `python3` that has PyTorch. Returns the command and its output, with … for the duration and for how many operators are left. */
export async function reportOf(args: string): Promise<string[]> {
  const program = await bundled('src/cli/main.ts');
  const scratch = mkdtempSync(join(tmpdir(), 'densessm-'));
  try {
    cpSync(join(root, 'adapters/python'), join(scratch, 'mine'), { recursive: true });
    writeFileSync(join(scratch, 'python3'), `#!/bin/sh\nexec ${pythonWith('numpy', 'torch')} "$@"\n`, { mode: 0o755 });
    const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', `node '${program}' ${args.replaceAll(readers, join(scratch, 'mine'))}`],
      { cwd: root, env: { ...env, PATH: `${scratch}:${env.PATH}` }, encoding: 'utf8' },
    );
    if (status !== 0 && status !== 1) throw new Error(`densessm ${args}: ${stderr}`);
    const printed = stdout
      .replaceAll(join(scratch, 'mine'), readers)
      .replace(/\d+\.\d+ s$/m, '… s')
      .replace(/\d+ other operators/, '… other operators');
    return [`$ npx densessm ${args}`, ...printed.trimEnd().split('\n')];
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
