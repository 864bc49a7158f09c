/** @file Compares one tensor with the expected one: the largest error, its place, and whether it is allowed. */
import { bf16Format, type Format, f16Format } from '../executors/profiles/format.ts';
import { type DType, isInteger } from '../io/dtypes.ts';
import type { StoredTensor } from '../io/safetensors.ts';
import { sameShape, show, sizeOf } from '../tensor/shape.ts';
import type { Answer } from './case.ts';

/** The outcome for one tensor. */
export interface TensorResult {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'waived';
  /** The largest error divided by the allowed one; infinite where numbers can't be compared at all. */
  readonly worst: number;
  /** The index of that element, and its numbers; null when no element was compared. */
  readonly at: readonly number[] | null;
  readonly expected: number | null;
  readonly actual: number | null;
  readonly allowed: number | null;
  /** The mode that is meant, where several answered. */
  readonly mode?: string;
  /** Why it is waived, or failed otherwise than by its numbers. */
  readonly reason?: string;
}

/** The allowed distance from an expected number. */
export type Tolerance = (expected: number) => number;

/** The formats of 16 bits, by stored type. */
const shortFormats: Readonly<Partial<Record<DType, Format>>> = { BF16: bf16Format, F16: f16Format };

/**
 * The tolerance of a tensor, by its name and stored type.
 * Integers: exact. F32 or `…_f32`: 2e-4 of the tensor's largest element, as single precision is only roughly
 * reproducible. `…_asis64`: 1e-5, as its tables are rounded to f32. Others: 1e-11 + 1e-10·|expected|. BF16 and F16 add one rounding.
 */
export function toleranceOf(name: string, expected: StoredTensor): Tolerance {
  const { dtype } = expected;
  if (isInteger(dtype)) return () => 0;
  const computed = computedWithin(name, expected);
  const format = shortFormats[dtype];
  return format === undefined ? computed : (x) => computed(x) + format.u * Math.abs(x) + format.tiny;
}

/** The tolerance of the numbers before they were stored. */
function computedWithin(name: string, { dtype, data }: StoredTensor): Tolerance {
  if (dtype === 'F32' || hasSuffix(name, 'f32')) {
    const allowed = 2e-4 * largest(data);
    return () => allowed;
  }
  if (hasSuffix(name, 'asis64')) return () => 1e-5;
  return (x) => 1e-11 + 1e-10 * Math.abs(x);
}

/** Whether a name has a suffix, perhaps before a layer's number: `out/logits_f32`, `out/state_f32.0`. */
function hasSuffix(name: string, suffix: string): boolean {
  return name.endsWith(`_${suffix}`) || name.includes(`_${suffix}.`);
}

function largest(data: Float64Array): number {
  let most = 0;
  for (const x of data) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}

/** Compares an answer with the expected tensor. A NaN or infinity is equal to itself and to nothing else. */
export function compareTensor(name: string, expected: StoredTensor, actual: Answer): TensorResult {
  const tolerance = toleranceOf(name, expected);
  if (!sameShape(actual.shape, expected.shape)) {
    return failedTensor(name, `the shape is ${show(actual.shape)}, expected ${show(expected.shape)}`);
  }
  if (actual.data.length !== sizeOf(actual.shape)) {
    return failedTensor(name, `${actual.data.length} numbers do not fill shape ${show(actual.shape)}`);
  }
  let worst = -1;
  let at = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const ratio = ratioOf(actual.data[i]!, expected.data[i]!, tolerance);
    if (ratio > worst) {
      worst = ratio;
      at = i;
    }
  }
  if (worst < 0) return { name, status: 'passed', worst: 0, at: null, expected: null, actual: null, allowed: null };
  return {
    name,
    status: worst <= 1 ? 'passed' : 'failed',
    worst,
    at: indexOf(at, expected.shape),
    expected: expected.data[at]!,
    actual: actual.data[at]!,
    allowed: tolerance(expected.data[at]!),
  };
}

/** Error over allowed error: never NaN, so that no comparison of it can pass by being false. */
function ratioOf(actual: number, expected: number, tolerance: Tolerance): number {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(actual - expected) / tolerance(expected);
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

const withoutNumbers = { at: null, expected: null, actual: null, allowed: null };

/** A tensor that fails for a reason other than its numbers. */
export function failedTensor(name: string, reason: string): TensorResult {
  return { name, status: 'failed', worst: Infinity, ...withoutNumbers, reason };
}

/** A tensor that is not compared, for a reason on record. */
export function waivedTensor(name: string, reason: string): TensorResult {
  return { name, status: 'waived', worst: 0, ...withoutNumbers, reason };
}
