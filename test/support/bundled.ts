/** @file Bundles a program of the project into a few files of JavaScript, which start several times faster than its sources through tsx. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  // what the program imports only when it needs it stays in files of its own
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { ssr: source, write: false, minify: false },
  })) as Rolldown.RolldownOutput;
  const chunks = output.filter((file) => file.type === 'chunk');
  for (const { fileName, code } of chunks.toReversed()) {
    const path = join(folder, fileName);
    mkdirSync(dirname(path), { recursive: true });
    // other processes may run the old file, or write theirs, at this moment
    writeFileSync(`${path}.${process.pid}`, code);
    renameSync(`${path}.${process.pid}`, path);
  }
  return join(folder, chunks[0]!.fileName);
}
