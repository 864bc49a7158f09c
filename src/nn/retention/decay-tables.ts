/** @file Tables of powers of γ. They use products instead of exp or pow, so they are exact for γ = ½. */
import { constantLike } from '../../tensor/operand.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import type { Meaning, Slack, Value } from '../../tensor/value.ts';

/** Powers `γ⁰ … γ^{count−1}` of each head, [h, count], row-major. */
export function decayPowers(decay: readonly number[], count: number): Float64Array {
  const table = new Float64Array(decay.length * count);
  decay.forEach((gamma, h) => {
    for (let n = 0, power = 1; n < count; n++, power *= gamma) table[h * count + n] = power;
  });
  return table;
}

/** Decay matrix `D[h, t, s] = γ^{t−s}` for s ≤ t, else 0. */
export function decayMatrix(decay: readonly number[], t: number): Float64Array {
  const powers = decayPowers(decay, t);
  const table = new Float64Array(decay.length * t * t);
  for (let h = 0; h < decay.length; h++) {
    for (let i = 0; i < t; i++) for (let j = 0; j <= i; j++) table[(h * t + i) * t + j] = powers[h * t + i - j]!;
  }
  return table;
}

/** Sums of a row's weights, `λ_n = Σ_{j≤n} γ^j` for n = position … position + t − 1, [h, t]. */
export function decaySums(decay: readonly number[], position: number, t: number): Float64Array {
  const table = new Float64Array(decay.length * t);
  decay.forEach((gamma, h) => {
    let total = 0;
    for (let n = 0; n < position + t; n++) {
      const next = gamma * total + 1;
      if (n >= position) table[h * t + n - position] = next;
      // the sums have reached their limit: late positions take no longer than early ones
      if (next === total) {
        table.fill(total, h * t + Math.max(n - position, 0), (h + 1) * t);
        return;
      }
      total = next;
    }
  });
  return table;
}

/** Slack of a table of powers up to γ^t: an implementation may compute each as a product of up to t rounded factors. */
export const powerSlack =
  (t: number): Slack =>
  (power) =>
    (t + 1) * power;

/** Relative slack of γ^n: an implementation may round γ, and multiply n of it. Powers of 0 and 1 are exact. */
const productSlack = (gamma: number, n: number): number => (n < 1 || gamma === 0 || gamma === 1 ? 0 : 2 * n - 1);

/** A formula for powers `γ^n` of each head, [h, ...shape], from the exponents n of the entries of a shape; 0 where n < 0. */
export type PowerTable = (like: Value, decay: readonly number[], exponents: readonly number[], shape: Shape) => Value;

/** Computes powers of γ as a table of constants. */
export const powerTable: PowerTable = (like, decay, exponents, shape) => {
  const largest = exponents.reduce((most, n) => Math.max(most, n), 0);
  const powers = decayPowers(decay, largest + 1);
  const table = new Float64Array(decay.length * sizeOf(shape));
  for (let h = 0, at = 0; h < decay.length; h++) {
    for (const n of exponents) table[at++] = n < 0 ? 0 : powers[h * (largest + 1) + n]!;
  }
  const placeOf = (i: number): [h: number, n: number] => [
    Math.floor(i / exponents.length),
    exponents[i % exponents.length]!,
  ];
  const meaning: Meaning = (i) => {
    const [h, n] = placeOf(i);
    return n < 0 ? undefined : ['power', decay[h]!, n];
  };
  const slack: Slack = (power, i) => {
    const [h, n] = placeOf(i);
    return productSlack(decay[h]!, n) * power;
  };
  return stored(constantLike(like, table, [decay.length, ...shape], slack, meaning), 'decay');
};
