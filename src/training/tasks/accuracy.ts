/** @file Computes the exact score of a task: the share of the asked positions with the right answer. */
import { fail } from '../../tensor/errors.ts';
import { ignoredLabel } from '../data.ts';

/** Right answers among the asked positions. */
export interface Accuracy {
  readonly right: number;
  readonly asked: number;
  /** right / asked. */
  readonly accuracy: number;
}

/**
 * The most probable token at each position, from logits [n, `columns`] row-major: the first of equal ones, and −1 where a logit is NaN.
 * Columns after those of the vocabulary, to which some models pad it, are no tokens; there are none unless given. Throws unless `logits`
 * is of whole positions, and where columns are fewer than tokens.
 * @example
 * mostProbable([0.1, 2, -1, 5, 5, NaN], 2) // [1, 1, -1]
 * mostProbable([0.1, 2, 9, 5, 5, 9], 2, 3) // [1, 0]
 */
export function mostProbable(logits: ArrayLike<number>, vocabulary: number, columns: number = vocabulary): Int32Array {
  const positions = logits.length / columns;
  if (!Number.isInteger(positions) || columns < vocabulary)
    fail(
      `mostProbable: ${logits.length} logits are not of whole positions of ${vocabulary} tokens${columns === vocabulary ? '' : ` in ${columns} columns`}`,
    );
  return Int32Array.from({ length: positions }, (_, position) => {
    const at = position * columns;
    let best = 0;
    for (let token = 0; token < vocabulary; token++) {
      const logit = logits[at + token]!;
      if (Number.isNaN(logit)) return -1;
      if (logit > logits[at + best]!) best = token;
    }
    return best;
  });
}

/**
 * Scores predictions of tokens against labels, where a label is not −100. Throws unless there is a prediction for each label, and
 * a position that is asked.
 * @example
 * accuracyOf([-100, 3, 4, 5], [0, 3, 4, 4]) // { right: 2, asked: 3, accuracy: 2 / 3 }
 */
export function accuracyOf(labels: ArrayLike<number>, predictions: ArrayLike<number>): Accuracy {
  if (labels.length !== predictions.length)
    fail(`accuracyOf: ${predictions.length} predictions for ${labels.length} labels; give one for each`);
  let [right, asked] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === ignoredLabel) continue;
    asked++;
    if (labels[i] === predictions[i]) right++;
  }
  if (asked === 0) fail(`accuracyOf: all ${labels.length} labels are ${ignoredLabel}, so nothing is asked`);
  return { right, asked, accuracy: right / asked };
}
