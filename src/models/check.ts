/** @file Checks configurations: sizes, numbers, readings. Errors name the field, its value and the remedy. */
import type { RotationPhase } from '../nn/multi-head-retention.ts';
import type { RetentionNorm } from '../nn/retention/normalised.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { didYouMean } from '../tensor/names.ts';

/** Choices for each field of `R`. */
export type Choices<R> = { readonly [F in keyof R]: readonly R[F][] };

/** Readings that every model with RetNet's retention has. */
export const retentionReadings: Choices<{ retentionNorm: RetentionNorm; rotationPhase: RotationPhase }> = {
  retentionNorm: ['none', 'decay', 'torchscale'],
  rotationPhase: ['p', 'p-1'],
};

/** Throws unless the named fields are integers of at least `least`. */
export function checkWhole<C>(call: string, config: C, fields: readonly (keyof C & string)[], least: number): void {
  for (const field of fields) {
    const size: unknown = config[field];
    if (!Number.isInteger(size) || (size as number) < least) {
      fail(`${call}: ${field} is ${described(size)}; it must be an integer of at least ${least}`);
    }
  }
}

/** Throws unless the named fields are finite numbers. */
export function checkFinite<C>(call: string, config: C, fields: readonly (keyof C & string)[]): void {
  for (const field of fields) {
    const number: unknown = config[field];
    if (!Number.isFinite(number)) fail(`${call}: ${field} is ${described(number)}; it must be a finite number`);
  }
}

/** Throws unless the named fields are true or false. */
export function checkFlags<C>(call: string, config: C, fields: readonly (keyof C & string)[]): void {
  for (const field of fields) {
    const flag: unknown = config[field];
    if (typeof flag !== 'boolean') fail(`${call}: ${field} is ${described(flag)}; it is true or false`);
  }
}

/** Throws unless ε lies in [0, 1). */
export function checkEpsilon(call: string, epsilon: number): void {
  if (typeof epsilon !== 'number' || !(epsilon >= 0 && epsilon < 1)) {
    fail(`${call}: epsilon is ${described(epsilon)}; it lies in [0, 1)`);
  }
}

/** Throws on the name of no reading, and unless every reading is one of its choices. */
export function checkReadingsOnly<R extends object>(call: string, readings: R, choices: Choices<R>): void {
  checkReadings(call, readings, choices);
  const names = Object.keys(choices);
  const unknown = Object.keys(readings).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  fail(`${call}: there is no reading ${described(unknown)}; use ${names.join(', ')}${didYouMean(unknown, names)}`);
}

/** Throws unless every reading is one of its choices. Ignores other fields. */
export function checkReadings<R>(call: string, readings: R, choices: Choices<R>): void {
  if (typeof readings !== 'object' || readings === null) {
    fail(`${call}: readings is ${described(readings)}; give a choice for each of ${Object.keys(choices).join(', ')}`);
  }
  for (const [field, known] of Object.entries<readonly unknown[]>(choices)) {
    const chosen: unknown = readings[field as keyof R];
    if (!known.includes(chosen)) {
      const near = didYouMean(chosen, known.map(String));
      fail(`${call}: ${field} is ${described(chosen)}; choose ${known.map(described).join(' or ')}${near}`);
    }
  }
}
