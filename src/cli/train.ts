/** @file densessm train: trains a model on a text, prints how it goes, and writes a sample. Ctrl-C stops it with a checkpoint. */
import { settingsIn } from '../runs/config-file.ts';
import { scheduleOf } from '../runs/recipes.ts';
import { begin, modelAfter, type Run, resume, trained } from '../runs/run.ts';
import { written } from '../runs/sampling.ts';
import type { Settings } from '../runs/settings.ts';
import type { BeginEvent, RunState, StepEvent } from '../training/index.ts';
import { colour, progress, say, tableLine, type Voice } from './console.ts';

/** Options of `train`: settings that are given, and folders. */
export interface TrainCommand extends Voice, Partial<Omit<Settings, 'text' | 'readings'>> {
  readonly debug?: boolean;
  readonly out?: string;
  readonly resume?: string;
  readonly config?: string;
  readonly equalSizeTo?: string;
  readonly reading?: Settings['readings'];
}

/** The exit status of a run that Ctrl-C has stopped, as of a program that it ends. */
const interrupted = 130;

const columns = ['step', 'loss', 'validation', 'tokens/s', 'time left', 'memory'];
const widths = [7, 8, 10, 9, 9, 8];

const timeText = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

const memoryText = (): string => `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;

/** Follows the speed of a run: a mean in which later steps weigh more, as the first ones are slower. */
function pace(): { add(step: StepEvent): void; tokensPerSecond(): number; left(steps: number): string } {
  let [seconds, tokens] = [0, 0];
  return {
    add(step) {
      const share = seconds === 0 ? 1 : 0.1;
      seconds += share * (step.seconds - seconds);
      tokens += share * (step.tokens - tokens);
    },
    tokensPerSecond: () => (seconds === 0 ? 0 : tokens / seconds),
    left: (steps) => (seconds === 0 ? '-' : timeText(steps * seconds)),
  };
}

/** Aborts the signal at Ctrl-C or a request to end; a second one ends the program at once. */
function untilInterrupted(): { signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: controller.signal,
    done: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

/** Trains, and returns true, or 130 where it was stopped. */
export async function trainCommand(text: string | undefined, options: TrainCommand): Promise<boolean | number> {
  const { json, quiet, debug: _, out, resume: from, config, equalSizeTo, reading, ...given } = options;
  const asked: Partial<Settings> = {
    ...(config !== undefined && settingsIn(config)),
    ...given,
    ...(reading !== undefined && { readings: reading }),
    ...(text !== undefined && { text }),
  };
  const run =
    from === undefined
      ? begin(asked, { ...(out !== undefined && { out }), ...(equalSizeTo !== undefined && { equalSizeTo }) })
      : resume(from, asked);
  const { settings } = run.about;
  const tell = (line: string): void => {
    if (!json && !quiet) say(line);
  };
  const line = progress({ json, quiet });
  const speed = pace();
  const { signal, done } = untilInterrupted();
  let state: RunState = run.state;
  let [loss, validation]: (number | undefined)[] = [];
  const row = (step: number): string => {
    const losses = [loss, validation].map((x) => x?.toFixed(4) ?? '-');
    const cells = [
      String(step),
      ...losses,
      speed.tokensPerSecond().toFixed(0),
      speed.left(settings.steps - step),
      memoryText(),
    ];
    return tableLine(cells, widths, [0, 1, 2, 3, 4, 5]);
  };
  try {
    for await (const event of trained(run, signal)) {
      if (event.kind === 'begin') {
        for (const one of heading(event, run)) tell(one);
        tell('');
        tell(colour.heading(tableLine(columns, widths, [0, 1, 2, 3, 4, 5])));
      }
      if (event.kind === 'step') {
        speed.add(event);
        loss = event.loss;
        line.show(row(event.step));
      }
      if (event.kind === 'validation') {
        validation = event.loss;
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
  const sample = isDone ? sampled(run, state) : null;
  if (json) {
    const { step } = state;
    say(
      JSON.stringify(
        {
          ok: isDone,
          run: run.folder,
          step,
          steps: settings.steps,
          loss,
          validation,
          unigramEntropy: run.entropy,
          sample,
        },
        null,
        1,
      ),
    );
  } else if (isDone) {
    tell(`\n${sample!.trim()}\n`);
    say(
      `${run.folder}: ${settings.steps} steps, validation loss ${validation!.toFixed(4)}; densessm sample ${run.folder} writes more`,
    );
  } else
    say(
      `${run.folder}: stopped after step ${state.step} of ${settings.steps}; densessm train --resume ${run.folder} continues`,
    );
  return isDone || interrupted;
}

/** What the run is: its model, device, text and folder. */
function heading({ parameters, ran, step }: BeginEvent, { folder, about, entropy }: Run): string[] {
  const { settings, ranOn, planned } = about;
  const device = ran === null ? `${settings.on}, eagerly` : `${ran.backend}${ran.adapter ? ` (${ran.adapter})` : ''}`;
  const isOther = ranOn !== null && ranOn !== (ran?.backend ?? settings.on);
  return [
    `${settings.model}, ${parameters} parameters, on ${device}; ${settings.text ?? 'the built-in text'}`,
    `${step === 0 ? '' : `continues after step ${step}; `}unigram entropy of the validation text: ${entropy.toFixed(4)} nats; run in ${folder}`,
    ...(settings.steps > planned
      ? [
          `the schedule is over the ${planned} steps asked for at first: those after them keep its last rate, ${scheduleOf(settings, planned)(planned)}`,
        ]
      : []),
    ...(isOther ? [`the steps before ran on ${ranOn}: those that follow are not the same bit for bit`] : []),
  ];
}

/** A sample of the model after a state: the first token of the text, and what continues it. */
const sampled = (run: Run, state: RunState): string => {
  const prompt = run.tokens.decode([...run.ids.subarray(0, 1)]);
  return prompt + [...written(modelAfter(run, state), prompt, { steps: 200, temperature: 0.8, seed: 1 })].join('');
};
