/** @file Computes the entropy of tokens, in a file of its own for pages, which have no files. */

/** Entropy of the tokens by how often each occurs, in nats: the loss of a model that knows this alone. */
export function unigramEntropy(tokens: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (let i = 0; i < tokens.length; i++) counts.set(tokens[i]!, (counts.get(tokens[i]!) ?? 0) + 1);
  return [...counts.values()].reduce((sum, n) => sum - (n / tokens.length) * Math.log(n / tokens.length), 0);
}
