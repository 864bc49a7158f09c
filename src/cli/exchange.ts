/** @file densessm import and export: models of other projects to ours, and ours to theirs. */

import type { Which } from '../runs/checkpoint.ts';
import { type Exchange, exportRun, importedFolder, importRun } from '../runs/exchange.ts';
import { say, sayJson, type Voice } from './console.ts';

/** Options of `import`. */
export interface ImportCommand extends Voice {
  readonly out?: string;
  readonly vocabulary?: string;
}

/** Options of `export`. */
export interface ExportCommand extends Voice {
  readonly as: string;
  readonly checkpoint: Which;
  readonly out: string;
}

function tell(
  schema: string,
  done: Exchange & { readonly skipped?: ReadonlyMap<string, string> },
  voice: Voice,
  lines: string[],
): void {
  const { skipped = new Map<string, string>(), ...rest } = done;
  if (voice.json) {
    sayJson(schema, { ok: true, ...rest, skipped: Object.fromEntries(skipped) });
    return;
  }
  if (voice.quiet) return;
  for (const line of lines) say(line);
  for (const [name, reason] of skipped) say(`not read, and not needed: ${name} ${reason}`);
}

const sizeOf = ({ model, parameters, precision }: Exchange): string =>
  `${model}, ${parameters} parameters, ${precision}`;

/** Writes a folder that `sample` reads from one of another project. Returns true: other failures are errors. */
export function importCommand(path: string, { out = importedFolder(path), vocabulary, ...voice }: ImportCommand): true {
  const done = importRun(path, { out, ...(vocabulary !== undefined && { vocabulary }) });
  tell('import', done, voice, [
    `${sizeOf(done)}, from ${done.project}`,
    `${out}: ${done.files.join(', ')}; densessm sample ${out} writes with it`,
  ]);
  return true;
}

/** Writes the model of a run for another project. Returns true: other failures are errors. */
export function exportCommand(run: string, { as, checkpoint, out, ...voice }: ExportCommand): true {
  const done = exportRun(run, { as, checkpoint, out });
  tell('export', done, voice, [
    `${sizeOf(done)}, for ${as}, from ${done.checkpoint}`,
    `${out}: ${done.files.join(', ')}`,
  ]);
  return true;
}
