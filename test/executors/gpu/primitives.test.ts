import { describe, expect, it } from 'vitest';
import { rules } from '../../../src/executors/gpu/kernels/index.ts';
import { type PrimitiveName, primitives } from '../../../src/tensor/primitives/index.ts';
import { cases } from '../../support/property.ts';
import { primitiveSubject, tryOn } from './support.ts';

const names = Object.keys(primitives) as PrimitiveName[];

it('has a rule for every primitive', () => {
  expect(Object.keys(rules).toSorted()).toEqual(names.toSorted());
});

describe.each([
  { backend: 'wasm', shapes: 8, runs: 10 },
  { backend: 'webasm', shapes: 12, runs: 20 },
  { backend: 'cpu', shapes: 5, runs: 5 },
] as const)('on $backend', ({ backend, shapes, runs }) => {
  it.each(names)('%s and its gradients equal f64 within the bound', async (name) => {
    const tally = await tryOn(backend, primitiveSubject(name, shapes), cases(runs).numRuns);
    expect(tally.verdict.ratio).toBeLessThanOrEqual(1);
    expect(tally.bounded).toBe(tally.numbers);
  });
});
