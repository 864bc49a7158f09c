/** @file Writes plots. One takes the place of an older plot, and of no other file. */
import { existsSync } from 'node:fs';
import { readBytes } from '../io/read-file.ts';
import { writeFileWhole } from '../io/write-file.ts';
import { plotMark } from '../runs/curves.ts';
import { fail } from '../tensor/errors.ts';

/** Writes a plot. Returns a line that says what it is and whether it is in the place of another. Throws where another file would be lost. */
export function writePlot(path: string, svg: string, what: string): string {
  const isThere = existsSync(path);
  if (isThere && !new TextDecoder().decode(readBytes(path)).includes(plotMark))
    fail(`${path}: is no plot of densessm; nothing else is overwritten, give another --svg or remove it`);
  writeFileWhole(path, svg);
  return `${path}: ${what}${isThere ? ', in place of the plot before' : ''}`;
}
