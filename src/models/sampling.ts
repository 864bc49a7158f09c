/** @file Samples the next token from logits: greedily, or with temperature, top-k and top-p. */
import { fail } from '../tensor/errors.ts';
import type { Rng } from '../tensor/random.ts';

/** Options of sampling. Without any option it is greedy. */
export interface Sampling {
  /** Divisor of the logits. The default, 0, always picks the most probable token. */
  readonly temperature?: number;
  /** Number of most probable tokens to draw from; all unless given. */
  readonly topK?: number;
  /** Draws from the nucleus: the smallest set of most probable tokens with at least this probability; 1 means all. */
  readonly topP?: number;
}

/** Token and its probability. */
export interface Candidate {
  readonly token: number;
  readonly share: number;
}

/** Throws on a temperature below 0, a topK that is not an integer ≥ 1, or a topP outside (0, 1]. */
export function checkSampling({ temperature = 0, topK = 1, topP = 1 }: Sampling): void {
  if (!(temperature >= 0 && temperature < Infinity)) {
    fail(`sampling: the temperature is ${temperature}; it is a number ≥ 0, and 0 is greedy`);
  }
  if (!Number.isInteger(topK) || topK < 1) fail(`sampling: topK is ${topK}; it is an integer ≥ 1, or left out for all`);
  if (!(topP > 0 && topP <= 1)) fail(`sampling: topP is ${topP}; it is greater than 0 and at most 1, which means all`);
}

/**
 * Returns the tokens that can be drawn with their probabilities, most probable first; of equals, the lower token comes first. Takes
 * the softmax of logits [vocabulary] over the temperature, cuts it to topK, then to the nucleus of the rest. The result sums to 1.
 * Throws as `checkSampling` does, on no logits, on a NaN or ∞ among them, and where all are −∞.
 * @example
 * candidatesOf([2, 9, 9], { temperature: 1, topK: 2 }) // [{ token: 1, share: 0.5 }, { token: 2, share: 0.5 }]
 */
export function candidatesOf(logits: ArrayLike<number>, sampling: Sampling = {}): Candidate[] {
  checkSampling(sampling);
  const { temperature = 0, topK = logits.length, topP = 1 } = sampling;
  const byLogit = ranked(logits);
  const largest = logits[byLogit[0]!]!;
  if (temperature === 0) return [{ token: byLogit[0]!, share: 1 }];
  const weighed = byLogit
    .slice(0, topK)
    .map((token): Candidate => ({ token, share: Math.exp((logits[token]! - largest) / temperature) }))
    .filter(({ share }) => share > 0);
  return normalised(nucleus(normalised(weighed), topP));
}

/** Sorts the tokens by logit, largest first. */
function ranked(logits: ArrayLike<number>): number[] {
  const tokens = Array.from(logits, (_, token) => token);
  if (tokens.length === 0) fail('sampling: there are no logits; give one for each token of the vocabulary');
  for (const token of tokens) {
    if (Number.isNaN(logits[token]) || logits[token] === Infinity) {
      fail(
        `sampling: the logit of token ${token} is ${logits[token]}, so nothing can be said of the others; look for an overflow`,
      );
    }
  }
  tokens.sort((a, b) => (logits[a] === logits[b] ? a - b : logits[b]! - logits[a]!));
  if (logits[tokens[0]!] === -Infinity) fail('sampling: every logit is -Infinity, so no token is possible; allow one');
  return tokens;
}

function normalised(candidates: readonly Candidate[]): Candidate[] {
  const total = candidates.reduce((sum, { share }) => sum + share, 0);
  return candidates.map(({ token, share }) => ({ token, share: share / total }));
}

/** Returns the shortest prefix of the list whose probabilities sum to at least `mass`. */
function nucleus(candidates: readonly Candidate[], mass: number): readonly Candidate[] {
  if (mass === 1) return candidates; // shares may sum to 1 too early by rounding
  // eight shares of 0.1 sum to less than 0.8: each share and each addition has a rounding error of at most 2⁻⁵³
  const least = mass - candidates.length * 2 ** -52;
  return candidates.slice(0, firstWhere(candidates, (reached) => reached >= least) + 1);
}

/** Index of the first candidate at which the sum of probabilities is large enough; the last index if rounding leaves none. */
function firstWhere(candidates: readonly Candidate[], isEnough: (reached: number) => boolean): number {
  let reached = 0;
  for (const [i, { share }] of candidates.entries()) {
    reached += share;
    if (isEnough(reached)) return i;
  }
  return candidates.length - 1;
}

/**
 * Picks the next token, given logits [vocabulary]. At temperature 0 it is the most probable token (of equals, the first). At other
 * temperatures it is drawn with one number of `random`. Throws as {@link candidatesOf} does.
 * @example
 * pickToken([0, 2, 1], {}, rng(0)) // 1
 */
export function pickToken(logits: ArrayLike<number>, sampling: Sampling, random: Rng): number {
  const candidates = candidatesOf(logits, sampling);
  if ((sampling.temperature ?? 0) === 0) return candidates[0]!.token;
  const drawn = random.uniform();
  return candidates[firstWhere(candidates, (reached) => reached > drawn)]!.token;
}
