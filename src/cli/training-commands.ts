/** @file Defines the commands that train and use models: train, ablate, merge, tasks, sample, import, export, runs and plot. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { projects } from '../io/maps/models.ts';
import type { Grid } from '../runs/ablation/grid.ts';
import { mostSeeds } from '../runs/config-file.ts';
import { measures } from '../runs/curves.ts';
import { backendNames } from '../runs/executor.ts';
import { decayScopes, recipeNames, scheduleNames } from '../runs/recipes.ts';
import { largestSeed, mostDropout } from '../runs/setting-rules.ts';
import { defaults, modelNames, taskDefaults, usualValidation } from '../runs/settings.ts';
import { tasks } from '../training/index.ts';
import { type AblateCommand, ablateCommand, defaultSeeds } from './ablate.ts';
import type { Voice } from './console.ts';
import { type ExportCommand, exportCommand, type ImportCommand, importCommand } from './exchange.ts';
import { type MergeCommand, mergeCommand } from './merge.ts';
import { choiceOption, eachFilled, type Finish, filled, number, pair, speaking, whole } from './options.ts';
import { type PlotCommand, plotCommand } from './plot.ts';
import { runsCommand } from './runs.ts';
import { type SampleCommand, sampleCommand, usualSample } from './sample.ts';
import { shardOption } from './shard.ts';
import { tasksCommand } from './tasks.ts';
import { type TrainCommand, trainCommand } from './train.ts';

const seed = (what: string): Option => new Option('--seed <n>', what).argParser(whole(0, largestSeed));
const count = (flags: string, what: string, most = 1e9): Option => new Option(flags, what).argParser(whole(1, most));

/** A default in words: the option itself has none, so that only what is given counts. */
const usually = (what: string, value: unknown): string => `${what} (default: ${value})`;

/** A default that is another on a task. */
const ofProblem = (what: string, name: keyof typeof taskDefaults): string =>
  usually(what, `${defaults[name]}, on a task ${taskDefaults[name]}`);

/** Adds a NAME=INTEGER to those before it. */
function integerPair(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [name, value] = Object.entries(pair(text, {}, 'NAME=INTEGER'))[0]!;
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It is NAME=INTEGER.');
  return { ...before, [name]: Number(value) };
}

/** Adds the options of all settings of a run, and of a file of them. */
const withSettings = (command: Command, seedText: string): Command =>
  command
    .addOption(
      choiceOption(
        '--task <name>',
        'a synthetic task in place of a text (densessm tasks lists them)',
        Object.keys(tasks),
      ),
    )
    .addOption(
      new Option('--set <name=value>', 'a setting of the task, an integer; again for more').argParser(integerPair),
    )
    .addOption(choiceOption('--model <name>', usually('the model', defaults.model), modelNames))
    .addOption(count('--width <n>', usually('channels of the residual stream', defaults.width)))
    .addOption(count('--layers <n>', usually('layers', defaults.layers)))
    .addOption(count('--heads <n>', usually('heads, where the model has them', defaults.heads)))
    .addOption(
      new Option('--dense-layers <m>', 'shallower layers that connect to each layer (default: 2)').argParser(
        whole(0, 1e4),
      ),
    )
    .addOption(
      new Option(
        '--reading <name=value>',
        'a reading of the paper, as densessm readings lists them; again for more',
      ).argParser(pair),
    )
    .option('--vocabulary <name>', usually('characters, bytes, or the path of a tokenizer.json', defaults.vocabulary))
    .addOption(choiceOption('--on <executor>', usually('where it runs', defaults.on), backendNames))
    .addOption(count('--steps <n>', ofProblem('steps of the whole run', 'steps')))
    .addOption(count('--batch <n>', ofProblem('rows of a batch', 'batch')))
    .addOption(count('--length <n>', ofProblem('tokens of a row', 'length')))
    .addOption(count('--accumulate <n>', usually('batches of a step', defaults.accumulate)))
    .addOption(
      new Option(
        '--dropout <p>',
        usually('probability that a number of the embeddings, or of what a layer adds, becomes 0', defaults.dropout),
      ).argParser(number(0, mostDropout)),
    )
    .addOption(new Option('--rate <x>', usually('highest learning rate', defaults.rate)).argParser(number(0, 100)))
    .addOption(
      choiceOption(
        '--recipe <name>',
        usually('what the five options below are where not given', defaults.recipe),
        recipeNames,
      ),
    )
    .addOption(choiceOption('--schedule <name>', 'decay of the rate after its warm-up', scheduleNames))
    .addOption(new Option('--warmup <n>', 'steps of linear warm-up').argParser(whole(0, 1e9)))
    .addOption(new Option('--beta2 <x>', 'β₂ of AdamW').argParser(number(0, 0.999999)))
    .addOption(new Option('--decay <x>', 'weight decay').argParser(number(0, 100)))
    .addOption(choiceOption('--decay-of <which>', 'the parameters that decay', decayScopes))
    .addOption(
      new Option('--clip <x>', usually('largest norm of a gradient, 0 for no limit', defaults.clip)).argParser(
        number(0, 1e9),
      ),
    )
    .addOption(seed(usually(seedText, defaults.seed)))
    .addOption(count('--every <n>', usually('steps between checkpoints, and between validations', defaults.every)))
    .addOption(
      count(
        '--validation-batches <n>',
        usually(
          'batches of a validation',
          `${usualValidation.batches}, on a task as many as have ${usualValidation.rows} rows`,
        ),
      ),
    )
    .option('--config <file>', 'settings and options in JSON or TOML, as steps = 500; options override them');

