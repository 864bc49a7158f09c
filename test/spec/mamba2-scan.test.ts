/** @file The scan of Mamba-2 for one head, against hand calculations. */
import { expect, it } from 'vitest';
import { type Mamba2Inputs, mamba2Scan, stateSpaceDuality } from '../../spec/index.ts';
import { distance } from './small.ts';

const inputs: Mamba2Inputs = {
  ...{
    x: [
      [2, 3],
      [4, -1],
      [-8, 5],
    ],
    delta: [1, 2, 0.5],
    a: -0.75,
  },
  ...{ b: [[1], [2], [-1]], c: [[3], [1], [0.5]], deltaSoftplus: false },
};

it('is state space duality with x times the step, and the gate step times A', () => {
  const { x, delta, a, b, c } = inputs;
  const steps = delta as readonly number[];
  const scaled = x.map((row, t) => row.map((value) => steps[t]! * value));
  const dual = stateSpaceDuality(
    scaled,
    steps.map((step) => step * a),
    b,
    c,
    [[4], [5]],
  );
  const found = mamba2Scan(inputs, [[4], [5]]);
  expect(distance(found.output, dual.output)).toBeLessThan(1e-13);
  expect(distance(found.state, dual.state)).toBeLessThan(1e-13);
});

it('limits steps after softplus, and returns the state of an empty sequence', () => {
  const limited = mamba2Scan({ ...inputs, deltaSoftplus: true, deltaLimit: [0, 0.5], a: 0 });
  // every step is ½, as softplus(½) > ½
  expect(distance(limited.state, [[1 + 4 + 4], [1.5 - 1 - 2.5]])).toBeLessThan(1e-14);
  expect(mamba2Scan({ ...inputs, x: [], delta: [] }, [[7]])).toEqual({ output: [], state: [[7]] });
});
