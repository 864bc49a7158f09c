/** @file Computes what a check accepts of a case as one bound for each number, so that a file can hold it. */
import type { Profile } from '../../executors/profiles/profile.ts';
import type { Shape } from '../../tensor/shape.ts';
import type { Dtype } from '../backends/backend.ts';
import { counted } from '../batches/asked.ts';
import type { Case } from '../case.ts';
import { type Allowed, allowedFor, profilesOf } from '../check/verdict/allowed.ts';
import { alternativesTo, isWithin, type Limit, sizeOf } from '../check/verdict/verdict.ts';
import type { Operator } from '../operator.ts';

/** The right numbers of a tensor of an answer, `out/…` or `grad/…`, and how far an accepted one may be from each. */
export interface AcceptedTensor {
  readonly shape: Shape;
  /** The types that an answer may have. */
  readonly dtypes: readonly Dtype[];
  /** The results of the operator's mode in double precision. */
  readonly right: Float64Array;
  /** Numbers of bfloat16; ∞ where an answer may have any number. */
  readonly bounds: Float64Array;
  /** The period of numbers that mean the same after whole periods. */
  readonly period: number | undefined;
}

/** What is accepted of a case. */
export interface Accepted {
  /** The profiles whose right implementations are within the bounds, from fine to coarse. */
  readonly profiles: readonly Profile[];
  /** How many numbers may be anything though they are not at padding, as running bounds do not bound them. */
  readonly unbounded: number;
  readonly tensors: Readonly<Record<string, AcceptedTensor>>;
}

const scratch = new DataView(new ArrayBuffer(4));

/** Rounds a bound up to a number of bfloat16: by a hundredth at most, unless it is tiny. ∞ beyond the largest. */
export function roundedUp(bound: number): number {
  scratch.setFloat32(0, bound);
  // numbers from 0 on are in the order of their bits, of which bfloat16 has the upper half
  const bits = scratch.getUint32(0) + (scratch.getFloat32(0) < bound ? 1 : 0);
  scratch.setUint32(0, Math.ceil(bits / 2 ** 16) * 2 ** 16);
  return scratch.getFloat32(0);
}

/** The accepted distance grows so much for the rounding of the sum that makes it. */
const rounding = 1 + 2 ** -50;

/**
 * The bounds within which a check accepts each number: the largest of those of the usual profiles of the type, by the mode's formula and its
 * forms. A profile without a bound where the finest has one is left out, as it would accept anything there.
 */
export function acceptedOf(operator: Operator, mode: string, dtype: Dtype, c: Case): Accepted {
  const asked = { mode, dtype, gradients: true, c };
  const [finest, ...coarser] = profilesOf[dtype];
  const own = allowedFor(operator, { ...asked, profile: finest });
  const reach = Object.fromEntries(Object.entries(own.tensors).map(([name, { bounds }]) => [name, bounds.slice()]));
  const widen = ({ tensors }: Allowed, limit: Limit | null): void => {
    for (const [name, { expected, bounds }] of Object.entries(tensors)) {
      const { expected: right } = own.tensors[name]!;
      const size = sizeOf(right);
      reach[name]!.forEach((before, i) => {
        const [want, bound] = [expected[i]!, bounds[i]!];
        if (!Number.isFinite(want) || !Number.isFinite(bound) || !isWithin(limit, bound, want, size)) return;
        const far = want === right[i] ? bound : (Math.abs(want - right[i]!) + bound) * rounding;
        if (far > before) reach[name]![i] = far;
      });
    }
  };
  const widenAt = (profile: Profile): void => {
    for (const { computed, limit } of alternativesTo(operator, { ...asked, profile }))
      widen(allowedFor(operator, computed({ ...asked, profile })), limit);
  };
  widenAt(finest);
  const profiles = [finest];
  for (const profile of coarser) {
    const its = allowedFor(operator, { ...asked, profile });
    if (!isBoundedAs(its, own)) continue;
    widen(its, null);
    widenAt(profile);
    profiles.push(profile);
  }
  const free = freeIn(operator, c, own);
  const tensors = Object.entries(own.tensors).map(([name, { shape, dtypes, expected, period }]) => {
    const bounds = reach[name]!.map((bound, i) => (free(name, i) ? Number.POSITIVE_INFINITY : roundedUp(bound)));
    return [name, { shape, dtypes, right: expected, bounds, period }] as const;
  });
  const unbounded = tensors
    .map(([name, { bounds }]) => bounds.filter((x, i) => x === Number.POSITIVE_INFINITY && !free(name, i)).length)
    .reduce((a, b) => a + b, 0);
  return { profiles, unbounded, tensors: Object.fromEntries(tensors) };
}

const isBoundedAs = (its: Allowed, own: Allowed): boolean =>
  Object.entries(own.tensors).every(([name, { bounds }]) =>
    bounds.every((bound, i) => !Number.isFinite(bound) || Number.isFinite(its.tensors[name]!.bounds[i]!)),
  );

/** Whether a number may be anything, because it is an output at padding. */
function freeIn(operator: Operator, c: Case, { tensors }: Allowed): (name: string, i: number) => boolean {
  const ones = Object.entries(tensors).map(
    ([name, { shape, expected }]) => [name, { dtype: 'F64', shape, data: expected.map(() => 1) }] as const,
  );
  const kept = counted(operator, c, new Map(ones));
  return (name, i) => kept.get(name)!.data[i] === 0;
}
