/** @file Runs the kernels of a module as a backend: the process that `densessm check --module` starts. */
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { decoder, frame } from '../oracle/backends/framing.ts';
import { type Kernels, replyOf } from '../oracle/backends/kernels.ts';
import { fail } from '../tensor/errors.ts';

/** The hidden command that answers for a module. */
export const hostCommand = 'host';

/** The shell command that runs the kernels of a module, with the loaders of this process. */
export function hostOf(module: string): string {
  if (!existsSync(module)) fail(`check: there is no file ${module}; --module takes a TypeScript or JavaScript file`);
  const words = [process.execPath, ...process.execArgv, process.argv[1]!, hostCommand, module];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/** Loads a module. Where Node does not read TypeScript, tsx does, if it is installed. */
async function load(path: string): Promise<Kernels> {
  const isRead = !/^\.[cm]?tsx?$/.test(extname(path)) || 'typescript' in process.features;
  if (!isRead) {
    const { register } = await import('tsx/esm/api').catch(() =>
      fail(`Node ${process.version} does not read TypeScript: npm install --save-dev tsx, or use Node 22.18 or newer`),
    );
    register();
  }
  const module = await (import(pathToFileURL(resolve(path)).href) as Promise<{ default?: unknown }>).catch(
    (error: unknown) => fail(`${path} cannot be loaded: ${String(error)}`),
  );
  const found = module.default as Kernels | undefined;
  if (typeof found?.name !== 'string' || typeof found.operators !== 'object' || found.operators === null)
    fail(
      `${path} has no kernels as its default export: export default kernels('my kernels', { linearScan: { modes: ['recurrent'], run } })`,
    );
  return found;
}

/** Answers questions about the kernels of a module until standard input ends. Throws where the module has none. */
export async function host(path: string): Promise<void> {
  // messages alone go to the standard output
  const send = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const reply = replyOf(await load(path));
  const stream = decoder();
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const { files, failure } = stream.push(chunk, Number.POSITIVE_INFINITY);
    if (failure !== null) fail(failure.message);
    for (const file of files) send(frame(await reply(file)));
  }
  // the module may hold handles open
  process.exit();
}
