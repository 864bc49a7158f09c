/** @file densessm sample: continues a prompt with the model of a run, and prints the text as it is made; without a prompt, answers a row of its task. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { answered, answersTo, rowLines } from '../runs/answers.ts';
import { aboutIn, checkpointIn, readModel, type SavedModel, trainingName, type Which } from '../runs/checkpoint.ts';
import { problemOf } from '../runs/problem.ts';
import { usualPrompt, written } from '../runs/sampling.ts';
import { flagOf, type Settings } from '../runs/settings.ts';
import { fail } from '../tensor/errors.ts';
import { colour, note, say, sayJson, type Voice } from './console.ts';
import { untilStopped } from './stopping.ts';

/** Options of `sample`. */
export interface SampleCommand extends Voice {
  readonly checkpoint: Which;
  readonly prompt?: string;
  readonly tokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
}

/** What a sample is where other is not asked for. */
export const usualSample = { tokens: 200, temperature: 0.8, seed: 1 } as const;

/** Prints the prompt and the text that follows it, with --quiet the text alone; or a row of the run's task. Returns true, or the exit status of the signal that stopped it. */
export async function sampleCommand(run: string, options: SampleCommand): Promise<boolean | number> {
  const { json, quiet } = options;
  const folder = checkpointIn(run, options.checkpoint);
  const model = readModel(folder);
  const settings = settingsOf(folder);
  if (settings !== null && settings.task !== null)
    return rowOfTask(model, { ...settings, task: settings.task }, options);
  const { tokens: steps, temperature, topP, topK, seed } = { ...usualSample, ...options };
  const prompt = options.prompt ?? usualPrompt(model);
  const sampling = {
    steps,
    temperature,
    seed,
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  };
  const { signal, status, done } = untilStopped();
  let isUnread = false; // as after | head: the stream itself does not tell
  process.stdout.once('error', () => {
    isUnread = true;
  });
  let text = '';
  let before = quiet ? '' : colour.minor(prompt);
  for (const piece of written(model, prompt, sampling)) {
    if (json) text += piece;
    else process.stdout.write(before + piece);
    before = '';
    // lets the stream write, and a signal in
    await setImmediate();
    if (signal.aborted || isUnread) break;
  }
  done();
  if (json) sayJson('sample', { ok: !signal.aborted, prompt, text });
  else say();
  const read = model.tokens.encode(prompt).length;
  if (!quiet && !json && settings !== null && read + steps > settings.length)
    note(
      `trained on rows of ${settings.length} tokens; what stands beyond may be worse (train --length ${read + steps})`,
    );
  return !signal.aborted || status();
}

/** The settings of the run of a checkpoint; null for a model without training state. */
function settingsOf(checkpoint: string): Settings | null {
  return existsSync(join(checkpoint, trainingName)) ? aboutIn(checkpoint).settings : null;
}

/** Options that draw tokens of a text: a task has answers. */
const ofTexts = ['tokens', 'temperature', 'topP', 'topK'] as const;

/** Prints a row of the task, drawn by the seed or given as the prompt, with the model's answers. */
function rowOfTask(model: SavedModel, settings: Settings & { readonly task: string }, options: SampleCommand): true {
  const { json, prompt, seed } = options;
  const { length, task } = settings;
  const given = [...ofTexts, ...(prompt === undefined ? [] : (['seed'] as const))].find(
    (name) => options[name] !== undefined,
  );
  if (given !== undefined)
    fail(
      `sample: the run is on task ${task}, whose model answers a row${prompt === undefined ? '' : ', here the prompt'}: ${flagOf(given)} means nothing; leave it out`,
    );
  if (prompt !== undefined) {
    const row = answersTo(model, prompt);
    if (json) sayJson('sample', { ok: true, task, ...row });
    else for (const line of rowLines(row)) say(line);
    return true;
  }
  const { data, name } = problemOf(settings);
  const row = answered(model, data.validation, { number: seed ?? usualSample.seed, length });
  if (json) sayJson('sample', { ok: true, task, ...row });
  else {
    for (const line of rowLines(row)) say(line);
    say(`${name}: ${row.right} of ${row.asked} right`);
  }
  return true;
}
