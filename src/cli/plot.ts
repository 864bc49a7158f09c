/** @file densessm plot: draws the losses of runs, or the accuracies of those on tasks, in the terminal, or as SVG. */
import { curvesOf, drawn, linesOf, type Measure, svgOf, unlike } from '../runs/curves.ts';
import { markColours, note, say, sayJson, type Voice } from './console.ts';
import { writePlot } from './plot-file.ts';

/** Options of `plot`. */
export interface PlotCommand extends Voice {
  readonly svg?: string;
  readonly of?: Measure;
}

/** Draws the runs among some paths, and says which are none and whether values can be compared. Returns true: other failures are errors. */
export function plotCommand(paths: readonly string[], { json, quiet, svg, of }: PlotCommand): boolean {
  const { curves, skipped } = curvesOf(paths);
  const measure = of ?? (curves.every(({ accuracy }) => accuracy.length > 0) ? 'accuracy' : 'loss');
  const lines = linesOf(curves, measure);
  const difference = unlike(curves);
  const legend = measure === 'loss' ? ': validation (strong), training (pale)' : '';
  const what = `the ${measure === 'loss' ? 'losses' : 'accuracies'} of ${curves.map(({ run }) => run).join(', ')}`;
  const written = svg === undefined ? null : writePlot(svg, svgOf(lines, measure, legend), what);
  if (json) sayJson('plot', { ok: true, curves, skipped, comparable: difference === null });
  else if (written !== null) say(written);
  else if (!quiet) {
    const width = Math.min(100, Math.max(40, (process.stdout.columns ?? 80) - 12));
    say(drawn(lines, width, (mark, line) => markColours[line % markColours.length]!(mark)));
  }
  if (json || quiet) return true;
  for (const { path, reason } of skipped) note(`left out ${path}, which ${reason}`);
  if (difference !== null) note(difference);
  return true;
}
