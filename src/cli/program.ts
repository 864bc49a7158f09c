/** @file Parses the arguments of the densessm command, runs the command that they call, and reports its error. */
import { Command, CommanderError } from 'commander';
import { InputError } from '../tensor/errors.ts';
import { complain, sayJson } from './console.ts';
import type { Finish } from './options.ts';
import { packageVersion } from './paths.ts';

/** Some commands, and what adds them to the program. */
interface Group {
  readonly names: readonly string[];
  load(): Promise<(main: Command, finish: Finish) => void>;
}

/** All commands, in groups that need the same modules. Each call loads what it needs: all of them take several times as long to start. */
export const groups: readonly Group[] = [
  {
    names: ['check', 'badge', 'verify', 'equations', 'readings', 'degradation', 'coverage', 'problem', 'vectors'],
    load: async () => (await import('./judging-commands.ts')).judgingCommands,
  },
  {
    names: ['train', 'ablate', 'merge', 'tasks', 'sample', 'import', 'export', 'runs', 'plot'],
    load: async () => (await import('./training-commands.ts')).trainingCommands,
  },
  { names: ['host'], load: async () => (await import('./host.ts')).addHost },
];

/** The groups that a call needs: that of its command, or all, which help and a misspelt name need. */
function groupsFor([word]: readonly string[]): readonly Group[] {
  if (word === '--version' || word === '-v') return [];
  const own = groups.filter(({ names }) => names.includes(word!));
  return own.length > 0 ? own : groups;
}

async function program(finish: Finish, argv: readonly string[]): Promise<Command> {
  const main = new Command('densessm')
    .description('Executable specification and oracle for DenseSSM: is this sequence-model kernel right?')
    .version(packageVersion(), '-v, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(densessm --help lists the commands and their options)');
  for (const { load } of groupsFor(argv.slice(2))) (await load())(main, finish);
  return main;
}

/** With --json, standard output is one JSON object where a command could not run, too. */
function reportAsJson(error: string, argv: readonly string[]): void {
  if (argv.includes('--json')) sayJson('error', { ok: false, error });
}

/** Prints an error in one message. Returns the exit status: 2 where the caller can mend it, 1 for a fault of densessm. */
export function reportError(error: unknown, argv: readonly string[]): number {
  const known = error instanceof InputError;
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const shown = argv.includes('--debug') ? (stack ?? message) : message;
  const text = `${known ? '' : 'a fault in densessm, please report it: '}${shown}`;
  complain(text);
  reportAsJson(text, argv);
  return known ? 2 : 1;
}

/** Runs the command that the arguments call; the first two are the interpreter and the program. Returns the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  let status = 0;
  try {
    const finish: Finish = (result) => {
      status = typeof result === 'number' ? result : result ? 0 : 1;
    };
    await (await program(finish, argv)).parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      reportAsJson(error.message.replace(/^error: /, ''), argv);
      return 2;
    }
    return reportError(error, argv);
  }
}
