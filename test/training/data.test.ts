/** @file Vocabularies, and batches drawn from tokens. */
import { describe, expect, it } from 'vitest';
import {
  byteVocabulary,
  characterVocabulary,
  decode,
  encode,
  randomWindows,
  splitTokens,
  vocabularySize,
  windowsInOrder,
} from '../../src/training/index.ts';

const tokens = Int32Array.from({ length: 50 }, (_, i) => i);

describe('a vocabulary', () => {
  it.each(['to be or not', 'Größe: 3 ≤ 4', '👍🏽 and 𝔸', '\r\n\t'])('restores %j', (text) => {
    for (const vocabulary of [characterVocabulary(text), byteVocabulary]) {
      const encoded = encode(vocabulary, text);
      expect(decode(vocabulary, encoded)).toBe(text);
      expect(Math.max(...encoded)).toBeLessThan(vocabularySize(vocabulary));
    }
  });
  it('refuses what it does not have', () => {
    expect(() => characterVocabulary('')).toThrow('the text is empty');
    expect(() => encode(characterVocabulary('𝔸b'), '𝔸bc')).toThrow(
      'encode: character "c" at position 3 is none of the',
    );
    expect(() => decode(characterVocabulary('ab'), [0, 2])).toThrow('decode: token 1 is 2; the vocabulary is 0 to 1');
    expect(() => decode(byteVocabulary, [256])).toThrow('decode: token 0 is 256; the vocabulary is 0 to 255');
    expect(decode(byteVocabulary, [0xff])).toBe('\ufffd');
  });
});

describe('splitTokens', () => {
  it('gives the last part to validation', () => {
    const { train, validation } = splitTokens(tokens, 0.1);
    expect([[...train].at(-1), [...validation]]).toEqual([44, [45, 46, 47, 48, 49]]);
    expect(splitTokens(tokens, 0).validation).toHaveLength(0);
    for (const wrong of [1, -0.1, NaN]) expect(() => splitTokens(tokens, wrong)).toThrow(`validation is ${wrong}`);
  });
});

describe('randomWindows', () => {
  it('draws every window, with the tokens that follow as labels', () => {
    const source = randomWindows(tokens, 3);
    const starts = new Set<number>();
    for (let batch = 0; batch < 200; batch++) {
      const rows = source(batch, 4, 5);
      expect([...rows.labels]).toEqual([...rows.tokens].map((token) => token + 1));
      for (let row = 0; row < 4; row++) starts.add(rows.tokens[row * 5]!);
    }
    expect([...starts].sort((a, b) => a - b)).toEqual([...tokens.subarray(0, 45)]);
  });
  it('gives the same batch for the same number and seed, in any order, and others for others', () => {
    const of = (seed: number, batch: number): string => `${randomWindows(tokens, seed)(batch, 4, 5).tokens}`;
    const source = randomWindows(tokens, 1);
    expect([7, 0].map((batch) => `${source(batch, 4, 5).tokens}`)).toEqual([of(1, 7), of(1, 0)]);
    // neither batches nor runs repeat one another, also shifted
    const all = [1, 2, 3].flatMap((seed) => Array.from({ length: 50 }, (_, batch) => of(seed, batch)));
    expect(new Set(all).size).toBe(all.length);
  });
  it('refuses tokens without a window', () => {
    expect(randomWindows(tokens, 1)(0, 1, 49).tokens).toEqual(tokens.subarray(0, 49));
    const message = 'randomWindows: 50 tokens hold no window of 50 and the token after it; give 51 tokens or more';
    expect(() => randomWindows(tokens, 1)(0, 1, 50)).toThrow(message);
  });
});

describe('windowsInOrder', () => {
  it('predicts each token once, and ignores labels after the last window', () => {
    const source = windowsInOrder(tokens);
    const counted = [0, 1, 2, 3].flatMap((batch) => [...source(batch, 2, 9).labels].filter((label) => label !== -100));
    expect(counted).toEqual([...tokens.subarray(1, 46)]);
    expect([...source(2, 2, 9).tokens].slice(0, 10)).toEqual([36, 37, 38, 39, 40, 41, 42, 43, 44, 0]);
    expect(() => windowsInOrder(tokens)(0, 1, 50)).toThrow('windowsInOrder: 50 tokens hold no window of 50');
  });
});
