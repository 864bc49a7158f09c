/**
 * @file Times the gpu executor and PyTorch on one graphics card: matrix products, scans, convolutions, retention in three modes, one
 * training step.
 * Also checks results on that card. Run it by `node .bench/bench/gpu.js [--json FILE] [--small] [section…]`, after
 * `tsc -p bench/tsconfig.json`.
 */
import { writeFileSync } from 'node:fs';
import { checks } from './gpu/checks.ts';
import { convolutions } from './gpu/convolutions.ts';
import { products } from './gpu/products.ts';
import { retention } from './gpu/retention.ts';
import { scans } from './gpu/scans.ts';
import { steps, stepsOfTorch } from './gpu/steps.ts';
import type { Row } from './gpu/table.ts';
import { tiles } from './gpu/tiles.ts';
import { tuning } from './gpu/tuning.ts';

const sections: { readonly [name: string]: () => Promise<readonly Row[]> } = {
  checks,
  products,
  scans,
  convolutions,
  retention,
  steps,
  stepsOfTorch,
  tiles,
  tuning,
};

const args = process.argv.slice(2).filter((arg) => arg !== '--small');
const at = args.indexOf('--json');
const file = at < 0 ? null : args.splice(at, 2)[1]!;
const unknown = args.find((name) => !Object.hasOwn(sections, name));
if (unknown !== undefined) {
  console.error(`gpu: there is no section '${unknown}'; there are ${Object.keys(sections).join(', ')}`);
  process.exit(2);
}
const results: Record<string, readonly Row[]> = {};
for (const name of args.length > 0 ? args : Object.keys(sections)) {
  console.log(`\n${name}`);
  try {
    results[name] = await sections[name]!();
  } catch (error) {
    console.log(`${name} failed: ${error instanceof Error ? error.message.slice(0, 2000) : error}`);
    results[name] = [{ failed: String(error).slice(0, 2000) }];
    process.exitCode = 1;
  }
  if (file !== null) writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}
