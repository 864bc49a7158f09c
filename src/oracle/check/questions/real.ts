/** @file Draws cases of the sizes of real layers: wide heads, many of them, and thousands of tokens. */
import * as fc from 'fast-check';
import { sizeOf } from '../../../tensor/shape.ts';
import { isModel, isState, longestIn } from '../../axes.ts';
import type { Layout } from '../../case.ts';
import type { Operator, Size } from '../../operator.ts';
import { lengthsIn } from '../../signature.ts';
import { hasChunks } from '../verdict/large.ts';

/** How large the cases are. */
export const sizeNames = ['small', 'real'] as const;
export type SizeName = (typeof sizeNames)[number];

/** The usual number of cases in a row, and their longest sequence. */
export const realCases = 5;
export const realLongest = 4096;

/** Lengths of sequences: those of chunks and blocks, their neighbours, and others. */
const lengths = [
  64, 100, 127, 128, 200, 256, 257, 500, 512, 777, 1000, 1023, 1024, 1025, 1536, 2000, 2048, 2049, 3000, 4095, 4096,
];

const widths = [16, 32, 64, 128, 256];

/** Lengths of axes by their letters. Axes with other letters are drawn as usual. */
const ofLetters: Readonly<Record<string, readonly number[]>> = {
  b: [1, 2],
  h: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64],
  g: [1, 2, 4],
  "g'": [1, 2, 4],
  d: widths,
  e: widths,
  n: widths,
  o: widths,
  w: widths,
  s: [0, 1, 63, 64, 500],
};

/** Chunks that kernels have. */
const chunks = [16, 32, 64, 128, 256];

/** The sizes of real layers, up to a length. */
const realSize = (longest: number): Size => ({
  longest,
  axis(letter) {
    const all = letter === 't' ? lengths : ofLetters[letter];
    if (all === undefined) return undefined;
    const among = letter === 't' ? all.filter((t) => t <= longest) : all;
    return among.length === 0 ? fc.constant(longest) : fc.constantFrom(...among);
  },
});

/** The most work of a case, in microseconds of one core, or about. */
const mostWork = 12e6;

/** The number of layouts to draw to see whether a domain has any that take seconds. */
const sampled = 100;

/**
 * Draws layouts of real sizes whose reference takes seconds, from those that `layouts` draws for a size, or nearly the smallest, if all take
 * longer. Undefined for whole models: their configurations say how wide they are.
 */
export function realLayouts(
  operator: Operator,
  mode: string,
  longest: number,
  layouts: (size: Size) => fc.Arbitrary<Layout>,
): fc.Arbitrary<Layout> | undefined {
  if (isModel(operator)) return undefined;
  const all = layouts(realSize(longest));
  const works = fc.sample(all, { numRuns: sampled, seed: 1 }).map((layout) => workOf(operator, mode, layout));
  const most = Math.max(mostWork, 1.5 * Math.min(...works));
  return all.filter((layout) => workOf(operator, mode, layout) <= most);
}

/**
 * Estimates the time of a reference with its bounds. Every number of the case counts, and what is stored for it: the state of each token
 * in modes that go token by token and in scans, that of each chunk in chunks, and a number for each pair of tokens in other modes, or for
 * each channel of each pair in a chunk.
 */
function workOf(operator: Operator, mode: string, layout: Layout): number {
  const t = longestIn(operator, layout);
  const numbers = [...Object.values(layout.inputs).map(({ shape }) => shape), ...Object.values(layout.outputs)].reduce(
    (sum, shape) => sum + sizeOf(shape),
    0,
  );
  const states = Object.entries(layout.outputs).reduce(
    (sum, [name, shape]) => sum + (isState(operator, name) ? sizeOf(shape) : 0),
    0,
  );
  if (operator.perPair !== undefined && typeof layout.settings.chunkSize === 'number') {
    const { b = 1, h = 1, [operator.perPair]: width = 1 } = lengthsIn(operator.signature.inputs, layout.inputs);
    return numbers / 2 + b * h * t * Math.max(layout.settings.chunkSize, width) * width;
  }
  if ('scan' in operator.modes) return numbers + 4 * t * states;
  if (!hasChunks(operator, layout)) return numbers + (t * numbers) / 100;
  return numbers / 2 + (t * states) / (mode === operator.reference ? 4 : 64);
}

/** An operator that draws layouts with the chunks of kernels, if it has chunks. */
export const withKernelChunks = (operator: Operator): Operator => ({
  ...operator,
  layouts: (size) => operator.layouts(size).map(withKernelChunk),
});

const withKernelChunk = (layout: Layout): Layout => {
  const { chunkSize } = layout.settings;
  if (typeof chunkSize !== 'number') return layout;
  return { ...layout, settings: { ...layout.settings, chunkSize: chunks[chunkSize % chunks.length]! } };
};
