/** @file Makes the tables and curves of docs/results.md from the results beside it. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { plotOf, tableLines } from '../../src/cli/ablation-table.ts';
import { type Results, resultsOf } from '../../src/runs/ablation/results.ts';
import { measureOf, tableOf } from '../../src/runs/ablation/table.ts';
import { root } from '../support/root.ts';
import { block } from './markdown.ts';

const results = (name: string): Results => resultsOf([join(root, `docs/results/${name}.json`)]);

/** The curves of a grid, as SVG. */
export function curvesOf(name: string): string {
  const grid = results(name);
  return plotOf(grid, measureOf(grid.grid));
}

/** The makers, by kind of block. */
export const resultsMakers = {
  /** The table of a grid, without the lines below it. */
  async grid(name: string) {
    const grid = results(name);
    const lines = tableLines(tableOf(grid, measureOf(grid.grid)), Object.keys(grid.grid.vary));
    return block(`\`\`\`text\n${stripVTControlCharacters(lines.join('\n'))}\n\`\`\``);
  },
};
