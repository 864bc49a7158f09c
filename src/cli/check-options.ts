/** @file The options of check, which a badge that is replayed has too. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { dtypes } from '../oracle/backends/backend.ts';
import { rowModes } from '../oracle/batches/rows.ts';
import { isPath } from '../oracle/check/questions/in-turn.ts';
import { realCases, realLongest, sizeNames } from '../oracle/check/questions/real.ts';
import { operators } from '../oracle/operators/index.ts';
import { acceptedIn } from './accept-file.ts';
import type { CheckCommand } from './check.ts';
import { choiceOption, filled, whole } from './options.ts';
import { shardOption } from './shard.ts';
import { workerOption } from './workers.ts';

/** Options whose defaults depend on the sizes. */
type Drawn = Pick<CheckCommand, 'cases' | 'longest'>;

/** The options of a check as they are parsed. */
export type ParsedCheck = Partial<Drawn> & Omit<CheckCommand, keyof Drawn>;

/** With the defaults that depend on the sizes. */
export const completed = (options: ParsedCheck): CheckCommand => ({
  ...(options.sizes === 'real' ? { cases: realCases, longest: realLongest } : { cases: 100 }),
  ...options,
});

/** The names of operators, for options. */
export const operatorNames: readonly string[] = operators.map(({ name }) => name);
const modeNames = [...new Set(operators.flatMap(rowModes))];

export const seedOption = (): Option =>
  new Option('--seed <n>', 'seed of the drawn cases').argParser(whole(1, 2 ** 31 - 1)).default(1);

/** The program that is asked. */
export const backendOption = (what: string): Option => new Option('--backend <command>', what).argParser(filled);

/** A file with kernels, in place of a program. */
export const moduleOption = (what: string): Option => new Option('--module <file>', what).conflicts('backend');

/** Adds the options to a command. */
export const checkOptions = (command: Command): Command =>
  command
    .addOption(backendOption('the program; without it the built-in backend is judged'))
    .addOption(
      moduleOption('kernels in TypeScript or JavaScript, in place of a program').conflicts(['backend', 'once']),
    )
    .option('--once', 'start the program anew for every question (docs/protocol.md)', false)
    .addOption(
      choiceOption('--device <name>', 'device of the built-in backend', ['auto', 'webgpu', 'wasm', 'webasm', 'cpu'])
        .default('auto')
        .conflicts(['backend', 'module']),
    )
    .addOption(choiceOption('--operator <name...>', 'these operators only', operatorNames))
    .addOption(choiceOption('--mode <name...>', 'these modes only', modeNames))
    .addOption(choiceOption('--dtype <name...>', 'these types only', dtypes))
    .addOption(
      choiceOption(
        '--sizes <name>',
        'small cases, or those of real layers: widths to 256, heads to 64, thousands of tokens',
        sizeNames,
      ).default('small'),
    )
    .addOption(
      new Option(
        '--cases <n>',
        `cases for each operator, mode and type (default: 100, of real sizes ${realCases})`,
      ).argParser(whole(1, 1e6)),
    )
    .addOption(
      new Option(
        '--longest <t>',
        `longest sequence, in every mode (default: 2049, 257 where time is quadratic, 129 in attention, 65 in whole models; of real sizes ${realLongest})`,
      ).argParser(whole(1, 4096)),
    )
    .addOption(seedOption())
    .addOption(
      new Option('--path <path>', 'with --seed: repeat a failure, as its report says').argParser((text) => {
        if (text === '' || !isPath(text))
          throw new InvalidArgumentError('Copy a path from a report: numbers with colons.');
        return text;
      }),
    )
    .addOption(
      new Option('--limit <s>', 'seconds for one answer (default: 10), and for a start (default: 120)').argParser(
        whole(1, 1e5),
      ),
    )
    .addOption(
      new Option('--compile-limit <s>', 'more seconds for the first answer of a shape, if the backend compiles')
        .argParser(whole(1, 1e5))
        .default(600),
    )
    .addOption(new Option('--total <s>', 'seconds for everything').argParser(whole(1, 1e6)).default(900))
    .addOption(
      new Option(
        '--repeat <n>',
        'times each question is asked; by default so many, that a fault at one call in 100 is found by 100 cases',
      ).argParser(whole(1, 1000)),
    )
    .addOption(
      new Option(
        '--accept <file>',
        'accepted failures, TOML or JSON: each with a reason and a last day; other failures, and entries that pass, still fail',
      ).argParser((path) => ({ path, entries: acceptedIn(path) })),
    )
    .addOption(shardOption('of the rows'))
    .option('--keep-going', 'ask all cases of a row that fails, and group its failures by cause', false)
    .option('--html <file>', 'write the report as a page that needs no network')
    .option('--junit <file>', 'write the rows as JUnit XML, a test case each')
    .option(
      '--save <folder>',
      'write the smallest failing cases as safetensors, with a Python script that replays them',
    )
    .option('--timing', 'print the times', false)
    .addOption(new Option(workerOption).default(false).hideHelp());
