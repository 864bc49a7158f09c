import { describe, expect, it } from 'vitest';
import { profiles } from '../../../../src/executors/profiles/profile.ts';
import { operatorOf } from '../../../support/foreign/trial.ts';
import { medianAt, plantedAt } from '../../../support/sharpness/sharpness.ts';
import { type Trial, trialsOf } from '../../../support/sharpness/trials.ts';

const core = ['retention', 'linearScan', 'selectiveScan', 'simpleGla', 'stateSpaceDuality'];
const at = (...names: string[]) => core.flatMap((operator) => names.map((profile) => ({ operator, profile })));
const cases = 8;

/** Some trials of each mode. */
const trialsByMode = (name: string, profile: string): Trial[][] => {
  const operator = operatorOf(name);
  return Object.keys(operator.modes).map((mode) => [...trialsOf(operator, mode, profiles[profile]!, cases)]);
};

describe('bounds are sharp', () => {
  it.each(at('f32', 'bf16'))(
    'the median of error / bound exceeds 1 %: $operator, $profile',
    ({ operator, profile }) => {
      for (const trials of trialsByMode(operator, profile)) expect(medianAt(trials)).toBeGreaterThan(0.01);
    },
  );

  it.each(at('f32', 'bf16', 'f16'))(
    'an error of 8 u in a number of few roundings is rejected, or named as that of a form: $operator, $profile',
    ({ operator, profile }) => {
      const { few } = plantedAt(trialsByMode(operator, profile).flat());
      expect(few.planted).toBeGreaterThan(0);
      expect(few.rejected + few.byForm).toBe(few.planted);
    },
  );
});
