/** @file Defines the commands that judge and compare: check, badge, verify, equations, readings, degradation, problem and vectors. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Scalar } from '../oracle/domain/domain.ts';
import { enoughCases } from '../oracle/equations.ts';
import { type PresetName, presetNames, presets } from '../oracle/frozen/presets.ts';
import { benchmarks } from '../oracle/problems/files.ts';
import { problemTypes } from '../oracle/problems/problem.ts';
import { fail } from '../tensor/errors.ts';
import { type BadgeCommand, badgeCommand } from './badge.ts';
import { checkCommand } from './check.ts';
import {
  backendOption,
  checkOptions,
  completed,
  moduleOption,
  operatorNames,
  type ParsedCheck,
  seedOption,
} from './check-options.ts';
import type { Voice } from './console.ts';
import { type CoverageCommand, coverageCommand } from './coverage.ts';
import { type DegradationCommand, degradationCommand } from './degradation.ts';
import { equationCommand } from './equation.ts';
import { type EquationsCommand, equationsCommand } from './equations.ts';
import { choiceOption, eachFilled, type Finish, filled, pair, speaking, whole } from './options.ts';
import { type ProblemCommand, problemCommand } from './problem.ts';
import { readingCommand } from './reading.ts';
import { readingsCommand } from './readings.ts';
import { shardFrom, shardOption } from './shard.ts';
import { vectorsCommand } from './vectors.ts';
import { type VectorsWriteCommand, vectorsWriteCommand } from './vectors-write.ts';
import { type VerifyCommand, verifyCommand } from './verify.ts';
import { workerOption } from './workers.ts';

/** Says how to name the program or module that stands alone in a command. */
function refuseWords(words: readonly string[]): never {
  const text = words.join(' ');
  const isModule = words.length === 1 && /\.[cm]?[jt]sx?$/.test(text);
  const program = /^\S+\.py$/.test(text) ? `python3 ${text}` : text;
  fail(`check: '${text}' belongs to no option; say ${isModule ? `--module ${text}` : `--backend "${program}"`}`);
}

const casesOption = (what: string, cases: number): Option =>
  new Option('--cases <n>', what).argParser(whole(1, 1e6)).default(cases);

/** A NAME=VALUE and those before it. Throws where a name is given twice. */
function named<T>(text: string, before: Readonly<Record<string, T>>, read: (value: string) => T): Record<string, T> {
  const [name, value] = Object.entries(pair(text))[0]!;
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: read(value) };
}

/** The value of a setting: a number, true, false, or a text. */
const scalarOf = (text: string): Scalar =>
  text === 'true' || text === 'false' ? text === 'true' : Number.isFinite(Number(text)) ? Number(text) : text;

/** The longest sequence that is drawn for laws and definitions. */
const longestDrawn = 96;

/** Adds the commands to the program. */
export function judgingCommands(main: Command, finish: Finish): void {
  checkOptions(speaking(main.command('check')))
    .description(
      'judge a backend: the built-in one of gpu.js, or any program that speaks the protocol (docs/protocol.md)',
    )
    // taken, so that a message can say what was meant
    .allowExcessArguments()
    .action(async (options: ParsedCheck, { args }: Command) => {
      if (args.length > 0) refuseWords(args);
      finish(await checkCommand(completed(options)));
    });

  speaking(main.command('badge'))
    .description(
      'write what a check found as a badge, an SVG with what was asked inside; or ask that again and compare',
    )
    .argument('[report]', 'what check or merge printed with --json', filled)
    .option('--out <file>', 'the file of the badge, a new one or in place of an older badge (default: standard output)')
    .option('--replay <file>', 'a badge: ask the same again, and compare row by row')
    .addOption(backendOption('with --replay: the program; that of the badge, a shell command of a file, is not run'))
    .addOption(moduleOption('with --replay: kernels in TypeScript or JavaScript, in place of a program'))
    .action(async (path: string | undefined, options: BadgeCommand) => finish(await badgeCommand(path, options)));

  speaking(main.command('verify'))
    .description('hold every operator and model in every mode against the scalar definitions and the shipped vectors')
    .addOption(choiceOption('--operator <name...>', 'these operators only, without the vectors', operatorNames))
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
    .addOption(casesOption('cases a fault is tried on at most; with equations, each mode too', enoughCases))
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

  speaking(main.command('problem'))
    .description('write an operator as a problem of KernelBench or flashinfer-bench, with a reference in PyTorch')
    .argument('<operator>', 'an operator of docs/operators.md', filled)
    .addOption(choiceOption('--as <benchmark>', 'whose form the problem has', benchmarks).makeOptionMandatory())
    .requiredOption('--out <folder>', 'a folder that is empty or does not exist', filled)
    .addOption(
      new Option('--mode <name>', 'the mode in which kernels are judged (default: that of the definition)').argParser(
        filled,
      ),
    )
    .addOption(choiceOption('--dtype <name>', 'type of inputs and outputs', problemTypes).default('F32'))
    .addOption(
      new Option('--axes <letter=n...>', 'lengths of axes, by the letters of the signature').argParser(
        (text: string, before?: Readonly<Record<string, number>>) => named(text, before ?? {}, whole(1, 65536)),
      ),
    )
    .addOption(
      new Option('--set <name=value...>', 'settings of the operator').argParser(
        (text: string, before?: Readonly<Record<string, Scalar>>) => named(text, before ?? {}, scalarOf),
      ),
    )
    .addOption(
      new Option('--workloads <n>', 'workloads of flashinfer, each with numbers of its own')
        .argParser(whole(1, 1000))
        .default(3),
    )
    .addOption(seedOption())
    .action((name: string, options: ProblemCommand) => finish(problemCommand(name, options)));

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
