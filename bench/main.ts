/** @file Runs the benchmarks named on the command line, or all of them. */
import { matmul } from './matmul.ts';
import { recurrence } from './recurrence.ts';
import { smallOperations } from './small-operations.ts';

const benchmarks: { readonly [name: string]: () => Promise<void> } = {
  matmul,
  recurrence,
  'small-operations': smallOperations,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in benchmarks));
if (unknown !== undefined) {
  console.error(`bench: there is no benchmark '${unknown}'; there are ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(benchmarks)) await benchmarks[name]!();
