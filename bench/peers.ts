/**
 * @file Compares densessm with other libraries: the same works, each library in a process of its own, in turns.
 * `npm run bench:peers -- [--quick] [--json] [work ...]` installs the peers in tools/peers and runs this.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Library, start } from './peers/library.ts';
import type { Request } from './peers/serve.ts';

const { values: options, positionals: asked } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
  allowPositionals: true,
});

/** Rounds that count, and the seconds of each measurement. */
const [rounds, seconds] = options.quick ? [5, 0.02] : [7, 0.2];

// this file runs compiled, in .bench/bench; the peers are not compiled
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const node = process.execPath;
const commands: { readonly [name: string]: readonly [string, ...string[]] } = {
  'densessm, eager': [node, here('peers/ours.js'), 'eager'],
  'densessm, compiled wasm': [node, here('peers/ours.js'), 'compiled'],
  'jax-js wasm': [node, at('tools/peers/jax.js')],
  'tfjs-wasm': [node, at('tools/peers/tfjs.js'), 'wasm'],
  'tfjs-cpu': [node, at('tools/peers/tfjs.js'), 'cpu'],
  'numpy-ts': [node, at('tools/peers/numpy.js')],
  'onnxruntime-web': [node, at('tools/peers/onnx.js')],
  PyTorch: ['python3', at('bench/peers/works_torch.py')],
};

const sizes = [64, 256, 512];
const others = ['add', 'chain', 'retention', 'retentionGradients', 'scan', 'scanGradients', 'training'];
const works: readonly Omit<Request, 'seconds'>[] = (['f32', 'f64'] as const).flatMap((type) => [
  ...sizes.map((n) => ({ work: 'product', type, n })),
  ...others.map((work) => ({ work, type })),
]);

const unknown = asked.find((name) => works.every(({ work }) => work !== name));
if (unknown !== undefined) {
  console.error(`bench:peers: there is no work '${unknown}'; there are product, ${others.join(', ')}`);
  process.exit(2);
}
const chosen = works.filter(({ work }) => asked.length === 0 || asked.includes(work));

/** The largest difference from our f64 that counts as the same answer, in parts of the largest number of the result. */
const tolerance = { f32: 1e-4, f64: 1e-10 };

/** What one library did with one work. A ratio above 1 is slower than densessm, eager. */
interface Row extends Omit<Request, 'seconds'> {
  readonly library: string;
  readonly failed?: string;
  /** Median and middle half of the rounds, in seconds a call. */
  readonly seconds?: readonly [median: number, low: number, high: number];
  readonly ratio?: number;
  readonly error?: number;
}

const numbersOf = (base64: string): Float64Array =>
  new Float64Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);

/** The largest difference in parts of the largest number, or NaN when the results cannot be compared. */
function difference(result: Float64Array, truth: Float64Array): number {
  if (result.length !== truth.length) return Number.NaN;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    const off = Math.abs(result[i]! - truth[i]!);
    if (!(off <= worst)) worst = off;
    largest = Math.max(largest, Math.abs(truth[i]!));
  }
  return worst / largest;
}

function quartiles(samples: readonly number[]): [median: number, low: number, high: number] {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (part: number): number => sorted[Math.round(part * (sorted.length - 1))]!;
  return [rank(0.5), rank(0.25), rank(0.75)];
}

/** Compares the libraries on one work: first their answers, then their times in turns. */
async function compare(libraries: readonly Library[], asked: Omit<Request, 'seconds'>): Promise<Row[]> {
  const reference = await libraries[0]!.ask({ ...asked, type: 'f64' });
  if (!('result' in reference))
    throw new Error(`densessm does not compute ${asked.work}: ${JSON.stringify(reference)}`);
  const truth = numbersOf(reference.result);
  const rows = new Map<Library, Row>();
  for (const library of libraries) {
    const reply = await library.ask(asked);
    const row = { ...asked, library: library.name };
    if (!('result' in reply)) rows.set(library, { ...row, failed: 'failed' in reply ? reply.failed : 'no result' });
    else {
      const error = difference(numbersOf(reply.result), truth);
      const isRight = error <= tolerance[asked.type];
      rows.set(library, {
        ...row,
        error,
        ...(isRight ? {} : { failed: `another answer: off by ${error.toPrecision(2)}` }),
      });
    }
  }
  const samples = new Map(
    libraries.filter((one) => rows.get(one)!.failed === undefined).map((one) => [one, [] as number[]]),
  );
  // the first round warms up
  for (let round = 0; round <= rounds; round++) {
    for (const [library, own] of samples) {
      const reply = await library.ask({ ...asked, seconds });
      if (!('seconds' in reply)) {
        rows.set(library, { ...rows.get(library)!, failed: 'failed' in reply ? reply.failed : 'no time' });
        samples.delete(library);
      } else if (round > 0) own.push(reply.seconds);
    }
  }
  const medians = new Map([...samples].map(([library, own]) => [library, quartiles(own)]));
  const ours = medians.get(libraries[0]!)?.[0] ?? Number.NaN;
  return libraries.map((library) => {
    const found = medians.get(library);
    return { ...rows.get(library)!, ...(found === undefined ? {} : { seconds: found, ratio: found[0] / ours }) };
  });
}

/** A time with three digits and a unit. */
function time(duration: number): string {
  const [scale, unit] = duration < 1e-3 ? [1e6, 'µs'] : duration < 1 ? [1e3, 'ms'] : [1, 's'];
  return `${(duration * scale).toPrecision(3)} ${unit}`;
}

function lineOf({ library, failed, seconds: found, ratio, error, work, n }: Row): string {
  if (found === undefined) return `  ${library.padEnd(24)} ${failed}`;
  const rate = work === 'product' ? `  ${((2 * n! ** 3) / found[0] / 1e9).toPrecision(3)} GFLOP/s` : '';
  const spread = `${time(found[1])} – ${time(found[2])}`;
  return `  ${library.padEnd(24)} ${time(found[0]).padStart(8)}  ${spread.padEnd(21)} ${ratio!.toPrecision(3).padStart(6)} of ours  error ${error!.toExponential(0)}${rate}`;
}

const libraries: Library[] = [];
const versions: Record<string, string> = {};
const missing: Record<string, string> = {};
for (const [name, command] of Object.entries(commands)) {
  const library = start(name, command);
  const reply = await library.ask();
  if ('version' in reply) {
    versions[name] = reply.version;
    libraries.push(library);
  } else missing[name] = 'failed' in reply ? reply.failed : 'no version';
}
if (!('densessm, eager' in versions)) throw new Error(`densessm does not start: ${missing['densessm, eager']}`);
if (!options.json) {
  for (const [name, version] of Object.entries(versions)) console.log(`${name.padEnd(26)} ${version}`);
  for (const [name, why] of Object.entries(missing)) console.log(`${name.padEnd(26)} DID NOT RUN: ${why}`);
}
const rows: Row[] = [];
for (const work of chosen) {
  const found = await compare(libraries, work);
  rows.push(...found);
  if (!options.json)
    console.log([`\n${work.work}${work.n ? ` ${work.n}` : ''}, ${work.type}`, ...found.map(lineOf)].join('\n'));
}
if (options.json) console.log(JSON.stringify({ versions, missing, rows }));
for (const library of libraries) library.end();
