/** @file Draws batches from lists of tokens. A batch is a function of its number, so that a run continues where it stopped. */
import { fail } from '../tensor/errors.ts';
import { type Rng, rng } from '../tensor/random.ts';

/** Token ids. */
export type Tokens = Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Rows of a batch, [b, t] row-major: tokens, and the label of each: the token that follows, or −100 where none counts. */
export interface Rows {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
}

/** Batches by number, from 0 on. Equal arguments give equal batches. */
export type Source = (batch: number, rows: number, length: number) => Rows;

/** Batches to train on, and to validate on. */
export interface TrainingData {
  readonly train: Source;
  readonly validation?: Source;
}

/** The label that does not count. */
export const ignoredLabel = -100;

/**
 * Splits tokens in two: the last part, of the share `validation` (a tenth unless given), is for validation. Throws unless the share
 * is at least 0 and below 1.
 * @example
 * splitTokens(Int32Array.of(1, 2, 3, 4), 0.25).validation // [4]
 */
export function splitTokens<T extends Tokens>(tokens: T, validation = 0.1): { train: T; validation: T } {
  if (!(validation >= 0 && validation < 1)) fail(`splitTokens: validation is ${validation}; it is at least 0, below 1`);
  const at = tokens.length - Math.floor(tokens.length * validation);
  return { train: tokens.subarray(0, at) as T, validation: tokens.subarray(at) as T };
}

/** The random numbers of each batch, by its number. Another seed gives others. */
export function randomOfBatches(seed: number): (batch: number) => Rng {
  // seeds of neighbouring batches differ by an odd constant, so that batches of neighbouring seeds are not the same ones, shifted
  const first = rng(seed).integer(2 ** 32);
  return (batch) => rng((first + Math.imul(batch + 1, 0x9e3779b1)) >>> 0);
}

/** Throws unless a list of tokens holds one window and the token after it. */
function checkLength(call: string, tokens: Tokens, length: number): void {
  if (tokens.length > length) return;
  fail(
    `${call}: ${tokens.length} tokens hold no window of ${length} and the token after it; give ${length + 1} tokens or more, or shorter windows`,
  );
}

/** Writes the windows that begin at `starts` as rows. A window that begins at −1 has no labels. */
function windows(tokens: Tokens, starts: readonly number[], length: number): Rows {
  const rows = { tokens: new Int32Array(starts.length * length), labels: new Int32Array(starts.length * length) };
  starts.forEach((start, row) => {
    const at = row * length;
    if (start < 0) rows.labels.fill(ignoredLabel, at, at + length);
    else {
      rows.tokens.set(tokens.subarray(start, start + length), at);
      rows.labels.set(tokens.subarray(start + 1, start + length + 1), at);
    }
  });
  return rows;
}

/**
 * Draws windows that begin anywhere in the tokens, as nanoGPT does. Another seed gives other windows. Its batches throw where the tokens
 * hold no window.
 * @example
 * randomWindows(Int32Array.of(3, 4, 5), 1)(0, 1, 2).labels // [4, 5]
 */
export function randomWindows(tokens: Tokens, seed: number): Source {
  const randomOf = randomOfBatches(seed);
  return (batch, rows, length) => {
    checkLength('randomWindows', tokens, length);
    const random = randomOf(batch);
    const starts = Array.from({ length: rows }, () => random.integer(tokens.length - length));
    return windows(tokens, starts, length);
  };
}

/**
 * Cuts tokens into windows from the first on, each token predicted once. Batches after the last window, and rows after it, have no
 * labels. Its batches throw where the tokens hold no window.
 * @example
 * windowsInOrder(Int32Array.of(3, 4, 5, 6, 7))(0, 2, 2).tokens // [3, 4, 5, 6]
 */
export function windowsInOrder(tokens: Tokens): Source {
  return (batch, rows, length) => {
    checkLength('windowsInOrder', tokens, length);
    const count = Math.floor((tokens.length - 1) / length);
    const starts = Array.from({ length: rows }, (_, row) => {
      const window = batch * rows + row;
      return window < count ? window * length : -1;
    });
    return windows(tokens, starts, length);
  };
}
