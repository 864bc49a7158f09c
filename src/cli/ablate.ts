/** @file densessm ablate: trains a grid of models at equal size and tokens, and prints one table. The same command with --out continues it. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { amount } from '../io/text.ts';
import { type Plan, type PlannedRun, planOf } from '../runs/ablation/plan.ts';
import { plannedGrid, resultsOf } from '../runs/ablation/results.ts';
import { ablated } from '../runs/ablation/run.ts';
import { measureOf } from '../runs/ablation/table.ts';
import { type AskedOfAblate, askedFrom, forAblate } from '../runs/config-file.ts';
import { checkExecutor } from '../runs/executor.ts';
import { newFolder } from '../runs/run.ts';
import { completed, defaults, type Settings } from '../runs/settings.ts';
import { showResults, signed } from './ablation-table.ts';
import { colour, progress, say, sayJson, tableLine, type Voice, widthsOf } from './console.ts';
import { checkPlot } from './plot-file.ts';
import { type Shard, shardOf } from './shard.ts';
import { untilStopped } from './stopping.ts';
import { timeText } from './train.ts';

/** Options of `ablate`: those of `train` that are settings, and those of the grid. */
export interface AblateCommand extends Voice, Omit<AskedOfAblate, 'text' | 'readings'> {
  readonly debug?: boolean;
  readonly config?: string;
  readonly reading?: Settings['readings'];
  readonly shard?: Shard;
  readonly plan: boolean;
}

/** Seeds of a grid where none are asked for. */
export const defaultSeeds = 3;

/** Prints the plan: a line for each cell, then the runs. */
function showPlan({ cells, runs, problem, steps, tokens, grid }: Plan, own: readonly PlannedRun[]): void {
  const names = Object.keys(grid.vary);
  const columns = [...names, 'width', 'parameters', 'to the first'];
  const reference = cells[0]!.parameters;
  const rows = cells.map(({ values, width, parameters }) => [
    ...names.map((name) => values[name] ?? '-'),
    String(width),
    String(parameters),
    `${signed((100 * (parameters - reference)) / reference, 1)} %`,
  ]);
  const widths = widthsOf([columns, ...rows]);
  const right = [0, 1, 2].map((i) => names.length + i);
  say(
    `${problem.name}: ${amount(cells.length, 'cell')}, ${amount(grid.seeds.length, 'seed')}, ${amount(steps, 'step')} and ${tokens} tokens a run`,
  );
  say(colour.heading(tableLine(columns, widths, right)));
  for (const row of rows) say(tableLine(row, widths, right));
  say(
    own.length === runs.length ? amount(runs.length, 'run') : `${own.length} of ${runs.length} runs are of this shard`,
  );
}

/** Trains the runs of a grid or of a shard. Returns whether all are complete, or 130 where it was stopped. */
export async function ablateCommand(text: string | undefined, options: AblateCommand): Promise<boolean | number> {
  const { json, quiet, debug: _, config, reading, shard, plan: isPlan, ...given } = options;
  const asked = askedFrom<AskedOfAblate>(forAblate, config, {
    ...given,
    ...(reading !== undefined && { readings: reading }),
    ...(text !== undefined && { text }),
  });
  const { vary = {}, seeds = defaultSeeds, out, of, svg, seed = defaults.seed, ...fixed } = asked;
  const plan = planOf({ fixed, vary, seeds: Array.from({ length: seeds }, (_, i) => seed + i) });
  measureOf(plan.grid, of); // throws on a measure that the grid does not have
  const runs = shardOf(plan.runs, shard);
  if (isPlan && json) {
    sayJson('plan', { ok: true, ...plannedGrid(plan), runs: runs.map(({ name }) => name) });
    return true;
  }
  if (isPlan || (!json && !quiet)) showPlan(plan, runs);
  if (isPlan) return true;
  await checkExecutor(completed(fixed).on); // before a folder is made
  const known = svg ?? (out === undefined ? undefined : join(out, 'curves.svg'));
  // the folder of the grid is made later
  const isLater = out !== undefined && !existsSync(out) && resolve(dirname(known!)) === resolve(out);
  if (known !== undefined && !isLater) checkPlot(known);
  const folder = out ?? newFolder('ablation');
  const plot = known ?? join(folder, 'curves.svg');
  const { signal, status, done } = untilStopped();
  const failed = await followed(plan, runs, { folder, signal, json, quiet }).finally(done);
  const results = resultsOf([folder]);
  const complete = new Set(results.runs.map(({ name }) => name));
  const ok = runs.every(({ name }) => complete.has(name));
  if (!json && !quiet) say();
  const shown = showResults(results, { json, quiet, ok, of, svg: plot, failed });
  if (!json) {
    const count = `${runs.filter(({ name }) => complete.has(name)).length} of ${runs.length} runs`;
    say(`${folder}: ${count} complete${ok ? '' : '; the same command with --out continues'}`);
  }
  return signal.aborted && !ok ? status() : shown;
}

interface Following {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Trains runs and prints a line for each. Returns the messages of those that failed, by name. */
async function followed(
  plan: Plan,
  runs: readonly PlannedRun[],
  { folder, signal, json, quiet }: Following,
): Promise<Record<string, string>> {
  const tell = (line: string): void => {
    if (!json && !quiet) say(line);
  };
  const line = progress({ json, quiet });
  const failed: Record<string, string> = {};
  let [began, at, seconds] = [0, 0, 0];
  for await (const event of ablated(plan, runs, { folder, signal })) {
    const { run } = event;
    const label = `${runs.indexOf(run) + 1}/${runs.length}  ${run.name}`;
    if (event.kind === 'run') {
      at++;
      began = performance.now();
      if (event.step >= plan.steps) tell(`${label}: complete before`);
      else line.show(`${label}: begins${event.step > 0 ? ` after step ${event.step}` : ''}`);
    } else if (event.kind === 'failure') {
      failed[run.name] = event.message;
      line.clear();
      tell(`${label}: failed`);
    } else if (event.event.kind === 'step') {
      const { step, training } = event.event;
      seconds += (seconds === 0 ? 1 : 0.1) * (event.event.seconds - seconds);
      const left = timeText(seconds * (plan.steps * (runs.length - at + 1) - step));
      line.show(`${label}: step ${step} of ${plan.steps}, loss ${training!.toFixed(4)}, ${left} left`);
    } else if (event.event.kind === 'validation' && event.event.step === plan.steps) {
      const { loss, accuracy } = event.event;
      const scored = accuracy === undefined ? '' : `, accuracy ${accuracy.accuracy.toFixed(4)}`;
      line.clear();
      tell(`${label}: validation ${loss.toFixed(4)}${scored}, ${timeText((performance.now() - began) / 1e3)}`);
    }
  }
  line.clear();
  return failed;
}
