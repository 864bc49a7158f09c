/** @file densessm sample: continues a prompt with the model of a run, and prints the text as it is made. */
import { setImmediate } from 'node:timers/promises';
import { checkpointIn, readModel } from '../runs/checkpoint.ts';
import { usualPrompt, written } from '../runs/sampling.ts';
import { colour, say, type Voice } from './console.ts';

/** Options of `sample`. */
export interface SampleCommand extends Voice {
  readonly prompt?: string;
  readonly tokens: number;
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed: number;
}

/** Prints the prompt and the text that follows it; with --quiet the text alone. Returns true: other failures are errors. */
export async function sampleCommand(run: string, options: SampleCommand): Promise<boolean> {
  const { json, quiet, tokens: steps, temperature, topP, topK, seed } = options;
  const model = readModel(checkpointIn(run));
  const prompt = options.prompt ?? usualPrompt(model);
  const sampling = {
    steps,
    temperature,
    seed,
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
  };
  const pieces = written(model, prompt, sampling);
  if (json) {
    say(JSON.stringify({ ok: true, prompt, text: [...pieces].join('') }, null, 1));
    return true;
  }
  let before = quiet ? '' : colour.minor(prompt);
  for (const piece of pieces) {
    process.stdout.write(before + piece);
    before = '';
    // lets the stream write, and a signal end the program
    await setImmediate();
  }
  say();
  return true;
}
