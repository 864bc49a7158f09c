/** @file Turns texts into tokens and back for a run: characters, bytes, or a tokenizer.json of Hugging Face. */
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { isObject, parseJson } from '../io/json.ts';
import { readBytes, statOf } from '../io/read-file.ts';
import { fail, InputError } from '../tensor/errors.ts';
import {
  byteVocabulary,
  characterVocabulary,
  decode,
  encode,
  type Vocabulary,
  vocabularySize,
} from '../training/index.ts';

/** A vocabulary in use, and the file that holds it. */
export interface Tokens {
  readonly size: number;
  encode(text: string): Int32Array;
  decode(tokens: readonly number[]): string;
  /** The text of tokens that follow others: some tokenizers leave out the space before the first token of a text. */
  decodeAfter(before: readonly number[], tokens: readonly number[]): string;
  readonly file: { readonly name: string; readonly content: string };
}

/** A vocabulary of characters or bytes. */
export const ofVocabulary = (vocabulary: Vocabulary): Tokens => ({
  size: vocabularySize(vocabulary),
  encode: (text) => encode(vocabulary, text),
  decode: (tokens) => decode(vocabulary, tokens),
  decodeAfter: (_, tokens) => decode(vocabulary, tokens),
  file: { name: 'vocabulary.json', content: `${JSON.stringify(vocabulary)}\n` },
});

/** Text of a file. */
const textOf = (path: string): string => new TextDecoder().decode(readBytes(path));

/** A tokenizer.json. Throws where it is none. */
function ofTokenizer(path: string): Tokens {
  const content = textOf(path);
  const parsed = parseJson(content, path);
  const vocabulary = isObject(parsed) && isObject(parsed.model) ? parsed.model.vocab : undefined;
  if (vocabulary === undefined) fail(`${path}: is no tokenizer.json, which has model.vocab; give one of Hugging Face`);
  const added = ((parsed as Record<string, unknown>).added_tokens ?? []) as readonly { readonly id: number }[];
  const ids = Array.isArray(vocabulary)
    ? vocabulary.map((_, id) => id)
    : (Object.values(vocabulary as object) as number[]);
  const size = [...ids, ...added.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), -1) + 1;
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(parsed as object, {});
  } catch (error) {
    return fail(`${path}: the tokenizer cannot be read (${(error as Error).message}); use another`);
  }
  const decoded = (tokens: readonly number[]): string => tokenizer.decode([...tokens], { skip_special_tokens: false });
  return {
    size,
    encode: (text) => Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode: decoded,
    decodeAfter: (before, tokens) => {
      const [start, all] = [decoded(before), decoded([...before, ...tokens])];
      return all.startsWith(start) ? all.slice(start.length) : decoded(tokens);
    },
    file: { name: 'tokenizer.json', content },
  };
}

/** The vocabulary that a setting names, for a text. */
export function tokensFor(vocabulary: string, text: string): Tokens {
  if (vocabulary === 'characters') return ofVocabulary(characterVocabulary(text));
  if (vocabulary === 'bytes') return ofVocabulary(byteVocabulary);
  if (vocabulary.endsWith('.json')) return ofTokenizer(vocabulary);
  return fail(`--vocabulary ${vocabulary} is unknown; use characters, bytes, or the path of a tokenizer.json`);
}

/** The vocabulary in a folder. Throws where there is none. */
export function tokensIn(folder: string): Tokens {
  const path = join(folder, 'tokenizer.json');
  if (exists(path)) return ofTokenizer(path);
  const own = join(folder, 'vocabulary.json');
  const vocabulary = parseJson(textOf(own), own);
  if (isObject(vocabulary) && vocabulary.kind === 'bytes') return ofVocabulary(byteVocabulary);
  const characters = isObject(vocabulary) && vocabulary.kind === 'characters' ? vocabulary.characters : undefined;
  if (!Array.isArray(characters) || !characters.every((one) => typeof one === 'string'))
    fail(`${own}: is no vocabulary of characters or bytes; it is damaged, take another checkpoint`);
  return ofVocabulary({ kind: 'characters', characters: characters as string[] });
}

function exists(path: string): boolean {
  try {
    return statOf(path).isFile();
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
