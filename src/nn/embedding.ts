/** @file Token embedding. */
import { checkValue } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { constantLike } from '../tensor/operand.ts';
import { gather } from '../tensor/primitives/gather.ts';
import { select } from '../tensor/primitives/select.ts';
import { stopGradient } from '../tensor/primitives/stop-gradient.ts';
import type { Value } from '../tensor/value.ts';

/**
 * Returns the rows of `table` [vocabulary, d] for `tokens` [b, t] (kind index), as [b, t, d]. The row of a padding token gets no
 * gradient, as in PyTorch. Throws on tokens outside the vocabulary.
 * @example
 * read(embedding(tensor([[1], [2]]), indices([[1, 0]]))) // [2, 1]
 */
export function embedding(table: Value, tokens: Value, padToken: number | null = null): Value {
  checkValue('embedding', 'the table', table);
  if (padToken === null) return gather(table, tokens);
  const [rows] = table.shape;
  if (!Number.isInteger(padToken) || padToken < 0 || padToken >= rows!) {
    fail(`embedding: the padding token ${padToken} is outside the ${rows} rows of the table`);
  }
  const isPad = constantLike(
    table,
    Float64Array.from({ length: rows! }, (_, i) => (i === padToken ? 1 : 0)),
    [rows!, 1],
  );
  return gather(select(isPad, stopGradient(table), table), tokens);
}
