/**
 * @file Fuzzes the readers: npm run test:fuzz -- [all|messages|vectors|manifests|settings|accepted] [count] [seed]. Damaged messages,
 * vector files, manifests, and files of settings and of accepted failures must be read or refused with one sentence, in little time and memory. A failure prints the command that replays it.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acceptedIn } from '../../../src/cli/accept-file.ts';
import { formatSafetensors, parseSafetensors, type StoredTensor } from '../../../src/io/safetensors.ts';
import type { Failure } from '../../../src/oracle/backends/backend.ts';
import { isFailure } from '../../../src/oracle/backends/failure.ts';
import { decoder, frame } from '../../../src/oracle/backends/framing.ts';
import { answerIn, descriptionIn } from '../../../src/oracle/backends/message.ts';
import { askedFrom, forAblate } from '../../../src/runs/config-file.ts';
import { InputError } from '../../../src/tensor/errors.ts';
import { type Rng, rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { checkVectors } from '../../../src/vectors/check.ts';
import { inTemporaryFolder, toyCase, writeFamily } from '../../support/toy-vectors.ts';
import { type Material, mutated } from './mutations.ts';

/** The measurements of a run. */
export interface Figures {
  readonly count: number;
  readonly refused: number;
  readonly seconds: number;
  /** The longest processor time of one item. */
  readonly slowestMilliseconds: number;
  /** The largest growth of buffers in one item, and the growth of the process over the run. */
  readonly largestMegabytes: number;
  readonly grownMegabytes: number;
}

/** Tests one item. Returns whether the reader refused it; throws if the reader failed. */
type Item = (random: Rng) => boolean;

const texts = (fields: Record<string, string>): Map<string, string> => new Map(Object.entries(fields));
const tensors = new Map([
  ['out/y', { dtype: 'F32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }],
  ['grad/x', { dtype: 'F64', shape: [1], data: [0.5] }],
  ['out/ids', { dtype: 'I64', shape: [0, 4], data: [] }],
  ['out/half', { dtype: 'BF16', shape: [], data: [2] }],
  ['grad/halves', { dtype: 'BF16', shape: [2, 1, 3], data: [1, -2, 0.5, 3, Number.NaN, Number.POSITIVE_INFINITY] }],
  ['tap/state', { dtype: 'BF16', shape: [1, 2, 2], data: [0.5, Number.NEGATIVE_INFINITY, -0, 2 ** -130] }],
  ['tap/scores', { dtype: 'F32', shape: [2, 0], data: [] }],
  ['grad/other', { dtype: 'F16', shape: [3], data: [65504, -0, 2 ** -24] }],
] as const);
const offers = {
  retention: { modes: ['parallel', 'recurrent'], dtypes: ['F32', 'BF16'], gradients: true },
  rmsNorm: {
    modes: ['whole'],
    dtypes: ['BF16'],
    gradients: ['weight'],
    precision: { BF16: 'bf16' },
    atomic: { 'grad/weight': 'bt' },
    domain: { t: [1, 8] },
  },
};

const messages = [
  formatSafetensors(tensors, texts({ message: 'answer', id: '2' })),
  formatSafetensors(new Map(), texts({ message: 'unsupported', id: '2', reason: 'no' })),
  formatSafetensors(new Map(), texts({ message: 'error', id: '2', reason: 'a\nb' })),
  formatSafetensors(
    new Map(),
    texts({ message: 'description', id: '2', protocol: '1', name: 'x', operators: JSON.stringify(offers) }),
  ),
].map(frame);

/** Throws unless a message is one printable line of 10 to 900 characters. */
function checkSentence(message: string): void {
  assert.ok(/^\P{Cc}{10,900}$/u.test(message), `no sentence: ${JSON.stringify(message.slice(0, 900))}`);
}

function checkFailure(failure: Failure): void {
  checkSentence(failure.message);
}

function checkTensors(read: ReadonlyMap<string, StoredTensor>, bytes: number): void {
  let held = 0;
  for (const { shape, data } of read.values()) {
    assert.equal(data.length, sizeOf(shape));
    held += data.length;
  }
  assert.ok(held <= bytes);
}

/** Decodes a stream that arrives in pieces. */
function decode(pieces: readonly Uint8Array[]): { files: string[]; raw: Uint8Array[]; failure: Failure | null } {
  const stream = decoder();
  const raw = pieces.flatMap((piece) => stream.push(piece, 2 ** 20).files);
  return { files: raw.map((file) => Buffer.from(file).toString('hex')), raw, failure: stream.end() };
}

function cut(bytes: Uint8Array, random: Rng): Uint8Array[] {
  const places = Array.from({ length: random.integer(12) }, () => random.integer(bytes.length + 1)).sort(
    (a, b) => a - b,
  );
  return [...places, bytes.length].map((to, i) => bytes.subarray(i === 0 ? 0 : places[i - 1], to));
}

const oneMessage: Item = (random) => {
  const stream = mutated({ bytes: messages[random.integer(messages.length)]!, jsonAt: 24 }, messages, random);
  const { raw, ...whole } = decode([stream]);
  const { raw: _, ...inPieces } = decode(cut(stream, random));
  assert.deepEqual(inPieces, whole);
  if (whole.failure !== null) checkFailure(whole.failure);
  let refused = whole.failure !== null;
  for (const file of raw) {
    for (const read of [answerIn(file, '2'), descriptionIn(file, '2')]) {
      if (isFailure(read)) checkFailure(read);
      else if ('tensors' in read) checkTensors(read.tensors, file.length);
    }
    refused ||= isFailure(answerIn(file, '2')) && isFailure(descriptionIn(file, '2'));
  }
  return refused;
};

/** Whether `read` throws an InputError. Rethrows any other error. */
function isRefused(read: () => void): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    checkSentence(error.message);
    return true;
  }
}

