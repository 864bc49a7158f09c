/** @file Runs the command as it is in the sources now, in a process of its own or in this one. */
import { spawnSync } from 'node:child_process';
import { vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { bundled } from '../support/bundled.ts';
import { root } from '../support/root.ts';
import { documentIn } from '../support/schemas.ts';

/** The program densessm, for `node`. */
export const program = await bundled('src/cli/main.ts');

/** The result of a run. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run with --json, whose standard output must be one document of its schema, whether the command could run or not. */
function checked(run: Run, args: readonly string[]): Run {
  if (args.includes('--json')) documentIn(run.stdout);
  return run;
}

const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...environment } = process.env;

/** Runs densessm with arguments in an environment, without the colour settings of the tests' own environment. */
export const densessmIn =
  (env: NodeJS.ProcessEnv) =>
  (...args: string[]): Run => {
    const options = { cwd: root, encoding: 'utf8', env: { ...environment, ...env } } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
    return checked({ status, stdout, stderr }, args);
  };

/** Runs densessm with arguments. */
export const densessm = densessmIn({});

/** What a part of the command prints in this process, and the status that it returns. */
export async function captured(part: () => number | Promise<number>): Promise<Run> {
  const printed = { stdout: '', stderr: '' };
  const names = ['stdout', 'stderr'] as const;
  const spies = names.map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += text;
      return true;
    }),
  );
  try {
    return { status: await part(), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs densessm with arguments in this process, which takes no start: for what it prints and its status, not how it ends. */
export const densessmHere = async (...args: string[]): Promise<Run> =>
  checked(await captured(() => run([process.execPath, program, ...args])), args);

/** Runs a line of bash in which `densessm` is the command. A pipe returns the status of its last failing command. */
export function bash(line: string): Run {
  const script = `densessm() { '${process.execPath}' '${program}' "$@"; }; ${line}`;
  const options = { cwd: root, encoding: 'utf8', env: environment } as const;
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', script], options);
  return { status, stdout, stderr };
}
