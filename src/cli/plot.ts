/** @file densessm plot: draws the losses of runs in the terminal, or as SVG. */
import { writeFileWhole } from '../io/write-file.ts';
import { curvesOf, drawn, svgOf } from '../runs/curves.ts';
import { say, type Voice, wantsColour } from './console.ts';

/** Options of `plot`. */
export interface PlotCommand extends Voice {
  readonly svg?: string;
}

/** Draws runs. Returns true: other failures are errors. */
export function plotCommand(runs: readonly string[], { json, quiet, svg }: PlotCommand): boolean {
  const curves = runs.map(curvesOf);
  if (svg !== undefined) writeFileWhole(svg, svgOf(curves));
  if (json) say(JSON.stringify({ ok: true, curves }, null, 1));
  else if (svg !== undefined) say(`${svg}: the losses of ${runs.join(', ')}`);
  else if (!quiet) {
    const width = Math.min(100, Math.max(40, (process.stdout.columns ?? 80) - 12));
    say(drawn(curves, width, wantsColour(process.env, process.stdout.isTTY === true)));
  }
  return true;
}
