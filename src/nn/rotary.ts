/** @file Rotary positions (RoPE, xPos): rotates pairs of channels by an angle proportional to the token's position. */
import { checkValue } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { constantLike, tableLike } from '../tensor/operand.ts';
import { at, stack, sub } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { mul } from '../tensor/primitives/mul.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import { show } from '../tensor/shape.ts';
import type { Slack, Value } from '../tensor/value.ts';
import { checkAxes } from './check.ts';

/**
 * RetNet's angles per position of `pairs` channel pairs, `10000^(−j/(pairs−1))` [C]. Rotary embeddings usually divide by `pairs`. A
 * single pair has the angle 1.
 * @example
 * retnetFrequencies(3) // [1, 0.01, 0.0001]
 */
export const retnetFrequencies = (pairs: number): number[] =>
  Array.from({ length: pairs }, (_, j) => (pairs === 1 ? 1 : 10000 ** (-j / (pairs - 1))));

/**
 * Usual angles per position of `pairs` channel pairs, `base^(−j/pairs)`.
 * @example
 * rotaryFrequencies(2, 16) // [1, 0.25]
 */
export const rotaryFrequencies = (pairs: number, base = 10000): number[] =>
  Array.from({ length: pairs }, (_, j) => base ** (-j / pairs));

/** Channels of a pair: 2j and 2j + 1 (`neighbours`), or j and j + d/2 (`halves`). */
export type RotaryPairs = 'neighbours' | 'halves';

/** Sines or cosines [t, pairs] of `t` positions from `position` on. The position may be negative. */
export function rotaryTable(
  name: 'sin' | 'cos',
  frequencies: readonly number[],
  position: number,
  t: number,
): Float64Array {
  const pairs = frequencies.length;
  const of = Math[name];
  return new Float64Array(t * pairs).map((_, i) => of((position + Math.floor(i / pairs)) * frequencies[i % pairs]!));
}

/** Roundings of a sine or cosine, as devices compute them. */
const functionRoundings = 5;

/**
 * Roundings of an angle, relative to it: programs compute a frequency `base^(−y)` as `exp(−y log base)` or as a quotient, and the angle as a
 * product. The exponent is the product of a rounded quotient and a rounded logarithm, so its errors grow with it. The frequency 1 is exact.
 */
const angleRoundings = (frequency: number): number => (frequency === 1 ? 1 : 8 + 3 * Math.abs(Math.log(frequency)));

/**
 * Rotates pairs of channels of `x` [..., t, d] by `(position + t) θ_j`. A pair is 2j and 2j + 1, or j and j + d/2. Throws when d is
 * not twice the number of frequencies, and when `x` has fewer than two axes.
 * @example
 * read(rotate(tensor([[5, 7]]), [1], 0)) // [5, 7]
 */
export function rotate(
  x: Value,
  frequencies: readonly number[],
  position: number,
  pairing: RotaryPairs = 'neighbours',
): Value {
  checkValue('rotate', 'x', x);
  if (x.shape.length < 2) fail(`rotate: x has shape ${show(x.shape)}; it is [..., t, d], so reshape it`);
  const [t, d] = x.shape.slice(-2) as [number, number];
  const pairs = frequencies.length;
  if (d !== 2 * pairs) {
    fail(
      `rotate: ${d} channels in ${show(x.shape)} for ${pairs} frequencies; channels come in pairs, one frequency each`,
    );
  }
  const slack: Slack = (value, i) => {
    const frequency = frequencies[i % pairs]!;
    const angle = Math.abs((position + Math.floor(i / pairs)) * frequency);
    return functionRoundings * Math.abs(value) + angle * angleRoundings(frequency);
  };
  const [sin, cos] = (['sin', 'cos'] as const).map((name) =>
    tableLike(x, `${name} of ${frequencies}, ${t} positions from ${position}`, () =>
      constantLike(x, rotaryTable(name, frequencies, position, t), [t, pairs], slack, (i) => [
        name,
        position + Math.floor(i / pairs),
        frequencies[i % pairs]!,
      ]),
    ),
  ) as [Value, Value];
  const [within, axis] = pairing === 'neighbours' ? [[pairs, 2], -1] : [[2, pairs], -2];
  const split = reshape(x, [...x.shape.slice(0, -1), ...within]);
  const [first, second] = [at(split, axis, 0), at(split, axis, 1)];
  const turned = [sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))];
  return reshape(stack(turned, axis), x.shape);
}

/**
 * Rotates a retention state [b, h, d, e] as if every key were `by` positions later. Throws unless the state has four axes.
 * @example
 * read(rotateState(tensor([[[[1], [0]]]]), [Math.PI / 2], 2)) // [-1, 0]
 */
export function rotateState(state: Value, frequencies: readonly number[], by: number): Value {
  checkAxes('rotateState', 'the state', state, ['b', 'h', 'd', 'e']);
  const keysLast = transpose(state, [0, 1, 3, 2]);
  const rows = reshape(keysLast, [...keysLast.shape.slice(0, -1), 1, keysLast.shape[3]!]);
  return transpose(reshape(rotate(rows, frequencies, by), keysLast.shape), [0, 1, 3, 2]);
}

/**
 * xPos: rotates channel pairs of `x` [..., t, d] by `p · 10000^(−j/pairs)` and scales them by `A_j(p)^sign`. Here `A_j(p) = ((2j +
 * 0.4 d) / (1.4 d))^(p/512)` and p = position + t. Queries have sign 1, keys −1.
 */
export function xposRotate(x: Value, position: number, sign: 1 | -1): Value {
  const [t, d] = x.shape.slice(-2) as [number, number];
  const pairs = d / 2;
  const amplitude = Float64Array.from({ length: t * d }, (_, i) => {
    const j = Math.floor((i % d) / 2);
    return ((2 * j + 0.4 * d) / (1.4 * d)) ** ((sign * (position + Math.floor(i / d))) / 512);
  });
  return mul(
    rotate(x, rotaryFrequencies(pairs), position),
    // the error of a rounded base grows with its exponent
    constantLike(x, amplitude, [t, d], (value, i) => (8 + Math.abs(position + Math.floor(i / d)) / 64) * value),
  );
}