const oneFile: Item = (random) => {
  const files = messages.map((message) => message.subarray(16));
  const bytes = mutated({ bytes: files[random.integer(files.length)]!, jsonAt: 8 }, files, random);
  return isRefused(() => checkTensors(parseSafetensors(bytes, 'x.safetensors').tensors, bytes.length));
};

/** Writes damaged manifests beside two cases, because a manifest is read in its folder. */
const inFolder = (temporary: string): Item => {
  const folder = writeFamily(temporary, 'toy', [toyCase('a'), toyCase('b')]);
  const manifest = join(folder, 'manifest.json');
  const whole: Material = { bytes: Uint8Array.from(readFileSync(manifest)), jsonAt: 0 };
  return (random) => {
    writeFileSync(manifest, mutated(whole, [whole.bytes], random));
    let problems: readonly string[] = [];
    const refused = isRefused(() => {
      const report = checkVectors([folder], { adapters: {} });
      problems = [...report.problems, ...report.cases.flatMap((one) => one.problems)];
    });
    problems.forEach(checkSentence);
    return refused || problems.length > 0;
  };
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Damages files in TOML and JSON, and reads each by its name. */
const readAs =
  (temporary: string, files: Readonly<Record<string, string>>, read: (path: string) => void): Item =>
  (random) => {
    const all = Object.entries(files).map(([name, text]) => ({ path: join(temporary, name), bytes: bytesOf(text) }));
    const { path, bytes } = all[random.integer(all.length)]!;
    writeFileSync(
      path,
      mutated(
        { bytes, jsonAt: 0 },
        all.map((one) => one.bytes),
        random,
      ),
    );
    return isRefused(() => read(path));
  };

const settings = {
  'settings.toml':
    'model = "retnet" # a comment\nsteps = 500\nrate = 2e-3\ndense-layers = 1\nset = { items = 2 }\n\n[vary]\nrate = [0.001, 0.01]\n',
  'settings.json':
    '{"model": "mamba", "steps": 500, "rate": 0.002, "readings": {"carry": "raw"}, "vary": {"rate": [0.001, 0.01]}}',
};

const accepted = {
  'accepted.toml':
    '[[accepted]]\noperator = "retention"\nmode = ["recurrent", "parallel"]\ntype = "F32"\ntensors = ["grad/k"]\nexplanation = "any"\nreason = "not written yet"\nexpires = 2027-03-01\n',
  'accepted.json':
    '{"accepted": [{"operator": "linearScan", "mode": "*", "type": ["F32", "BF16"], "tensors": ["out/state"], "explanation": "every number is 0", "reason": "known", "expires": "2027-03-01"}]}',
};

/** The kinds of input that can be damaged. */
export const kinds = ['messages', 'vectors', 'manifests', 'settings', 'accepted'] as const;
export type Kind = (typeof kinds)[number];

const MEGABYTE = 2 ** 20;

/** Damages and reads `count` items; item i is drawn from `seed + i`. Throws at the first item that a reader fails on. */
export function fuzz(kind: Kind, count: number, seed: number): Figures {
  return inTemporaryFolder((folder) => {
    const item = {
      messages: () => oneMessage,
      vectors: () => oneFile,
      manifests: () => inFolder(folder),
      settings: () => readAs(folder, settings, (path) => askedFrom(forAblate, path, {})),
      accepted: () => readAs(folder, accepted, acceptedIn),
    }[kind]();
    const begin = performance.now();
    const { rss } = process.memoryUsage();
    let refused = 0;
    let slowest = 0;
    let largest = 0;
    for (let i = 0; i < count; i++) {
      const start = process.cpuUsage();
      const before = process.memoryUsage().arrayBuffers;
      try {
        if (item(rng(seed + i))) refused++;
        // processor time, because other programs share the machine
        const { user, system } = process.cpuUsage(start);
        const milliseconds = (user + system) / 1000;
        const megabytes = (process.memoryUsage().arrayBuffers - before) / MEGABYTE;
        assert.ok(milliseconds < 2000, `it took ${milliseconds} ms`);
        assert.ok(megabytes < 16, `it took ${megabytes} MB`);
        slowest = Math.max(slowest, milliseconds);
        largest = Math.max(largest, megabytes);
      } catch (error) {
        const { stack } = error as Error;
        throw new Error(`${stack?.slice(0, 2000)}\nreplay: npm run test:fuzz -- ${kind} 1 ${seed + i}`);
      }
    }
    const grown = (process.memoryUsage().rss - rss) / MEGABYTE;
    assert.ok(grown < 400, `the process grew by ${grown} MB`);
    return {
      count,
      refused,
      seconds: (performance.now() - begin) / 1000,
      slowestMilliseconds: slowest,
      largestMegabytes: largest,
      grownMegabytes: grown,
    };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind = 'all', count = '100000', seed = String(Date.now() % 2 ** 30)] = process.argv.slice(2);
  for (const one of kinds.filter((name) => kind === 'all' || kind === name)) {
    console.log(`${one}: ${count} from seed ${seed}`);
    const { refused, seconds, slowestMilliseconds, largestMegabytes, grownMegabytes } = fuzz(
      one,
      Number(count),
      Number(seed),
    );
    console.log(
      `  ${refused} refused; ${seconds.toFixed(1)} s, ${slowestMilliseconds.toFixed(1)} ms the slowest; ` +
        `${largestMegabytes.toFixed(1)} MB in one at most, the process grew by ${grownMegabytes.toFixed(0)} MB`,
    );
  }
}
