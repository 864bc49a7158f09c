/** @file densessm train: trains a model on a text or a task, prints how it goes, and shows what it does. Ctrl-C stops it with a checkpoint. */
import { resolve } from 'node:path';
import { answered, rowLines } from '../runs/answers.ts';
import { bestIn, type SavedModel } from '../runs/checkpoint.ts';
import { type AskedOfTrain, askedFrom, forTrain } from '../runs/config-file.ts';
import { checkExecutor } from '../runs/executor.ts';
import type { Problem, TaskProblem, TextProblem } from '../runs/problem.ts';
import { scheduleOf } from '../runs/recipes.ts';
import { begin, modelAfter, type Run, resume, trained } from '../runs/run.ts';
import { written } from '../runs/sampling.ts';
import { completed, type Settings } from '../runs/settings.ts';
import { checkSizes, offText } from '../runs/sizes.ts';
import { fail } from '../tensor/errors.ts';
import type { Accuracy, BeginEvent, RunState, StepEvent } from '../training/index.ts';
import { colour, progress, say, sayJson, tableLine, type Voice } from './console.ts';
import { untilStopped } from './stopping.ts';

/** Options of `train`: settings that are given, and folders. */
export interface TrainCommand extends Voice, Omit<AskedOfTrain, 'text' | 'readings'> {
  readonly debug?: boolean;
  readonly resume?: string;
  readonly config?: string;
  readonly reading?: Settings['readings'];
}

/** Columns of the progress, with their widths; the accuracy is a task's. */
const columns = (isTask: boolean): readonly (readonly [name: string, width: number])[] => [
  ['step', 7],
  ['loss', 8],
  ['validation', 10],
  ...(isTask ? [['accuracy', 8] as const] : []),
  ['tokens/s', 9],
  ['time left', 9],
  ['memory', 8],
];

/** Seconds in few characters. */
export const timeText = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

