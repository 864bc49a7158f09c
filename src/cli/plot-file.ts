/** @file Writes plots. One takes the place of an older plot, and of no other file. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { readBytes } from '../io/read-file.ts';
import { writeFileWhole, writing } from '../io/write-file.ts';
import { plotMark } from '../runs/curves.ts';
import { fail } from '../tensor/errors.ts';

/** Whether a text is a plot of densessm, and not a page that has one inside. */
const isPlot = (text: string): boolean => text.startsWith('<svg') && text.includes(plotMark);

/** Throws where a plot would take the place of another file. */
function checkPlace(path: string): void {
  if (existsSync(path) && !isPlot(new TextDecoder().decode(readBytes(path))))
    fail(`${path}: is no plot of densessm; nothing else is overwritten, give another --svg or remove it`);
}

/** Throws where a plot cannot be written: training, which comes before it, may take long. */
export function checkPlot(path: string): void {
  checkPlace(path);
  writing(path, () => accessSync(dirname(path), constants.W_OK));
}

/** Writes a plot. Returns a line that says what it is and whether it is in the place of another. Throws where another file would be lost. */
export function writePlot(path: string, svg: string, what: string): string {
  const isThere = existsSync(path);
  checkPlace(path);
  writeFileWhole(path, svg);
  return `${path}: ${what}${isThere ? ', in place of the plot before' : ''}`;
}
