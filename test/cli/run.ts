/** @file Runs the command as it is in the sources now. */
import { spawnSync } from 'node:child_process';
import { bundled } from '../support/bundled.ts';
import { root } from '../support/root.ts';

/** The program densessm, for `node`. */
export const program = await bundled('src/cli/main.ts');

/** The result of a run. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...environment } = process.env;

/** Runs densessm with arguments in an environment, without the colour settings of the tests' own environment. */
export const densessmIn =
  (env: NodeJS.ProcessEnv) =>
  (...args: string[]): Run => {
    const run = spawnSync(process.execPath, [program, ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { ...environment, ...env },
    });
    return { status: run.status, stdout: run.stdout, stderr: run.stderr };
  };

/** Runs densessm with arguments. */
export const densessm = densessmIn({});

/** Runs a line of bash in which `densessm` is the command. A pipe returns the status of its last failing command. */
export function bash(line: string): Run {
  const script = `densessm() { '${process.execPath}' '${program}' "$@"; }; ${line}`;
  const run = spawnSync('bash', ['-o', 'pipefail', '-c', script], { cwd: root, encoding: 'utf8', env: environment });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}
