/** @file Runs the benchmarks named on the command line, or all of them. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decode } from './decode.ts';
import { handOff } from './hand-off.ts';
import { linearScan } from './linear-scan.ts';
import { matmul } from './matmul.ts';
import { memory } from './memory.ts';
import { recurrence } from './recurrence.ts';
import { reference } from './reference.ts';
import { roundTrips } from './round-trips.ts';
import { scan } from './scan.ts';
import { smallOperations } from './small-operations.ts';
import { training } from './training.ts';

const benchmarks: { readonly [name: string]: () => Promise<void> } = {
  'linear-scan': linearScan,
  matmul,
  recurrence,
  scan,
  memory,
  reference,
  'hand-off': handOff,
  'round-trips': roundTrips,
  'small-operations': smallOperations,
  training,
  decode,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in benchmarks));
if (unknown !== undefined) {
  console.error(`bench: there is no benchmark '${unknown}'; there are ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
// each benchmark has its own process, so that compiled code and garbage of one do not change the time of the next
const names = asked.length > 0 ? asked : Object.keys(benchmarks);
if (names.length === 1) await benchmarks[names[0]!]!();
else
  for (const name of names)
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { stdio: 'inherit' });
