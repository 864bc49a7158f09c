/** @file Defines the task selective-copying: items among noise, at random places, must be repeated in their order. */
import { drawDistinct, guessAmong, letters, setting, task } from './task.ts';

const [noise, marker, first] = [0, 1, 2];

/**
 * A row has `items` symbols at random places among noise, then as many markers. At marker k the answer is item k. As the gaps are
 * random, no fixed convolution copies them: what is written into the state must depend on the token.
 */
export const selectiveCopying = task({
  name: 'selective-copying',
  description: 'repeat the symbols that stand at random places among noise, in their order',
  paper:
    'Gu & Dao, Mamba: Linear-Time Sequence Modeling with Selective State Spaces, 2023 (the task, named); Jing et al., Gated Orthogonal Recurrent Units, 2019 (as the denoising task)',
  evidence:
    'from general knowledge of the paper: 16 items, 16 tokens with the noise, length 4,096. That the answers are asked at markers, without those before as inputs, is our choice',
  settings: {
    items: setting(8, 1, 'symbols to repeat'),
    symbols: setting(14, 2, 'symbols that an item can be'),
  },
  rules: ({ items, symbols }) => ({
    characters: ['.', '?', ...letters('a', symbols)],
    leastLength: 2 * items,
    chance: 1 / symbols,
    guess: () => guessAmong(items, symbols),
    row(random, tokens, labels) {
      const end = tokens.length - items;
      tokens.fill(noise, 0, end).fill(marker, end);
      const places = drawDistinct(random, items, end).sort((a, b) => a - b);
      places.forEach((place, k) => {
        const item = first + random.integer(symbols);
        tokens[place] = item;
        labels[end + k] = item;
      });
    },
  }),
});
