/** @file Defines profiles: the format of each site of an implementation, and how exactly it computes functions. */
import {
  bf16Format,
  cutTf32Format,
  type Format,
  f16Format,
  f32Format,
  f64Format,
  snapTo,
  tf32Format,
} from './format.ts';
import {
  deviceFunctions,
  type Functions,
  fastFunctions,
  leastExact,
  libraryFunctions,
  wgslFunctions,
} from './functions.ts';

/**
 * The places of an implementation that may have a format of their own: `input`, the numbers it gets; `product`, the operands of matrix
 * products; `sum`, the accumulator of sums; `elementwise`, the result of each other operation; `state`, `score` and `decay`, values
 * marked as such; `output`, results and gradients.
 */
export const sites = ['input', 'product', 'sum', 'elementwise', 'state', 'score', 'decay', 'output'] as const;
/** A kind of place where an implementation stores a number in a format. */
export type Site = (typeof sites)[number];

/** An implementation's formats and functions. */
export interface Profile {
  readonly name: string;
  /** One line for a report. */
  readonly says: string;
  readonly at: Readonly<Record<Site, Format>>;
  readonly functions: Functions;
  /**
   * Whether operands of matrix products are rounded even if they are numbers of the format, as an implementation may scale them before
   * the product, and term by term if they are sums, as it may multiply the terms. False by default.
   */
  readonly scalesOperands?: boolean;
}

/** A profile with one format everywhere, except at some sites. */
export const profile = (
  name: string,
  says: string,
  format: Format,
  functions: Functions,
  except: Partial<Record<Site, Format>> = {},
): Profile => ({
  name,
  says,
  at: { ...(Object.fromEntries(sites.map((site) => [site, format])) as Record<Site, Format>), ...except },
  functions,
});

/** Double precision. */
export const float64 = profile('f64', 'f64', f64Format, libraryFunctions);
/** Single precision. */
export const float32 = profile('f32', 'f32', f32Format, deviceFunctions);
/** Single precision with CUDA's fast-math functions. */
export const float32Fast = profile('f32-fast', 'f32, functions with fast-math flags', f32Format, fastFunctions);
/** Single precision with functions as exact as WGSL demands. */
export const float32Wgsl = profile('f32-wgsl', 'f32, functions as exact as WGSL demands', f32Format, wgslFunctions);
/** Single precision with matrix products of TF32, rounded to nearest. */
export const tf32Rounded = profile('tf32-rounded', 'f32, matrix products of rounded TF32', f32Format, deviceFunctions, {
  product: tf32Format,
});
/** Single precision with matrix products of TF32, as tensor cores read single precision: operands are cut off. */
export const tf32 = profile('tf32', 'f32, matrix products of TF32', f32Format, deviceFunctions, {
  product: cutTf32Format,
});

/** A profile with 16-bit inputs, matrix products and outputs; all else in single precision, except at some sites. */
const short = (name: string, says: string, format: Format, except: Partial<Record<Site, Format>> = {}): Profile =>
  profile(name, says, f32Format, deviceFunctions, { input: format, product: format, output: format, ...except });

/** The sites of all results in a format. */
const resultsIn = (format: Format): Partial<Record<Site, Format>> => ({
  elementwise: format,
  state: format,
  score: format,
  decay: format,
});

/** bfloat16 inputs, matrix products and outputs; sums, states and functions in single precision. */
export const bfloat16 = short('bf16', 'bf16 inputs and products, f32 accumulation and states', bf16Format);
/** `bfloat16` with states kept in bfloat16. */
export const bfloat16State = short('bf16-state', 'bf16 inputs, products and states, f32 accumulation', bf16Format, {
  state: bf16Format,
});
/** bfloat16 in every result; sums are accumulated in single precision. */
export const bfloat16Everywhere = short(
  'bf16-all',
  'bf16 in every result, f32 accumulation',
  bf16Format,
  resultsIn(bf16Format),
);
/** Half-precision inputs, matrix products and outputs; sums, states and functions in single precision. */
export const float16 = short('f16', 'f16 inputs and products, f32 accumulation and states', f16Format);
/** `float16` with states kept in half precision. */
export const float16State = short('f16-state', 'f16 inputs, products and states, f32 accumulation', f16Format, {
  state: f16Format,
});
/** Half precision in every result; sums are accumulated in single precision. */
export const float16Everywhere = short(
  'f16-all',
  'f16 in every result, f32 accumulation',
  f16Format,
  resultsIn(f16Format),
);

/** The named profiles, from fine to coarse. */
const fromFineToCoarse = [
  float64,
  float32,
  float32Fast,
  float32Wgsl,
  tf32Rounded,
  tf32,
  float16,
  float16State,
  float16Everywhere,
  bfloat16,
  bfloat16State,
  bfloat16Everywhere,
] as const;

/** All named profiles, by name. */
export const profiles: Readonly<Record<string, Profile>> = Object.fromEntries(
  fromFineToCoarse.map((one) => [one.name, one]),
);

/** The profiles that implementations with inputs of a format usually have, from fine to coarse. */
export const usualProfiles = {
  f64: [float64],
  f32: [float32, float32Fast, float32Wgsl],
  f16: [float16, float16State, float16Everywhere],
  bf16: [bfloat16, bfloat16State, bfloat16Everywhere],
} as const satisfies Readonly<Record<string, readonly Profile[]>>;

/**
 * A profile whose functions are as inexact as those of any of some profiles, so that its bounds are at least theirs. Null if their
 * formats differ: bounds in coarser formats are not always larger.
 */
export function leastExactOf(some: readonly [Profile, ...Profile[]]): Profile | null {
  const [{ at, scalesOperands }] = some;
  const isLike = (one: Profile): boolean =>
    one.scalesOperands === scalesOperands && sites.every((site) => one.at[site] === at[site]);
  if (!some.every(isLike)) return null;
  const functions = leastExact(some.map((one) => one.functions));
  return { ...some[0], name: 'least exact', says: functions.says, functions };
}

/** The named profiles that are coarser than one of them, from fine to coarse, with its inputs. */
export function coarserThan(fine: Profile): readonly Profile[] {
  const known = fromFineToCoarse.findIndex(({ name }) => name === fine.name);
  const isCoarser = ({ at }: Profile): boolean => sites.some((site) => at[site].u > fine.at[site].u);
  return (known < 0 ? fromFineToCoarse.filter(isCoarser) : fromFineToCoarse.slice(known + 1)).map((one) => ({
    ...one,
    at: { ...one.at, input: fine.at.input },
  }));
}

/**
 * Rounds to the inputs of a profile: to nearest, and to 0 where a device may flush to 0. Use it on inputs, as both sides of a
 * comparison must get the same numbers. Throws on numbers beyond the largest.
 * @example
 * snap(float32, [1, 1 + 2 ** -30, 1e-40]) // [1, 1, 0]
 */
export const snap = ({ at }: Profile, data: ArrayLike<number>): Float64Array => snapTo(at.input, data);
