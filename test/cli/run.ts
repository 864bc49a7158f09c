/** @file Runs the command from its sources. */
import { spawnSync } from 'node:child_process';
import { root } from '../docs/documented.ts';

/** What became of a run. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs densessm with arguments, without the colours that the environment of the tests may ask for. */
export function densessm(...args: string[]): Run {
  const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
  const run = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}