const memoryText = (): string => `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;

/** Follows the speed of a run, whose steps have so many tokens: a mean in which later steps weigh more, as the first ones are slower. */
function pace(tokens: number): { add(step: StepEvent): void; tokensPerSecond(): number; left(steps: number): string } {
  let seconds = 0;
  return {
    add(step) {
      seconds += (seconds === 0 ? 1 : 0.1) * (step.seconds - seconds);
    },
    tokensPerSecond: () => (seconds === 0 ? 0 : tokens / seconds),
    left: (steps) => (seconds === 0 ? '-' : timeText(steps * seconds)),
  };
}

/** Trains, and returns true, or the exit status of the signal that stopped it. */
export async function trainCommand(text: string | undefined, options: TrainCommand): Promise<boolean | number> {
  const { json, quiet, debug: _, resume: from, config, reading, ...given } = options;
  const { out, equalSizeTo, ...asked } = askedFrom<AskedOfTrain>(forTrain, config, {
    ...given,
    ...(reading !== undefined && { readings: reading }),
    ...(text !== undefined && { text }),
  });
  if (from === undefined) checkSizes(asked, equalSizeTo);
  else if (out !== undefined && resolve(out) !== resolve(from))
    fail(`train: --resume ${from} continues in that folder, so --out ${out} means nothing; leave one of them out`);
  const { on } = from === undefined ? completed(asked) : asked;
  if (on !== undefined) await checkExecutor(on); // before a folder is made
  const run =
    from === undefined
      ? begin(asked, { ...(out !== undefined && { out }), ...(equalSizeTo !== undefined && { equalSizeTo }) })
      : resume(from, asked, equalSizeTo);
  const { settings } = run.about;
  const { problem } = run;
  const table = columns(problem.kind === 'task');
  const lined = (cells: readonly string[]): string =>
    tableLine(
      cells,
      table.map(([, width]) => width),
      [...cells.keys()],
    );
  const tell = (line: string): void => {
    if (!json && !quiet) say(line);
  };
  const line = progress({ json, quiet });
  const speed = pace(settings.batch * settings.length * settings.accumulate);
  const { signal, status, done } = untilStopped();
  let state: RunState = run.state;
  let [loss, validation]: (number | undefined)[] = [];
  let score: Accuracy | undefined;
  const row = (step: number): string => {
    const losses = [loss, validation].map((x) => x?.toFixed(4) ?? '-');
    const cells = [
      String(step),
      ...losses,
      ...(problem.kind === 'task' ? [score?.accuracy.toFixed(4) ?? '-'] : []),
      speed.tokensPerSecond().toFixed(0),
      speed.left(settings.steps - step),
      memoryText(),
    ];
    return lined(cells);
  };
  try {
    for await (const event of trained(run, signal)) {
      if (event.kind === 'begin') {
        for (const one of heading(event, run)) tell(one);
        tell('');
        tell(colour.heading(lined(table.map(([name]) => name))));
      }
      if (event.kind === 'step') {
        speed.add(event);
        loss = event.training ?? undefined;
        line.show(row(event.step));
      }
      if (event.kind === 'validation') {
        validation = event.loss;
        loss = event.training ?? undefined;
        score = event.accuracy;
        line.clear();
        tell(row(event.step));
      }
      if (event.kind === 'checkpoint') state = event.state;
    }
  } finally {
    line.clear();
    done();
  }
  const isDone = state.step >= settings.steps;
  const model = modelAfter(run, state);
  const { step } = state;
  const { steps } = settings;
  if (json) {
    const found =
      problem.kind === 'task'
        ? taskResult(problem, model, settings, isDone, score)
        : textResult(problem, model, isDone);
    const best = bestIn(run.folder);
    const { width } = settings;
    const size = { parameters: model.params.length, width, ...(run.equalSize && { equalSizeTo: run.equalSize }) };
    sayJson('train', { ok: isDone, run: run.folder, ...size, step, steps, loss, validation, best, ...found });
  } else if (isDone) {
    if (!quiet) for (const line of shown(problem, model, settings)) say(line);
    const scored =
      score === undefined ? '' : `, accuracy ${score.accuracy.toFixed(4)} (${score.right} of ${score.asked} right)`;
    const more = problem.kind === 'task' ? `answers more rows` : 'writes more';
    say(
      `${run.folder}: ${steps} steps, validation loss ${validation!.toFixed(4)}${scored}${bestText(run.folder, step)}; densessm sample ${run.folder} ${more}`,
    );
  } else say(`${run.folder}: stopped after step ${step} of ${steps}; densessm train --resume ${run.folder} continues`);
  return isDone || status();
}

/** The best checkpoint of a run, where it is not that of its last step: its model is the one that samples. */
function bestText(folder: string, step: number): string {
  const best = bestIn(folder);
  return best === null || best.step === step ? '' : ` (best ${best.validation.toFixed(4)} after step ${best.step})`;
}

/** What the run is: its model, device, text or task, and folder. */
function heading({ parameters, ran, step }: BeginEvent, { folder, about, problem, equalSize }: Run): string[] {
  const { settings, ranOn, planned } = about;
  const device = ran === null ? `${settings.on}, eagerly` : `${ran.backend}${ran.adapter ? ` (${ran.adapter})` : ''}`;
  const isOther = ranOn !== null && ranOn !== (ran?.backend ?? settings.on);
  const level =
    problem.kind === 'task'
      ? `accuracy of chance ${problem.chance.toFixed(4)}, of a guess among the symbols of a row ${problem.guess.toFixed(4)}`
      : `unigram entropy of the validation text: ${problem.entropy.toFixed(4)} nats`;
  return [
    `${settings.model}, ${parameters} parameters, on ${device}; ${problem.name}`,
    `${step === 0 ? '' : `continues after step ${step}; `}${level}; run in ${folder}`,
    ...(equalSize
      ? [
          `width ${settings.width}, for as many parameters as ${equalSize.model} has at width ${equalSize.width}: ${equalSize.parameters} (here ${offText(parameters, equalSize.parameters)})`,
        ]
      : []),
    ...(settings.steps > planned
      ? [
          `the schedule is over the ${planned} steps asked for at first: those after them keep its last rate, ${scheduleOf(settings, planned)(planned)}`,
        ]
      : []),
    ...(isOther ? [`the steps before ran on ${ranOn}: those that follow are not the same bit for bit`] : []),
  ];
}

/** Lines at the end of a run: a sample of text, or a row of the task with the model's answers. */
const shown = (problem: Problem, model: SavedModel, { length }: Settings): string[] =>
  problem.kind === 'task'
    ? ['', ...rowLines(answered(model, problem.data.validation, { number: 0, length })), '']
    : [`\n${sampled(problem, model).trim()}\n`];

/** What --json has for a text: a sample only at the end. */
const textResult = (problem: TextProblem, model: SavedModel, isDone: boolean) => ({
  unigramEntropy: problem.entropy,
  sample: isDone ? sampled(problem, model) : null,
});

/** What --json has for a task. */
function taskResult(
  { chance, guess, set, data }: TaskProblem,
  model: SavedModel,
  { task, length }: Settings,
  isDone: boolean,
  score: Accuracy | undefined,
) {
  return {
    task,
    set,
    chance,
    guess,
    ...score,
    row: isDone ? answered(model, data.validation, { number: 0, length }) : null,
  };
}

/** A sample of a model: the first token of the text, and what continues it. */
const sampled = ({ tokens, ids }: TextProblem, model: SavedModel): string => {
  const prompt = tokens.decode([...ids.subarray(0, 1)]);
  return prompt + [...written(model, prompt, { steps: 200, temperature: 0.8, seed: 1 })].join('');
};
