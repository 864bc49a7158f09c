/** @file Trains the runs of a grid in their folders: complete ones are kept, those that were stopped continue. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail, InputError } from '../../tensor/errors.ts';
import { readAbout } from '../checkpoint.ts';
import { problemOf } from '../problem.ts';
import { begin, type RunEvent, resume, trained } from '../run.ts';
import { completed, flagOf, type Settings } from '../settings.ts';
import { askedFor, type Plan, type PlannedRun } from './plan.ts';
import { plannedGrid, writeGrid } from './results.ts';

/** Settings that may differ between the beginning of a run and now. */
const free = ['on'];

/** All settings of a run. */
function settingsOf({ problem }: Plan, run: PlannedRun): Settings {
  const settings = completed(askedFor(run));
  return problem.kind === 'task' ? { ...settings, set: problem.set } : settings;
}

/** How far a run is in its folder: null where nothing is. Throws where it was begun with other settings or another text. */
function stepIn(folder: string, plan: Plan, run: PlannedRun): number | null {
  const about = existsSync(folder) ? readAbout(folder) : null;
  if (about === null) return null;
  const settings = settingsOf(plan, run);
  for (const [name, value] of Object.entries(settings) as [keyof Settings, unknown][]) {
    const begun = about.settings[name];
    if (free.includes(name) || isDeepStrictEqual(begun, value)) continue;
    fail(
      `ablate: ${folder} was begun with ${flagOf(name)} ${JSON.stringify(begun)}, not ${JSON.stringify(value)}; give another --out`,
    );
  }
  const { sha256, name } = plan.problem.kind === 'task' ? problemOf(settings) : plan.problem;
  if (about.text !== sha256) fail(`ablate: ${name} is another than at the beginning of ${folder}; give another --out`);
  return about.step;
}

/** A run that begins, continues, or is complete; an event of it; or its failure, after which others go on. */
export type AblationEvent =
  | { readonly kind: 'run'; readonly run: PlannedRun; readonly step: number }
  | { readonly kind: 'event'; readonly run: PlannedRun; readonly event: RunEvent }
  | { readonly kind: 'failure'; readonly run: PlannedRun; readonly message: string };

/**
 * Trains runs of a plan in the folder of its grid. A run that fails, as by a loss that is not finite, is reported, and the others go on.
 * Throws, before it trains, where the folder has runs of other settings. After an abort it writes a checkpoint and ends.
 */
export async function* ablated(
  plan: Plan,
  runs: readonly PlannedRun[],
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): AsyncGenerator<AblationEvent, void, void> {
  const steps = runs.map((run) => stepIn(join(folder, run.name), plan, run));
  writeGrid(folder, plannedGrid(plan));
  for (const [i, run] of runs.entries()) {
    if (signal.aborted) return;
    const own = join(folder, run.name);
    const step = steps[i] ?? null;
    yield { kind: 'run', run, step: step ?? 0 };
    if (step !== null && step >= plan.steps) continue;
    try {
      const { on } = completed(run.cell.asked);
      const ready = step === null ? begin(askedFor(run), { out: own }) : resume(own, { on });
      for await (const event of trained(ready, signal)) yield { kind: 'event', run, event };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      yield { kind: 'failure', run, message: error.message };
    }
  }
}
