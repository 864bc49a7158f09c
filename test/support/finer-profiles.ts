/** @file Judges implementations at a profile by the bounds of a finer one. */
import * as fc from 'fast-check';
import {
  bfloat16,
  bfloat16Everywhere,
  bfloat16State,
  float16,
  float16Everywhere,
  float16State,
  float32,
  float64,
  type Profile,
  tf32,
} from '../../src/executors/profiles/profile.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { casesOf, largest, tryProgram } from './bounded-trial.ts';

/** Each profile, with the next finer one. */
export const nextFiner: readonly (readonly [profile: Profile, finer: Profile])[] = [
  [float32, float64],
  [tf32, float32],
  [bfloat16, tf32],
  [bfloat16State, bfloat16],
  [bfloat16Everywhere, bfloat16State],
  [float16, tf32],
  [float16State, float16],
  [float16Everywhere, float16State],
];

const core = ['retention', 'linearAttention', 'simpleGla', 'stateSpaceDuality', 'selectiveScan', 'linearScan'];

/** The operators whose errors at a profile are larger than at the next finer one. Scans have no matrix product, which is all that TF32 rounds. */
export const toldApart = (profile: Profile): readonly Operator[] =>
  operators.filter(
    ({ name }) => core.includes(name) && !(profile === tf32 && ['linearScan', 'selectiveScan'].includes(name)),
  );

/** A rejection by the finer profile: the case, counted from 1, and its largest |error| / bound. */
export interface Rejected {
  readonly at: number;
  readonly ratio: number;
}

/** The first of `count` cases at a profile, over the modes of an operator in turn, that the bounds of a finer profile reject. */
export function firstRejected(
  operator: Operator,
  profile: Profile,
  finer: Profile,
  count: number,
  seed: number,
): Rejected | null {
  const modes = Object.keys(operator.modes);
  for (let at = 0; at < count; at++) {
    const mode = modes[at % modes.length]!;
    // in fast-check, the path `n` skips the first n draws
    const [c] = fc.sample(casesOf(operator, mode, 16, profile), { seed, path: `${at}`, numRuns: 1 });
    const found = tryProgram(operator.modes[mode]!, c!, profile, seed + at, finer);
    const ratio = largest(found.map(([, ratios]) => largest(ratios)));
    if (ratio > 1) return { at: at + 1, ratio };
  }
  return null;
}
