/** @file Defines the commands that judge and compare: check, verify, equations, readings, degradation and vectors. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { dtypes } from '../oracle/backends/backend.ts';
import { rowModes } from '../oracle/batches/rows.ts';
import { isPath } from '../oracle/check/questions/in-turn.ts';
import { realCases, realLongest, sizeNames } from '../oracle/check/questions/real.ts';
import { type PresetName, presetNames, presets } from '../oracle/frozen/presets.ts';
import { operators } from '../oracle/operators/index.ts';
import { fail } from '../tensor/errors.ts';
import { acceptedIn } from './accept-file.ts';
import { type CheckCommand, checkCommand } from './check.ts';
import type { Voice } from './console.ts';
import { type CoverageCommand, coverageCommand } from './coverage.ts';
import { type DegradationCommand, degradationCommand } from './degradation.ts';
import { equationCommand } from './equation.ts';
import { type EquationsCommand, equationsCommand } from './equations.ts';
import { choiceOption, eachFilled, type Finish, filled, speaking, whole } from './options.ts';
import { readingCommand } from './reading.ts';
import { readingsCommand } from './readings.ts';
import { shardFrom, shardOption } from './shard.ts';
import { vectorsCommand } from './vectors.ts';
import { type VectorsWriteCommand, vectorsWriteCommand } from './vectors-write.ts';
import { type VerifyCommand, verifyCommand } from './verify.ts';
import { workerOption } from './workers.ts';

/** Options of `check` whose defaults depend on the sizes. */
type Drawn = Pick<CheckCommand, 'cases' | 'longest'>;

const operatorNames = operators.map(({ name }) => name);
const modeNames = [...new Set(operators.flatMap(rowModes))];

const seedOption = (): Option =>
  new Option('--seed <n>', 'seed of the drawn cases').argParser(whole(1, 2 ** 31 - 1)).default(1);

/** Says how to name the program or module that stands alone in a command. */
function refuseWords(words: readonly string[]): never {
  const text = words.join(' ');
  const isModule = words.length === 1 && /\.[cm]?[jt]sx?$/.test(text);
  const program = /^\S+\.py$/.test(text) ? `python3 ${text}` : text;
  fail(`check: '${text}' belongs to no option; say ${isModule ? `--module ${text}` : `--backend "${program}"`}`);
}

const casesOption = (what: string, cases: number): Option =>
  new Option('--cases <n>', what).argParser(whole(1, 1e6)).default(cases);

/** The longest sequence that is drawn for laws and definitions. */
const longestDrawn = 96;

/** Adds the commands to the program. */
export function judgingCommands(main: Command, finish: Finish): void {
  speaking(main.command('check'))
    .description(
      'judge a backend: the built-in one of gpu.js, or any program that speaks the protocol (docs/protocol.md)',
    )
    .addOption(
      new Option('--backend <command>', 'the program; without it the built-in backend is judged').argParser(filled),
    )
    .addOption(
      new Option('--module <file>', 'kernels in TypeScript or JavaScript, in place of a program').conflicts([
        'backend',
        'once',
      ]),
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
    .addOption(new Option(workerOption).default(false).hideHelp())
    // taken, so that a message can say what was meant
    .allowExcessArguments()
    .action(async (options: Partial<Drawn> & Omit<CheckCommand, keyof Drawn>, { args }: Command) => {
      if (args.length > 0) refuseWords(args);
      const usual = options.sizes === 'real' ? { cases: realCases, longest: realLongest } : { cases: 100 };
      finish(await checkCommand({ ...usual, ...options }));
    });

  speaking(main.command('verify'))
    .description('hold every operator and model in every mode against the scalar definitions and the shipped vectors')
    .addOption(casesOption('drawn cases for each operator and mode', 100))
    .addOption(new Option('--longest <t>', 'longest sequence').argParser(whole(1, longestDrawn)).default(longestDrawn))
    .addOption(seedOption())
    .addOption(shardOption('of the operators'))
    .addOption(new Option(workerOption).default(false).hideHelp())
    .action(async (options: VerifyCommand) => finish(await verifyCommand(options)));

  speaking(main.command('equations'))
    .description('list the equations with definitions, modes and laws, and try every law on the faults it must reject')
    .argument('[equation...]', 'show these alone, by number, name or operator: formula, code, evidence, laws, results')
    .addOption(choiceOption('--operator <name...>', 'these operators only', operatorNames))
    .addOption(casesOption('cases a fault is tried on at most; with equations, each mode too', 60))
    .addOption(seedOption())
    .addOption(shardOption('of the operators'))
    .action((words: string[], options: EquationsCommand) => {
      if (words.length > 0 && options.shard !== undefined)
        fail(`equations: --shard is a part of the whole list, not of '${words.join(' ')}'; leave one of them out`);
      finish(words.length === 0 ? equationsCommand(options) : equationCommand(words, options));
    });

  speaking(main.command('readings'))
    .description(
      'list every place where the paper can be read in more than one way: options, default, evidence, reason',
    )
    .argument('[reading...]', 'show these alone, with the smallest input that tells their options apart')
    .action(async (words: string[], options: Voice) =>
      finish(words.length === 0 ? readingsCommand(options) : await readingCommand(words, options)),
    );

  speaking(main.command('degradation'))
    .description(
      'measure what is left of a shallow state in the layers above it (Eq. 9), with and without dense connections',
    )
    .addOption(
      choiceOption('--of <what>', 'random stacks of state space models, or random DenseMambas', [
        'stacks',
        'dense-mamba',
      ]).default('stacks'),
    )
    .addOption(new Option('--layers <n>', 'layers above the one that is changed').argParser(whole(1, 64)).default(8))
    .addOption(new Option('--count <n>', 'how many of them').argParser(whole(1, 1e4)).default(50))
    .addOption(seedOption())
    .action((options: DegradationCommand) => finish(degradationCommand(options)));

  speaking(main.command('coverage'))
    .description('say which equations, modes, branches and known faults some vectors reach, or recorded questions')
    .argument('<folder...>', 'folders of written vectors, or of questions that a test suite has recorded')
    .addOption(choiceOption('--operator <name...>', 'these operators only', operatorNames))
    .addOption(
      new Option('--questions <n>', 'branches are those that so many questions of a check take in each mode')
        .argParser(whole(1, 1e4))
        .default(40),
    )
    .addOption(seedOption())
    .action((folders: string[], options: CoverageCommand) => finish(coverageCommand(folders, options)));

  const vectors = main.command('vectors').description('work with reference vectors');
  speaking(vectors.command('check'))
    .description('hold the project against vectors: safetensors files with manifests')
    .argument('<folder...>', 'folders of vectors', eachFilled)
    .action((folders: string[], options: Voice) => finish(vectorsCommand(folders, options)));
  speaking(vectors.command('write'))
    .description('write cases with right numbers and the bound of each, for kernels that are tested without densessm')
    .argument('<folder>', 'a folder that is empty or does not exist', filled)
    .addOption(
      choiceOption(
        '--preset <name>',
        presetNames.map((name) => `${name}: ${presets[name].says}`).join('; '),
        presetNames,
      ).default('nano' satisfies PresetName),
    )
    .addOption(seedOption())
    .addOption(choiceOption('--operator <name...>', 'these operators only', operatorNames))
    .addOption(
      new Option('--shard <i/n>', 'the part i of n: together the parts have all cases')
        .argParser(shardFrom)
        .default({ i: 1, n: 1 }, '1/1'),
    )
    .action((folder: string, options: VectorsWriteCommand) => finish(vectorsWriteCommand(folder, options)));
}
