/** @file densessm plot: draws the losses of runs, or the accuracies of those on tasks, in the terminal, or as SVG. */
import { writeFileWhole } from '../io/write-file.ts';
import { curvesOf, drawn, linesOf, type Measure, svgOf } from '../runs/curves.ts';
import { markColours, say, sayJson, type Voice } from './console.ts';

/** Options of `plot`. */
export interface PlotCommand extends Voice {
  readonly svg?: string;
  readonly of?: Measure;
}

/** Draws runs. Returns true: other failures are errors. */
export function plotCommand(runs: readonly string[], { json, quiet, svg, of }: PlotCommand): boolean {
  const curves = runs.map(curvesOf);
  const measure = of ?? (curves.every(({ accuracy }) => accuracy.length > 0) ? 'accuracy' : 'loss');
  const lines = linesOf(curves, measure);
  const legend = measure === 'loss' ? ': validation (strong), training (pale)' : '';
  if (svg !== undefined) writeFileWhole(svg, svgOf(lines, measure, legend));
  if (json) sayJson('plot', { ok: true, curves });
  else if (svg !== undefined) say(`${svg}: the ${measure === 'loss' ? 'losses' : 'accuracies'} of ${runs.join(', ')}`);
  else if (!quiet) {
    const width = Math.min(100, Math.max(40, (process.stdout.columns ?? 80) - 12));
    say(drawn(lines, width, (mark, line) => markColours[line % markColours.length]!(mark)));
  }
  return true;
}
