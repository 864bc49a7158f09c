/** @file densessm runs: lists the runs of a folder. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { statOf } from '../io/read-file.ts';
import { isGrid } from '../runs/ablation/results.ts';
import { bestIn, readAbout, readUntrained } from '../runs/checkpoint.ts';
import { metricsOf } from '../runs/metrics.ts';
import type { Settings } from '../runs/settings.ts';
import { fail, InputError } from '../tensor/errors.ts';
import { colour, say, sayJson, tableLine, type Voice, widthsOf } from './console.ts';

const columns = ['run', 'model', 'parameters', 'step', 'of', 'loss', 'validation', 'best'];

/** Columns more where a run is on a task. */
const taskColumns = ['accuracy', 'task'];

/** The columns that are aligned to the right. */
const numeric = [2, 3, 4, 5, 6, 7, 8];

/** A loss in few digits. */
const lossText = (loss: number | undefined): string => (loss === undefined ? '-' : loss.toFixed(4));

/** A task with its settings in few characters. */
const taskText = (task: string, set: Settings['set'] = {}): string =>
  [task, ...Object.entries(set).map(([name, value]) => `${name}=${value}`)].join(' ');

/** A run as a row: what it says of itself, or how it is damaged. One that was imported has a model alone. */
interface Row {
  readonly run: string;
  readonly damaged?: string;
  readonly imported?: true;
  readonly model?: string;
  readonly parameters?: number;
  readonly step?: number;
  readonly steps?: number;
  readonly loss?: number | undefined;
  readonly validation?: number | undefined;
  readonly best?: ReturnType<typeof bestIn>;
  readonly notFinite?: number | undefined;
  readonly task?: string;
  readonly set?: Settings['set'];
  readonly accuracy?: number | undefined;
}

/** The row of a folder; null for what is no run. */
function rowOf(run: string): Row | null {
  try {
    const about = readAbout(run);
    const model = about === null ? readUntrained(run) : null;
    if (model !== null) return { run, ...model, imported: true };
    if (about === null) return null;
    const all = metricsOf(run);
    // steps after the checkpoint would be taken again
    const metrics = all.filter((one) => one.step <= about.step);
    const last = (key: 'loss' | 'training' | 'validation' | 'accuracy') =>
      metrics.findLast((one) => one[key] !== undefined)?.[key];
    const { settings, step, parameters } = about;
    const [loss, validation] = [last('training') ?? last('loss'), last('validation')];
    const { steps, task, set } = settings;
    const ofTask = task !== null && { task, set, accuracy: last('accuracy') };
    const notFinite = all.find((one) => one.notFinite)?.step;
    return {
      run,
      model: settings.model,
      parameters,
      step,
      steps,
      loss,
      validation,
      best: bestIn(run),
      notFinite,
      ...ofTask,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { run, damaged: error.message };
  }
}

/** Prints each run of a folder, or the one that it is, with its model and last losses, or how it is damaged, and names grids. Returns whether none is. */
export function runsCommand(folder: string, { json, quiet }: Voice): boolean {
  if (!existsSync(folder)) fail(`${folder}: there is no such folder; densessm train makes runs/, or name another`);
  if (!statOf(folder).isDirectory()) fail(`${folder}: is no folder; name one that has runs`);
  const inside = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  const paths = rowOf(folder) === null ? inside : [folder];
  const runs = paths.flatMap((path) => rowOf(path) ?? []);
  const grids = paths.filter(isGrid);
  const ok = runs.every((run) => !('damaged' in run));
  if (json) {
    sayJson('runs', { ok, runs, grids });
    return ok;
  }
  if (runs.length + grids.length === 0) say(`${folder}: no runs`);
  if (runs.length > 0) {
    const isAnyTask = runs.some((one) => 'task' in one);
    const head = isAnyTask ? [...columns, ...taskColumns] : columns;
    const rows = runs.map((one) => {
      if (one.damaged !== undefined) return [one.run, 'damaged'];
      const { run, model, parameters, step, steps, loss, validation, best } = one;
      const cells = [
        run,
        model,
        parameters,
        step ?? '-',
        steps ?? '-',
        lossText(loss),
        lossText(validation),
        lossText(best?.validation),
      ].map(String);
      if (!isAnyTask) return cells;
      return [...cells, lossText(one.accuracy), one.task === undefined ? '-' : taskText(one.task, one.set)];
    });
    const widths = widthsOf([head, ...rows.filter((row) => row.length > 2)]);
    widths[0] = Math.max(...rows.map(([run]) => run!.length), widths[0]!);
    if (!quiet) say(colour.heading(tableLine(head, widths, numeric)));
    runs.forEach((one, i) => {
      if (one.damaged === undefined) {
        const notFinite = one.notFinite === undefined ? '' : `  step ${one.notFinite} is not finite`;
        const end = one.imported ? '  imported: a model without training' : notFinite;
        say(tableLine(rows[i]!, widths, numeric) + end);
      } else say(`${one.run.padEnd(widths[0]!)}  damaged: ${one.damaged}`);
    });
  }
  for (const grid of grids)
    say(`${grid}: a grid; densessm merge ${grid} prints its table, densessm runs ${grid} its runs`);
  return ok;
}
