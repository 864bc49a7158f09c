/** @file Bundles a program of the project into one file of JavaScript, which starts several times faster than its sources through tsx. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { root } from './root.ts';

// inside the project, where the program finds its package.json and its libraries
const folder = join(root, 'node_modules/.cache/densessm');

/** The paths of the bundles that this process has made, or makes, by their sources. */
const made = new Map<string, Promise<string>>();

/** Bundles the program whose source is given, as it is when this process first asks. Returns the path of the bundle. */
export function bundled(source: string): Promise<string> {
  const path = made.get(source) ?? bundle(source);
  made.set(source, path);
  return path;
}

async function bundle(source: string): Promise<string> {
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: source, write: false, minify: false, rolldownOptions: { output: { codeSplitting: false } } },
  })) as Rolldown.RolldownOutput;
  const path = join(folder, `${basename(source, '.ts')}.js`);
  mkdirSync(folder, { recursive: true });
  // other processes may run the old file, or write theirs, at this moment
  writeFileSync(`${path}.${process.pid}`, output[0].code);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
