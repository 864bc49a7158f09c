/** @file Damages files and messages at random. */
import type { Rng } from '../../../src/tensor/random.ts';

/** Bytes with a JSON text at `jsonAt`. The 8 bytes before it hold its length, unless `jsonAt` is 0. */
export interface Material {
  readonly bytes: Uint8Array;
  readonly jsonAt: number;
}

type Mutation = (material: Material, others: readonly Uint8Array[], random: Rng) => Uint8Array;

const pick = <T>(from: readonly T[], random: Rng): T => from[random.integer(from.length)]!;
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
/** Draws an offset into the bytes, including the end. */
const place = (bytes: Uint8Array, random: Rng): number => random.integer(bytes.length + 1);

function part(bytes: Uint8Array, random: Rng): Uint8Array {
  const [from, to] = [place(bytes, random), place(bytes, random)].sort((a, b) => a - b);
  return bytes.subarray(from, to);
}

const insert = (bytes: Uint8Array, what: Uint8Array, at: number): Uint8Array =>
  join(bytes.subarray(0, at), what, bytes.subarray(at));

/** Edits the JSON text, and corrects its length. */
function editText({ bytes, jsonAt }: Material, edit: (text: string) => string): Uint8Array {
  const length = jsonAt === 0 ? bytes.length : lengthAt(bytes, jsonAt - 8);
  const text = Buffer.from(bytes.subarray(jsonAt, jsonAt + length)).toString('latin1');
  const edited = Buffer.from(edit(text), 'latin1');
  const before = Uint8Array.from(bytes.subarray(0, jsonAt));
  if (jsonAt >= 8 && bytes.length >= jsonAt) setLength(before, jsonAt - 8, BigInt(edited.length));
  const whole = join(before, edited, bytes.subarray(jsonAt + length));
  // a message also has its own length before that of its JSON
  if (jsonAt === 24 && whole.length >= 16) setLength(whole, 8, BigInt(whole.length - 16));
  return whole;
}

const lengthAt = (bytes: Uint8Array, at: number): number =>
  bytes.length < at + 8 ? 0 : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));

const setLength = (bytes: Uint8Array, at: number, length: bigint): void =>
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(at, length, true);

const numbers = [
  '-1',
  '0',
  '1',
  '7',
  '1.5',
  '-0',
  '1e9',
  '4294967296',
  '9007199254740993',
  '1e400',
  'null',
  '[]',
  '"8"',
  'true',
  '{}',
];
const lengths = [0n, 1n, 7n, 8n, 255n, 2n ** 20n, 2n ** 31n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
const depths = [3, 99, 101, 5_000, 100_000];

/** All mutations, by name. */
export const mutations: Readonly<Record<string, Mutation>> = {
  flip({ bytes }, _, random) {
    const flipped = Uint8Array.from(bytes);
    for (let i = random.integer(4); i >= 0 && bytes.length > 0; i--) {
      flipped[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    }
    return flipped;
  },
  truncate: ({ bytes }, _, random) => bytes.slice(0, place(bytes, random)),
  duplicate: ({ bytes }, _, random) => insert(bytes, part(bytes, random), place(bytes, random)),
  remove({ bytes }, _, random) {
    const at = place(bytes, random);
    return join(bytes.subarray(0, at), bytes.subarray(at + random.integer(20)));
  },
  splice: ({ bytes }, others, random) =>
    join(bytes.subarray(0, place(bytes, random)), part(pick(others, random), random), part(bytes, random)),
  number: (material, _, random) =>
    editText(material, (text) => {
      const found = [...text.matchAll(/\d+/g)];
      if (found.length === 0) return text;
      const { index, 0: number } = pick(found, random);
      return text.slice(0, index) + pick(numbers, random) + text.slice(index + number.length);
    }),
  token: (material, _, random) =>
    editText(material, (text) => {
      const at = random.integer(text.length + 1);
      return (
        text.slice(0, at) +
        pick([...'{}[]",:\\\0 \n\u00ff', '\\u0000', '"__proto__":1,', '__metadata__'], random) +
        text.slice(at)
      );
    }),
  length({ bytes, jsonAt }, _, random) {
    const changed = Uint8Array.from(bytes);
    const at = pick(jsonAt === 24 ? [8, 16] : [0], random);
    if (changed.length >= at + 8) setLength(changed, at, pick(lengths, random) + BigInt(random.integer(2)));
    return changed;
  },
  nest: (material, _, random) =>
    editText(material, (text) => {
      const deep = pick(depths, random);
      const [open, close] = pick(
        [
          ['[', ']'],
          ['{"a":', '}'],
        ],
        random,
      ) as [string, string];
      const found = [...text.matchAll(/\d+|"[^"]*"(?!:)/g)];
      const nested = (inner: string): string =>
        open.repeat(deep) + inner + close.repeat(random.integer(9) === 0 ? deep - 1 : deep);
      if (found.length === 0) return nested('1');
      const { index, 0: value } = pick(found, random);
      return text.slice(0, index) + nested(value) + text.slice(index + value.length);
    }),
  repeat: (material, _, random) =>
    editText(material, (text) => {
      const found = [...text.matchAll(/"[^"]*":\s*(?:\{[^{}]*\}|\[[^[\]]*\]|"[^"]*"|\d+)/g)];
      if (found.length === 0) return text;
      const { index, 0: field } = pick(found, random);
      return `${text.slice(0, index)}${field},${text.slice(index)}`;
    }),
};

/** Damages a file or message one to four times, mostly once. */
export function mutated(material: Material, others: readonly Uint8Array[], random: Rng): Uint8Array {
  let { bytes } = material;
  for (let times = random.integer(2) * random.integer(4); times >= 0; times--) {
    bytes = pick(Object.values(mutations), random)({ bytes, jsonAt: material.jsonAt }, others, random);
  }
  return bytes;
}
