/** @file The embedding and the read-out of all language models. */
import { given, type Matrix, matVec, scale, type Vector } from './notation.ts';
import { rmsNorm } from './rms-norm.ts';

/** s_t = a · Embed[token_t]. Shapes: table [vocabulary][width], tokens [t], result [t][width]. */
export function embed(table: Matrix, tokens: readonly number[], a = 1): Matrix {
  return tokens.map((token) =>
    scale(a, given(table[token], `embedding of token ${token} (vocabulary ${table.length})`)),
  );
}

/** logits_t = W_head rms(s_t). Shapes: stream [t][width], head [vocabulary, width], result [t][vocabulary]. */
export function readOut(stream: Matrix, finalNorm: Vector, head: Matrix, epsilon: number): Matrix {
  return stream.map((s) => matVec(head, rmsNorm(s, finalNorm, epsilon)));
}
