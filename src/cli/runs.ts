/** @file densessm runs: lists the runs of a folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readAbout } from '../runs/checkpoint.ts';
import { metricsOf } from '../runs/metrics.ts';
import { fail } from '../tensor/errors.ts';
import { colour, say, tableLine, type Voice, widthsOf } from './console.ts';

const columns = ['run', 'model', 'parameters', 'step', 'of', 'loss', 'validation'];

/** A loss in few digits. */
const lossText = (loss: number | undefined): string => (loss === undefined ? '-' : loss.toFixed(4));

/** Prints each run with its model and last losses. Returns true: other failures are errors. */
export function runsCommand(folder: string, { json, quiet }: Voice): boolean {
  if (!existsSync(folder)) fail(`${folder}: there is no such folder; densessm train makes runs/, or name another`);
  const runs = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((run) => {
      const about = readAbout(run);
      if (about === null) return [];
      const metrics = metricsOf(run);
      const last = (key: 'loss' | 'validation') => metrics.findLast((one) => one[key] !== undefined)?.[key];
      const { settings, step, parameters } = about;
      const [loss, validation] = [last('loss'), last('validation')];
      return [{ run, model: settings.model, parameters, step, steps: settings.steps, loss, validation }];
    });
  if (json) say(JSON.stringify({ ok: true, runs }, null, 1));
  else if (runs.length === 0) say(`${folder}: no runs`);
  else {
    const rows = runs.map(({ run, model, parameters, step, steps, loss, validation }) =>
      [run, model, parameters, step, steps, lossText(loss), lossText(validation)].map(String),
    );
    const widths = widthsOf([columns, ...rows]);
    if (!quiet) say(colour.heading(tableLine(columns, widths, [2, 3, 4, 5, 6])));
    for (const row of rows) say(tableLine(row, widths, [2, 3, 4, 5, 6]));
  }
  return true;
}
