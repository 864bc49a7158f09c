/** @file Vocabularies of characters and bytes: text to tokens and back. */
import { fail } from '../tensor/errors.ts';

/** A vocabulary as data: one token for each listed character (a Unicode code point), or one for each byte of UTF-8. */
export type Vocabulary =
  | { readonly kind: 'characters'; readonly characters: readonly string[] }
  | { readonly kind: 'bytes' };

/** The vocabulary of all bytes. It represents every text. */
export const byteVocabulary: Vocabulary = { kind: 'bytes' };

/**
 * The vocabulary of the characters of a text, in the order of their code points. Throws on an empty text.
 * @example
 * characterVocabulary('banana').characters // ['a', 'b', 'n']
 */
export function characterVocabulary(text: string): Vocabulary & { readonly kind: 'characters' } {
  if (text.length === 0) fail('characterVocabulary: the text is empty, so it has no characters; give some text');
  const characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  return { kind: 'characters', characters };
}

/**
 * Number of tokens of a vocabulary.
 * @example
 * vocabularySize(byteVocabulary) // 256
 */
export const vocabularySize = (vocabulary: Vocabulary): number =>
  vocabulary.kind === 'bytes' ? 256 : vocabulary.characters.length;

/**
 * Turns a text into tokens. Throws on a character that the vocabulary does not have.
 * @example
 * encode(characterVocabulary('banana'), 'nab') // [2, 0, 1]
 */
export function encode(vocabulary: Vocabulary, text: string): Int32Array {
  if (vocabulary.kind === 'bytes') return new Int32Array(new TextEncoder().encode(text));
  const tokens = new Map(vocabulary.characters.map((character, token) => [character, token]));
  // not Int32Array.from, which first makes a list of all characters: a long text has more than a list may hold
  const list = new Int32Array(text.length);
  let [count, position] = [0, 0];
  for (const character of text) {
    const token = tokens.get(character);
    if (token === undefined) {
      fail(
        `encode: character ${JSON.stringify(character)} at position ${position} is none of the vocabulary's ${tokens.size}; leave it out, or use bytes`,
      );
    }
    list[count++] = token!;
    position += character.length;
  }
  // a character may be two units of the text
  return count === list.length ? list : list.slice(0, count);
}

/**
 * Turns tokens into a text. Bytes that are no UTF-8 become U+FFFD. Throws on a token that the vocabulary does not have.
 * @example
 * decode(characterVocabulary('banana'), [2, 0, 1]) // 'nab'
 */
export function decode(vocabulary: Vocabulary, tokens: ArrayLike<number>): string {
  const size = vocabularySize(vocabulary);
  const list = Array.from(tokens);
  const wrong = list.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= size);
  if (wrong >= 0) fail(`decode: token ${wrong} is ${list[wrong]}; the vocabulary is 0 to ${size - 1}`);
  if (vocabulary.kind === 'bytes') return new TextDecoder().decode(Uint8Array.from(list));
  return list.map((token) => vocabulary.characters[token]).join('');
}
