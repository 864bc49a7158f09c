/** @file Bounds at a profile hold for implementations at that profile, and reject those at the next coarser one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf } from '../../src/executors/bounded/index.ts';
import { bf16Format, f32Format } from '../../src/executors/profiles/format.ts';
import {
  float16Everywhere,
  float32,
  float64,
  type Profile,
  profile,
  profiles,
} from '../../src/executors/profiles/profile.ts';
import { matrixExponential } from '../../src/nn/ssm/matrix-exponential.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { input } from '../../src/tensor/input.ts';
import type { Role } from '../../src/tensor/primitives/stored.ts';
import type { Executor } from '../../src/tensor/value.ts';
import { casesOf, largest, seeds, tryProgram } from '../support/bounded-trial.ts';
import { firstRejected, steps } from '../support/finer-profiles.ts';
import { cases, seed } from '../support/property.ts';

// bounded-property.test.ts has more cases of f32 and f64
const short = Object.values(profiles).filter((profile) => profile !== float32 && profile !== float64);
const modes = operators.flatMap((operator) => Object.keys(operator.modes).map((mode) => ({ operator, mode })));

describe.each(short)('bounds of $name', { timeout: 900_000 }, (profile) => {
  it.each(modes)('hold for $operator.name in mode $mode: outputs, states, gradients', ({ operator, mode }) => {
    fc.assert(
      fc.property(casesOf(operator, mode, 8, profile), seeds, (c, seed) => {
        for (const [name, found] of tryProgram(operator.modes[mode]!, c, profile, seed)) {
          expect(largest(found), name).toBeLessThanOrEqual(1);
        }
      }),
      cases(1),
    );
  });
});

describe.each(steps)('an implementation at $profile.name', ({ profile, finer, operators }) => {
  it.each(operators)(`is beyond the bounds of ${finer.name} within 60 cases of $name`, (operator) => {
    expect(firstRejected(operator, { profile, finer }, 60, seed)).not.toBeNull();
  });
});

/** Operators with values of a role, in all modes but these. */
const marked = {
  state: [
    [
      'retention',
      'linearAttention',
      'simpleGla',
      'stateSpaceDuality',
      'selectiveScan',
      'linearScan',
      'diagonalSsm',
      'complexSsm',
      'denseSsm',
    ],
    [],
  ],
  score: [['attention', 'retention', 'linearAttention', 'simpleGla', 'stateSpaceDuality'], ['recurrent']],
  decay: [['retention', 'simpleGla', 'stateSpaceDuality', 'selectiveScan'], []],
} as const satisfies Partial<Record<Role, readonly [names: readonly string[], except: readonly string[]]>>;

describe.each(Object.keys(marked) as (keyof typeof marked)[])(
  'in a profile whose only coarse format is that of a %s',
  (role) => {
    const coarse = profile(role, `a bf16 ${role}`, f32Format, float32.functions, { [role]: bf16Format });
    const [names, except]: readonly [readonly string[], readonly string[]] = marked[role];
    const concerned = modes.filter(({ operator, mode }) => names.includes(operator.name) && !except.includes(mode));

    it.each(concerned)(
      '$operator.name in mode $mode is within its bounds, and beyond those of f32',
      ({ operator, mode }) => {
        const beyond = (finer: Profile, count: number) =>
          firstRejected(operator, { profile: coarse, finer }, count, seed, [mode]);
        expect(beyond(float32, 20)).not.toBeNull();
        expect(beyond(coarse, 2)).toBeNull();
      },
    );
  },
);

it('each profile but the finest has a next finer one', () => {
  expect(['f64', ...steps.map(({ profile }) => profile.name)].sort()).toEqual(Object.keys(profiles).sort());
});

it('the exponential of a small matrix has bounds in half precision, whose largest number is below some thresholds', () => {
  const a = input(bounded(float16Everywhere) as Executor, [-0.5, 0.25, 1, -2], [1, 2, 2]);
  for (const e of boundOf(matrixExponential(a))) expect(e).toBeLessThan(0.1);
});
