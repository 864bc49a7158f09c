/** @file densessm runs: lists the runs of a folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readAbout } from '../runs/checkpoint.ts';
import { metricsOf } from '../runs/metrics.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { colour, say, tableLine, type Voice, widthsOf } from './console.ts';

const columns = ['run', 'model', 'parameters', 'step', 'of', 'loss', 'validation'];

/** A loss in few digits. */
const lossText = (loss: number | undefined): string => (loss === undefined ? '-' : loss.toFixed(4));

/** A run as a row: what it says of itself, or how it is damaged; null for what is no run. */
function rowOf(run: string) {
  try {
    const about = readAbout(run);
    if (about === null) return null;
    const metrics = metricsOf(run);
    const last = (key: 'loss' | 'validation') => metrics.findLast((one) => one[key] !== undefined)?.[key];
    const { settings, step, parameters } = about;
    const [loss, validation] = [last('loss'), last('validation')];
    return { run, model: settings.model, parameters, step, steps: settings.steps, loss, validation };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { run, damaged: error.message };
  }
}

/** Prints each run with its model and last losses, or how it is damaged. Returns whether none is. */
export function runsCommand(folder: string, { json, quiet }: Voice): boolean {
  if (!existsSync(folder)) fail(`${folder}: there is no such folder; densessm train makes runs/, or name another`);
  const runs = readdirSync(folder)
    .sort()
    .flatMap((name) => rowOf(join(folder, name)) ?? []);
  const ok = runs.every((run) => !('damaged' in run));
  if (json) say(JSON.stringify({ ok, runs }, null, 1));
  else if (runs.length === 0) say(`${folder}: no runs`);
  else {
    const rows = runs.map((one) => {
      if (one.damaged !== undefined) return [one.run, 'damaged'];
      const { run, model, parameters, step, steps, loss, validation } = one;
      return [run, model, parameters, step, steps, lossText(loss), lossText(validation)].map(String);
    });
    const widths = widthsOf([columns, ...rows.filter((row) => row.length > 2)]);
    widths[0] = Math.max(...rows.map(([run]) => run!.length), widths[0]!);
    if (!quiet) say(colour.heading(tableLine(columns, widths, [2, 3, 4, 5, 6])));
    runs.forEach((one, i) => {
      if (one.damaged === undefined) say(tableLine(rows[i]!, widths, [2, 3, 4, 5, 6]));
      else say(`${one.run.padEnd(widths[0]!)}  damaged: ${one.damaged}`);
    });
  }
  return ok;
}
