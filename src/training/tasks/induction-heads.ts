/** @file Defines the task induction-heads: after a special token, repeat the token that followed it before. */
import { guessAmong, letters, setting, task } from './task.ts';

const [special, first] = [0, 1];

/**
 * A row has random symbols, a special token once at a random place, and again as the last token. There the answer is the symbol that
 * followed it before. One position of a row is asked. An attention of two layers solves it: the first looks at the token before, the
 * second for the special token there.
 */
export const inductionHeads = task({
  name: 'induction-heads',
  description: 'at the second special token, say the symbol that followed the first one',
  paper:
    'Olsson et al., In-context Learning and Induction Heads, 2022; with a special token: Dao, Fu et al., Hungry Hungry Hippos, 2022, and Gu & Dao, Mamba, 2023',
  evidence: 'from general knowledge of the papers: 16 tokens, length 256 to train on and up to 2²⁰ to test',
  settings: { symbols: setting(15, 2, 'symbols besides the special token') },
  rules: ({ symbols }) => ({
    characters: ['!', ...letters('a', symbols)],
    leastLength: 3,
    chance: 1 / symbols,
    guess: (length) => guessAmong(length - 2, symbols),
    row(random, tokens, labels) {
      const last = tokens.length - 1;
      for (let t = 0; t < last; t++) tokens[t] = first + random.integer(symbols);
      const place = random.integer(last - 1);
      tokens[place] = special;
      tokens[last] = special;
      labels[last] = tokens[place + 1]!;
    },
  }),
});
