/** @file Bounds reject no correct implementation: every primitive and its derivative, every operator and mode, in rounded arithmetic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32, float64, type Profile, snap } from '../../src/executors/bounded/index.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import type { PrimitiveName } from '../../src/tensor/primitives/index.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { type Rng, rng } from '../../src/tensor/random.ts';
import type { Value } from '../../src/tensor/value.ts';
import { casesOf, largest, seeds, tryFunction, tryProgram } from '../support/bounded-trial.ts';
import type { Dense } from '../support/dense.ts';
import type { Use } from '../support/primitives/entry.ts';
import { table } from '../support/primitives/table.ts';
import { cases } from '../support/property.ts';

/** Rescales numbers and rounds them to the format: some become huge, some tiny, some 0; the others keep their signs. */
function rough({ data, shape }: Dense, profile: Profile, random: Rng): Dense {
  const [exponents, zeros] = [[1, 8, 40, 120][random.integer(4)]!, random.integer(2) * random.integer(6)];
  const drawn = data.map((x) => {
    if (random.integer(20) < zeros) return 0;
    return (x || random.normal()) * (1 + random.uniform()) * 2 ** (random.integer(2 * exponents) - exponents);
  });
  return { data: [...snap(profile, drawn)], shape };
}

/** Maps that give an operand an error: none, small, or larger than the operand. */
const disturbances: readonly ((x: Value) => Value)[] = [
  (x) => x,
  (x) => scale(x, 1 / 3),
  (x) => add(add(x, 1e3), -1e3),
  (x) => add(scale(x, 1.1), scale(x, -1)),
];

/** The error ratios of a use on rescaled operands; some operands have errors. */
function disturbed(use: Use, profile: Profile, seed: number): number[] {
  const random = rng(seed);
  const xs = use.operands.map((x) => rough(x, profile, random));
  const before = xs.map(() => disturbances[random.integer(2) * random.integer(disturbances.length)]!);
  const f = (values: readonly Value[]): Value => use.call(...values.map((x, i) => before[i]!(x)));
  const { shape } = use.naive(...use.operands);
  const size = shape.reduce((product, length) => product * length, 1);
  const ct = rough({ shape, data: Array.from({ length: size }, random.normal) }, profile, random);
  return tryFunction(f, xs, ct, profile, seed);
}

// DENSESSM_CASES=900 gives 111,600 cases and takes a few minutes
describe.each([float32, float64])('bounds of $name', { timeout: 900_000 }, (profile) => {
  it.each(Object.keys(table) as PrimitiveName[])('hold for %s and its derivative', (name) => {
    fc.assert(
      fc.property(table[name].uses, seeds, (use, seed) => {
        expect(largest(disturbed(use, profile, seed))).toBeLessThanOrEqual(1);
      }),
      cases(40),
    );
  });

  const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

  it.each(modes)('hold for $operator.name in mode $mode: outputs, states, gradients', ({ operator, mode }) => {
    fc.assert(
      fc.property(casesOf(operator, mode, 8, profile), seeds, (c, seed) => {
        const found = tryProgram(operator.modes[mode]!, c, profile, seed);
        expect(found.filter(([, ratios]) => !(largest(ratios) <= 1))).toEqual([]);
      }),
      cases(30),
    );
  });
});
