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
  float32Fast,
  float32Wgsl,
  float64,
  type Profile,
  tf32,
  tf32Rounded,
} from '../../src/executors/profiles/profile.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';
import { casesOf, largest, tryProgram } from './bounded-trial.ts';

/** A profile, the next finer one, and operators whose errors tell them apart. */
export interface Step {
  readonly profile: Profile;
  readonly finer: Profile;
  readonly operators: readonly Operator[];
}

const step = (profile: Profile, finer: Profile, names: readonly string[]): Step => ({
  profile,
  finer,
  operators: operators.filter(({ name }) => names.includes(name)),
});

/** Operators with matrix products. Scans have none. */
const products = ['retention', 'linearAttention', 'simpleGla', 'stateSpaceDuality'];
const core = [...products, 'selectiveScan', 'linearScan'];
/** Operators that compute decays by functions. */
const functions = ['simpleGla', 'stateSpaceDuality', 'discretise'];

/** Each profile, with the next finer one. */
export const steps: readonly Step[] = [
  step(float32, float64, core),
  step(float32Fast, float32, functions),
  step(float32Wgsl, float32Fast, functions),
  step(tf32Rounded, float32, products),
  step(tf32, tf32Rounded, products),
  step(bfloat16, tf32, core),
  step(bfloat16State, bfloat16, core),
  step(bfloat16Everywhere, bfloat16State, core),
  step(float16, tf32, core),
  step(float16State, float16, core),
  step(float16Everywhere, float16State, core),
];

/** A rejection by the finer profile: the case, counted from 1, and its largest |error| / bound. */
export interface Rejected {
  readonly at: number;
  readonly ratio: number;
}

/** The first of `count` cases at a profile, over modes of an operator in turn (all by default), that the bounds of a finer profile reject. */
export function firstRejected(
  operator: Operator,
  { profile, finer }: Omit<Step, 'operators'>,
  count: number,
  seed: number,
  modes: readonly string[] = Object.keys(operator.modes),
): Rejected | null {
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
