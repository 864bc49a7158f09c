/** @file Runs the kernels of a module as a backend: the process that `densessm check --module` starts. */
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { decoder, frame } from '../oracle/backends/framing.ts';
import { type Kernels, replyOf } from '../oracle/backends/kernels.ts';
import { fail, InputError } from '../tensor/errors.ts';

/** The hidden command that answers for a module. */
const hostCommand = 'host';

/** The shell command that runs the kernels of a module, with the loaders of this process. */
export function hostOf(module: string): string {
  if (!/\.[cm]?[jt]sx?$/.test(module))
    fail(`check: --module takes a TypeScript or JavaScript file, not ${module}; a program is a --backend "COMMAND"`);
  if (!existsSync(module)) fail(`check: there is no file ${module}; --module takes a TypeScript or JavaScript file`);
  const words = [process.execPath, ...process.execArgv, process.argv[1]!, hostCommand, module];
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

interface Module {
  readonly default?: unknown;
}

/** Imports a file. Where Node does not read TypeScript, tsx does, if it is installed. */
async function imported(path: string): Promise<Module> {
  const { href } = pathToFileURL(resolve(path));
  const isRead = !/^\.[cm]?tsx?$/.test(extname(path)) || 'typescript' in process.features;
  if (isRead) return import(href) as Promise<Module>;
  const { tsImport } = await import('tsx/esm/api').catch(() =>
    fail(`Node ${process.version} does not read TypeScript: npm install --save-dev tsx, or use Node 22.18 or newer`),
  );
  const module = (await tsImport(href, import.meta.url)) as Module;
  // in a package of type commonjs the module is a CommonJS one, and wrapped once more
  return (module.default as Module | undefined)?.default === undefined ? module : (module.default as Module);
}

/** What Node says of a file that is written as a module, in a package whose files are not. */
const isNoModule = /outside a module|Unexpected token 'export'|ERR_REQUIRE/;

/** Loads the kernels of a module. */
async function load(path: string): Promise<Kernels> {
  const module = await imported(path).catch((error: unknown) => {
    if (error instanceof InputError) throw error;
    const remedy = `${path} is no module in its package: npm pkg set type=module, or name it .mts or .mjs`;
    return fail(isNoModule.test(String(error)) ? remedy : `${path} cannot be loaded: ${String(error)}`);
  });
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

/** Adds the hidden command to the program. */
export function addHost(main: Command): void {
  main.command(`${hostCommand} <file>`, { hidden: true }).action(host);
}
