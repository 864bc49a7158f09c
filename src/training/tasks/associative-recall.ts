/** @file Defines the task associative-recall: multi-query associative recall, many keys looked up at many places. */
import { drawDistinct, failTask, letters, setting, task } from './task.ts';

const [blank, firstKey] = [0, 1];

/**
 * A row begins with `pairs` of a key and its value, all different. Each key comes once more, at a random place among blanks: there the
 * answer is its value. A recurrent state must hold all pairs at once, so its size bounds how many can be right.
 */
export const associativeRecall = task({
  name: 'associative-recall',
  description: 'say the value of each key when it comes again (multi-query associative recall)',
  paper: 'Arora et al., Zoology: Measuring and Improving Recall in Efficient Language Models, 2023',
  evidence:
    'read in the authors’ code (zoology/data/multiquery_ar.py, commit dbcb60d). There keys come again at distances of a power law, at even ones, among random tokens unless asked otherwise; here at even chances, among blanks',
  settings: {
    pairs: setting(8, 1, 'keys with their values'),
    keys: setting(16, 1, 'tokens that a key can be'),
    values: setting(16, 2, 'tokens that a value can be'),
  },
  rules({ pairs, keys, values }) {
    if (pairs > Math.min(keys, values))
      failTask(
        'associative-recall',
        `${pairs} pairs of different keys and values need as many of each, not ${keys} and ${values}`,
      );
    return {
      characters: ['.', ...letters('a', keys), ...letters('A', values)],
      leastLength: 3 * pairs,
      chance: 1 / values,
      guess: () => 1 / pairs,
      row(random, tokens, labels) {
        tokens.fill(blank);
        const key = drawDistinct(random, pairs, keys);
        const value = drawDistinct(random, pairs, values);
        const places = drawDistinct(random, pairs, tokens.length - 2 * pairs);
        for (let i = 0; i < pairs; i++) {
          const [k, v] = [firstKey + key[i]!, firstKey + keys + value[i]!];
          const place = 2 * pairs + places[i]!;
          tokens.set([k, v], 2 * i);
          tokens[place] = k;
          labels[place] = v;
        }
      },
    };
  },
});
