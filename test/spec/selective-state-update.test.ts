/** @file The update of a state by one token, against hand calculations. */
import { expect, it } from 'vitest';
import { selectiveStateUpdate, silu, type TokenInputs } from '../../spec/index.ts';
import { distance } from './small.ts';

/** Two channels, one state; a step of 1 halves it. */
const halving: TokenInputs = { x: [2, 3], delta: 1, a: -Math.LN2, b: [5], c: [7], deltaSoftplus: false };

it('decays the state, adds Δ x ⊗ B, and reads it with C', () => {
  const { output, state } = selectiveStateUpdate(halving, [[4], [8]]);
  expect(distance(state, [[2 + 10], [4 + 15]])).toBeLessThan(1e-14);
  expect(distance([output], [[84, 133]])).toBeLessThan(1e-13);
});

it('takes one number for a head, or one for each channel', () => {
  const each = { ...halving, delta: [1, 2], a: [[-Math.LN2], [0]], skip: [10, 100] };
  const { output, state } = selectiveStateUpdate(each, [[4], [8]]);
  expect(distance(state, [[12], [8 + 30]])).toBeLessThan(1e-14);
  expect(distance([output], [[84 + 20, 266 + 300]])).toBeLessThan(1e-13);
});

it('adds the bias before softplus, and gates the sum of both', () => {
  const inputs = { ...halving, x: [2], delta: 0.25, deltaBias: 0.5, deltaSoftplus: true, skip: 3, z: [1.5] };
  const step = Math.log1p(Math.exp(0.75));
  const h = 4 * 2 ** -step + step * 10;
  const { output, state } = selectiveStateUpdate(inputs, [[4]]);
  expect(distance(state, [[h]])).toBeLessThan(1e-13);
  expect(distance([output], [[(7 * h + 6) * silu(1.5)]])).toBeLessThan(1e-12);
});
