/** @file Writes text with a model: reads the prompt in chunks, then decodes token by token from one state. */
import { f32 } from '../executors/f32/index.ts';
import { type GenerateOptions, generating } from '../models/index.ts';
import { fail, InputError } from '../tensor/errors.ts';
import type { Tree } from '../tensor/tree.ts';
import { unflatten } from '../training/index.ts';
import type { SavedModel } from './checkpoint.ts';

/** Tokens of a chunk in which a prompt is read. */
const chunkSize = 64;

/** The tokens of a prompt, one at least. Throws on an empty one, and on a character that the vocabulary does not have, with a remedy. */
export function promptTokens(tokens: SavedModel['tokens'], prompt: string, remedy: string): Int32Array {
  const given = encoded(tokens, prompt, remedy);
  if (given.length === 0) fail('sample: the prompt is empty; give one character at least, as in --prompt "A"');
  return given;
}

function encoded(tokens: SavedModel['tokens'], prompt: string, remedy: string): Int32Array {
  try {
    return tokens.encode(prompt);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const what = error.message.replace(/^encode: /, '').replace(/; [^;]*$/, '');
    return fail(`sample: --prompt: ${what}; ${remedy}`);
  }
}

/**
 * Yields pieces of the text that follows a prompt. A token that ends within a character, as a byte may, is held back until the
 * character is whole. Throws on an empty prompt, and on one that the vocabulary does not have.
 */
export function* written(
  { model, config, params, tokens }: SavedModel,
  prompt: string,
  options: Omit<GenerateOptions, 'mode'>,
): Generator<string, void, void> {
  const given = [...promptTokens(tokens, prompt, 'leave it out, or train with --vocabulary bytes')];
  const tree = unflatten<Tree>(params, model.shapes(config), f32);
  let before = given.slice(-1);
  let held: number[] = [];
  for (const [token] of generating(model, tree, config, [given], {
    ...options,
    mode: { name: 'chunkwise', chunkSize },
  })) {
    held.push(token!);
    const text = tokens.decodeAfter(before, held);
    // up to 3 bytes of a character of 4
    if (text.endsWith('\ufffd') && held.length < 4) continue;
    yield text;
    before = held;
    held = [];
  }
  if (held.length > 0) yield tokens.decodeAfter(before, held);
}

/** The prompt where none is given: a new line, as a text begins, or the first token of a vocabulary that has no such character. */
export function usualPrompt({ tokens }: SavedModel): string {
  try {
    if (tokens.encode('\n').length > 0) return '\n';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
  return tokens.decode([0]);
}
