/** @file Defines the task state-tracking: the word problem of a symmetric group; of two things it is parity. */
import { letters, setting, task } from './task.ts';

/** All permutations of 0 … n − 1 in lexicographic order. */
const permutations = (n: number): number[][] => {
  const extended = (begun: readonly number[]): number[][] =>
    begun.length === n
      ? [[...begun]]
      : Array.from({ length: n }, (_, i) => i)
          .filter((i) => !begun.includes(i))
          .flatMap((i) => extended([...begun, i]));
  return extended([]);
};

/** The token of "first a, then b" for all permutations a and b. */
function compositions(elements: readonly (readonly number[])[]): number[][] {
  const tokens = new Map(elements.map((element, token) => [element.join(), token]));
  return elements.map((a) => elements.map((b) => tokens.get(a.map((i) => b[i]!).join())!));
}

/**
 * Each token is a permutation of `things` things, in lexicographic order, so that token 0 changes nothing. At each position the answer
 * is the permutation that all tokens up to there make, one after the other. Two things: parity. Three: S₃, the least group in
 * which the order counts. Five: S₅, which is not solvable, so the problem is complete for NC¹. Transformers, and state space models with
 * diagonal transitions, compute only TC⁰, and so do not solve it at all lengths unless TC⁰ = NC¹. Parity is beyond
 * linear RNNs of finite precision whose transitions have only positive eigenvalues.
 *
 * All permutations are equally probable as answers, at every position.
 */
export const stateTracking = task({
  name: 'state-tracking',
  description: 'compose permutations: the word problem of the symmetric group, and parity',
  paper:
    'Merrill, Petty & Sabharwal, The Illusion of State in State-Space Models, 2024; parity: Grazzi et al., Unlocking State-Tracking in Linear RNNs Through Negative Eigenvalues, 2024',
  evidence: 'from general knowledge of the papers; the first one also has cyclic and alternating groups',
  settings: { things: setting(3, 2, 'things to permute: 2 is parity', 5) },
  rules({ things }) {
    const elements = permutations(things);
    const compose = compositions(elements);
    return {
      characters: letters('a', elements.length),
      leastLength: 1,
      chance: 1 / elements.length,
      guess: () => 1 / elements.length,
      row(random, tokens, labels) {
        let state = 0;
        for (let t = 0; t < tokens.length; t++) {
          const token = random.integer(elements.length);
          state = compose[state]![token]!;
          tokens[t] = token;
          labels[t] = state;
        }
      },
    };
  },
});
