/** @file Begins or continues a run in its folder, and trains it: events out, metrics and checkpoints into files. */
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isPart, writing } from '../io/write-file.ts';
import { fail, InputError } from '../tensor/errors.ts';
import {
  type RunState,
  type StepEvent,
  startOfRun,
  type TrainEvent,
  train,
  type ValidationEvent,
} from '../training/index.ts';
import { type Checkpoint, checkpointIn, nameOf, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { runsOn } from './executor.ts';
import { type Lock, locked, lockName } from './lock.ts';
import { addMetrics, cutMetrics, lossSinceValidation, metricsOf } from './metrics.ts';
import { checkAsked, checkLength, type Problem, problemOf } from './problem.ts';
import { completed, configOf, continued, modelOf, runSettings, type Settings } from './settings.ts';
import { atSize, type EqualSize, sizeOfOther } from './sizes.ts';

/** A run that is ready to train. */
export interface Run extends Omit<Checkpoint, 'params'> {
  readonly folder: string;
  readonly problem: Problem;
  /** The model whose size the width is for, where one was asked for. */
  readonly equalSize?: EqualSize;
}

/** Makes a folder in runs/, named after what is in it, as a model, that no other process has made. */
export function newFolder(what: string): string {
  writing('runs', () => mkdirSync('runs', { recursive: true }));
  for (let n = 1; ; n++) {
    const folder = join('runs', `${what}-${n}`);
    if (existsSync(folder)) continue;
    // recursive: returns undefined, and is no error, where another process was faster
    if (writing(folder, () => mkdirSync(folder, { recursive: true })) !== undefined) return folder;
  }
}

/** Throws where a folder has files, but for what a process that was killed at its beginning has left. */
function checkEmpty(folder: string): void {
  if (readdirSync(folder).every((name) => isPart(name) || name === lockName)) return;
  fail(`${folder}: is not empty; --resume ${folder} continues a run there, or give another --out`);
}

/** Makes the folder of a run, and writes its first checkpoint there. Nothing is left of a folder where that fails. */
function inItsFolder(run: Omit<Run, 'folder'>, out: string | undefined): Run {
  const isNew = out === undefined || !existsSync(out);
  const folder = out ?? newFolder(run.about.settings.model);
  writing(folder, () => mkdirSync(folder, { recursive: true }));
  let lock: Lock | undefined;
  try {
    checkEmpty(folder);
    lock = locked(folder);
    checkEmpty(folder); // another process may have been faster
    writeCheckpoint(folder, run);
  } catch (error) {
    lock?.free();
    if (isNew && readdirSync(folder).length === 0) rmdirSync(folder);
    throw error;
  }
  lock.free();
  return { ...run, folder };
}

/** Where a run begins, and a model whose size it takes: the new one has the width for that. */
export interface Begin {
  readonly out?: string;
  readonly equalSizeTo?: string;
}

/** Begins a run in a new folder, with a checkpoint before its first step. Throws on wrong settings and texts, before anything is written. */
export function begin(asked: Partial<Settings>, { out, equalSizeTo }: Begin = {}): Run {
  checkAsked(asked);
  const full = completed(asked);
  runsOn(full.on); // throws on an unknown executor
  const problem = problemOf(full);
  const { tokens } = problem;
  const first = { ...full, ...(problem.kind === 'task' && { set: problem.set }) };
  const equalSize = equalSizeTo === undefined ? undefined : sizeOfOther(first, equalSizeTo, tokens.size);
  const settings = equalSize === undefined ? first : atSize(first, equalSize.parameters, tokens.size);
  const config = configOf(settings, tokens.size);
  runSettings(settings, config, settings.steps); // throws on a schedule that cannot be
  checkLength(problem, settings.length);
  const model = modelOf(settings.model);
  const state = startOfRun({ model, config, seed: settings.seed });
  const about = { settings, planned: settings.steps, text: problem.sha256, ranOn: null, validation: null };
  return inItsFolder({ model, config, tokens, about, state, problem, ...(equalSize && { equalSize }) }, out);
}

/** The width that a run would have been begun with, for the size of another model. */
function widthFor({ about, tokens }: Checkpoint, asked: Partial<Settings>, equalSizeTo: string): number {
  const begun = { ...about.settings, width: completed(asked).width };
  return atSize(begun, sizeOfOther(begun, equalSizeTo, tokens.size).parameters, tokens.size).width;
}

/** Continues the run of a folder from its last checkpoint. Throws where it is damaged, or the settings or the text are others. */
export function resume(folder: string, asked: Partial<Settings>, equalSizeTo?: string): Run {
  if (/^checkpoint-\d+$/.test(basename(resolve(folder))))
    fail(
      `train: ${folder} is one checkpoint; --resume ${dirname(resolve(folder))} continues its run from the last one`,
    );
  const saved = readCheckpoint(folder);
  const settings = continued(
    saved.about.settings,
    equalSizeTo === undefined ? asked : { ...asked, width: widthFor(saved, asked, equalSizeTo) },
    saved.about.planned,
  );
  const { step } = saved.state;
  if (step >= settings.steps) {
    const { steps: planned } = saved.about.settings;
    const remedy =
      planned > step
        ? `leave --steps out to train the ${planned} that it was begun with`
        : `--steps ${2 * step} would train on`;
    fail(`train: ${folder} is after step ${step} already, and ${settings.steps} are asked for; ${remedy}`);
  }
  const problem = problemOf(settings, { folder, tokens: saved.tokens, sha256: saved.about.text });
  return { ...saved, folder, about: { ...saved.about, settings }, problem };
}

/** The mean of the training losses since the validation before, by their tokens; null before the first step. */
interface Averaged {
  readonly training: number | null;
}

/** An event of a run. Its steps and validations have the mean of the training losses too. */
export type RunEvent =
  | Exclude<TrainEvent, StepEvent | ValidationEvent>
  | (StepEvent & Averaged)
  | (ValidationEvent & Averaged);

/** Trains a run: yields the events, after what they say is in its files. Throws where another process trains in its folder, or has since it was read. */
export async function* trained(run: Run, signal: AbortSignal): AsyncGenerator<RunEvent, void, void> {
  const { folder, state } = run;
  const lock = locked(folder);
  try {
    if (basename(checkpointIn(folder)) !== nameOf(state.step))
      fail(`${folder}: another process has trained there; --resume ${folder} continues after its steps`);
    cutMetrics(folder, state.step);
    yield* steps(run, lock, signal);
  } finally {
    lock.free();
  }
}

/** The events of a run whose folder is locked. */
async function* steps(run: Run, lock: Lock, signal: AbortSignal): AsyncGenerator<RunEvent, void, void> {
  const { folder, config, about } = run;
  const { settings, planned } = about;
  const options = { on: runsOn(settings.on), signal, state: run.state };
  let ranOn: string | null = null;
  const recent = lossSinceValidation(metricsOf(folder));
  let validated: { readonly step: number; readonly loss: number } | undefined;
  for await (const event of withRemedy(
    train(runSettings(settings, config, planned), run.problem.data, options),
    folder,
  )) {
    lock.check();
    if (event.kind === 'begin') ranOn = event.ran?.backend ?? settings.on;
    if (event.kind === 'checkpoint') {
      const validation = validated?.step === event.step ? validated.loss : null;
      writeCheckpoint(folder, { ...run, state: event.state, about: { ...about, ranOn, validation } });
    }
    if (event.kind === 'step') {
      const { kind: _, ...metric } = event;
      addMetrics(folder, [metric]);
      recent.add(event);
    }
    const training = recent.mean();
    if (event.kind === 'validation') {
      validated = event;
      const { step, loss, accuracy } = event;
      addMetrics(folder, [{ step, ...(training !== null && { training }), validation: loss, ...accuracy }]);
      recent.restart();
    }
    if (event.kind === 'notFinite') addMetrics(folder, [{ step: event.step, notFinite: true }]);
    yield event.kind === 'step' || event.kind === 'validation' ? { ...event, training } : event;
    // steps that are computed in this thread would else never let a signal in
    await setImmediate();
  }
}

/** Events of a run; where it ends because a step is not finite, the error says what to do with options. */
async function* withRemedy(events: AsyncIterable<TrainEvent>, folder: string): AsyncGenerator<TrainEvent, void, void> {
  let hasEnded = false;
  try {
    for await (const event of events) {
      hasEnded = event.kind === 'notFinite';
      yield event;
    }
  } catch (error) {
    if (!hasEnded || !(error instanceof InputError)) throw error;
    fail(`${error.message}: begin another run with a lower --rate; ${checkpointIn(folder)} is whole`);
  }
}

/** The model of a run after a state, to sample from. */
export const modelAfter = (run: Run, { params }: RunState) => ({ ...run, params });
