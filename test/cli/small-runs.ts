/** @file A folder for small runs of the command train on a short text. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { densessmHere, type Run } from './run.ts';

/** What small runs have in common. */
interface SmallRuns {
  /** Goes when the tests of the file have run. */
  readonly folder: string;
  /** The path of the text. */
  readonly text: string;
  /** The options of a small model. */
  readonly small: readonly string[];
  /** Trains a small model on the text; the run is in the folder, by its name. */
  readonly train: (out: string, ...args: string[]) => Promise<Run>;
}

/** Makes a folder with a text for the tests of a command. */
export function smallRuns(command: string): SmallRuns {
  const folder = mkdtempSync(join(tmpdir(), `densessm-${command}-`));
  afterAll(() => rmSync(folder, { recursive: true }));
  const text = join(folder, 'roses.txt');
  writeFileSync(text, 'a rose is a rose is a rose; '.repeat(12));
  const small = ['--width', '8', '--layers', '2', '--heads', '2', '--batch', '2', '--length', '8', '--on', 'f64'];
  const train = (out: string, ...args: string[]): Promise<Run> =>
    densessmHere('train', text, ...small, '--out', join(folder, out), ...args);
  return { folder, text, small, train };
}