/** The values of a NAME=VALUE,VALUE, added to those of other names. */
function choices(text: string, before: Grid['vary'] = {}): Grid['vary'] {
  const [name, joined] = Object.entries(pair(text))[0]!;
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} varies twice; give its values once.`);
  const values = joined.split(',').map((value) => value.trim());
  if (values.includes('') || new Set(values).size < values.length)
    throw new InvalidArgumentError('It is NAME=VALUE,VALUE, and all values differ.');
  return { ...before, [name]: values };
}

const measureOption = (what: string): Option =>
  choiceOption('--of <measure>', `loss or accuracy in ${what} (default: accuracy of a task)`, Object.keys(measures));

const checkpointOption = (): Option =>
  choiceOption('--checkpoint <which>', 'of a run: the one with the least validation loss, or the last', [
    'best',
    'last',
  ]).default('best');

/** Adds the commands to the program. */
export function trainingCommands(main: Command, finish: Finish): void {
  const train = speaking(main.command('train'))
    .description(
      'train a language model on a text, and write a sample; without arguments, a small one on a built-in text',
    )
    .argument('[text]', 'a text file, or a folder of .txt and .md files', filled);
  withSettings(train, 'seed of parameters and batches')
    .addOption(
      choiceOption(
        '--equal-size-to <model>',
        'take the width that gives as many parameters as this model has at --width',
        modelNames,
      ),
    )
    .option('--out <folder>', 'folder of the run, a new one (default: the next in runs/)')
    .addOption(new Option('--resume <folder>', 'continue the run in a folder'))
    .action(async (text: string | undefined, options: TrainCommand) => finish(await trainCommand(text, options)));

  const ablate = speaking(main.command('ablate'))
    .description(
      'train a grid of models of equal size, on equal tokens, with several seeds, and compare them in one table',
    )
    .argument('[text]', 'a text file, or a folder of .txt and .md files', filled)
    .addOption(
      new Option(
        '--vary <name=values>',
        'an option of the model or the optimizer, or a reading, and its values, as dense-layers=0,1,2; again for more',
      ).argParser(choices),
    )
    .addOption(count('--seeds <n>', usually('runs of each cell, with as many seeds', defaultSeeds), mostSeeds));
  withSettings(ablate, 'the first seed')
    .option('--out <folder>', 'folder of the grid, a new one or one to continue (default: the next in runs/)')
    .addOption(shardOption('of the runs'))
    .option('--plan', 'print the cells with their parameters, and train nothing', false)
    .addOption(measureOption('the table and the plot'))
    .option('--svg <file>', 'the plot (default: curves.svg in the folder)')
    .action(async (text: string | undefined, options: AblateCommand) => finish(await ablateCommand(text, options)));

  speaking(main.command('merge'))
    .description('join the shards of ablate, check, verify, equations or vectors write into the result of the whole')
    .argument(
      '<results...>',
      'files with what the command printed with --json, or folders of a grid or of vectors',
      eachFilled,
    )
    .addOption(measureOption('the table and the plot'))
    .option('--svg <file>', 'write the plot to this file, a new one or in place of an older plot')
    .addOption(new Option('--out <folder>', 'of vectors: the folder of the whole, empty or new').argParser(filled))
    .action(async (paths: string[], options: MergeCommand) => finish(await mergeCommand(paths, options)));

  speaking(main.command('tasks'))
    .description('list the synthetic tasks that train can take in place of a text, with their settings')
    .action((options: Voice) => finish(tasksCommand(options)));

  speaking(main.command('sample'))
    .description(
      'continue a prompt with the model of a run, token by token; one on a task answers the prompt, or a row that is drawn',
    )
    .argument('<run>', 'folder of a run, or of a checkpoint', filled)
    .addOption(checkpointOption())
    .option('--prompt <text>', 'text to continue (default: a new line, or the first token of a vocabulary without it)')
    .addOption(count('--tokens <n>', usually('tokens to write', usualSample.tokens)))
    .addOption(
      new Option(
        '--temperature <x>',
        usually('divisor of the logits; 0 takes the most probable token', usualSample.temperature),
      ).argParser(number(0, 1000)),
    )
    .addOption(new Option('--top-p <x>', 'draw from the most probable tokens of this share').argParser(number(1e-9, 1)))
    .addOption(count('--top-k <n>', 'draw from so many most probable tokens'))
    .addOption(seed(usually('seed of the draws', usualSample.seed)))
    .action(async (run: string, options: SampleCommand) => finish(await sampleCommand(run, options)));

  speaking(main.command('import'))
    .description(`bring a model of another project (${projects.join(', ')}) into a folder that sample reads`)
    .argument(
      '<path>',
      'its folder, with config.json and safetensors, or one safetensors file beside config.json',
      filled,
    )
    .option('--out <folder>', 'the folder, a new one (default: the same name in runs/)')
    .option('--vocabulary <name>', 'bytes, or the path of a tokenizer.json (default: the one in its folder)')
    .action((path: string, options: ImportCommand) => finish(importCommand(path, options)));

  speaking(main.command('export'))
    .description('write the model of a run for another project, with its names')
    .argument('<run>', 'folder of a run, or of a checkpoint', filled)
    .addOption(choiceOption('--as <project>', 'the project', projects).makeOptionMandatory())
    .addOption(checkpointOption())
    .requiredOption('--out <folder>', 'the folder, a new one')
    .action((run: string, options: ExportCommand) => finish(exportCommand(run, options)));

  speaking(main.command('runs'))
    .description('list the runs of a folder')
    .argument('[folder]', 'the folder', filled, 'runs')
    .action((folder: string, options: Voice) => finish(runsCommand(folder, options)));

  speaking(main.command('plot'))
    .description('draw the losses or accuracies of runs in the terminal, or as SVG')
    .argument('<run...>', 'folders of runs; what is none among several is left out', eachFilled)
    .option('--svg <file>', 'write this file, a new one or in place of an older plot')
    .addOption(
      choiceOption(
        '--of <measure>',
        'loss or accuracy (default: accuracy where all runs are on tasks)',
        Object.keys(measures),
      ),
    )
    .action((runs: string[], options: PlotCommand) => finish(plotCommand(runs, options)));
}
