/** @file Lists how exactly devices compute elementary functions. */

/** The largest error of a function at x: `units + perArgument · |x|` round-offs of the result, and an absolute error. */
export interface Accuracy {
  readonly units: number;
  /** Grows with the argument: `exp(x)` computed as `2^y` passes on the rounding of `y = x log₂ e`, a relative error of |x| u. */
  readonly perArgument?: number;
  /** An absolute error, where a device promises no relative one. */
  readonly absolute?: number;
}

/** The functions that a table lists, and division. Sigmoid, softplus and phi are composed of these. */
export const functionNames = [
  'exp',
  'expm1',
  'log',
  'sin',
  'cos',
  'erf',
  'erfc',
  'rsqrt',
  'reciprocal',
  'division',
] as const;
export type FunctionName = (typeof functionNames)[number];

/** A table of accuracies. */
export interface Functions extends Readonly<Record<FunctionName, Accuracy>> {
  readonly name: string;
  /** What computes its functions so. */
  readonly says: string;
  /** The largest angle that sin and cos reduce without an error. Reducing a larger one adds up to `angleRoundings`. */
  readonly angles: number;
}

/** Every function rounded once, as by an ideal library. */
export const correctFunctions: Functions = {
  name: 'correct',
  says: 'functions rounded once',
  ...(Object.fromEntries(functionNames.map((name) => [name, { units: 1 }])) as Record<FunctionName, Accuracy>),
  angles: Number.MAX_VALUE,
};

/**
 * Mathematical libraries on processors, in ulps of 2 u: 2 for all functions, 5.5 for erfc (manual of the GNU C library, "Known maximum
 * errors"; V8 uses fdlibm, below 1). exp may also be 2^y of a rounded product y = x log₂ e.
 */
export const libraryFunctions: Functions = {
  name: 'library',
  says: 'functions of a mathematical library',
  exp: { units: 4, perArgument: 2 },
  expm1: { units: 4, perArgument: 2 },
  log: { units: 4 },
  sin: { units: 4 },
  cos: { units: 4 },
  erf: { units: 4 },
  erfc: { units: 11 },
  rsqrt: { units: 4 },
  reciprocal: { units: 2 },
  division: { units: 1 },
  angles: Number.MAX_VALUE,
};

/**
 * What mainstream GPU compilers emit without fast-math flags: the largest error of CUDA (C++ programming guide, "Mathematical
 * functions"), of Triton, whose exp is `ex2.approx` of a rounded product (PTX ISA, `ex2`; 2.5 ulp, and 1.224 |x| u), and of XLA (JAX,
 * "Accuracy of elementary functions"; erf 6.5 ulp, expm1 1.5 ulp on GPUs). An exponent may be a sum in base 2, so exp has 2 |x| u.
 */
export const deviceFunctions: Functions = {
  name: 'device',
  says: 'functions of a GPU compiler without fast-math flags',
  exp: { units: 6, perArgument: 2 },
  expm1: { units: 6, perArgument: 2 },
  log: { units: 5 },
  sin: { units: 5 },
  cos: { units: 5 },
  erf: { units: 14 },
  erfc: { units: 14 },
  rsqrt: { units: 5 },
  reciprocal: { units: 3 },
  division: { units: 5 },
  angles: 12_000,
};

/**
 * CUDA's fast-math intrinsics (C++ programming guide, "Intrinsic functions") and PTX's `.approx` instructions: `__expf` 2 ulp and
 * 1.173 |x| more, of which the rounded product alone makes 1.224 |x| u, so 3 |x| u in all; `__logf` 2^−21.41 absolute in [½, 2] and 3 ulp
 * elsewhere; `__sinf` 2^−21.41 and `__cosf` 2^−21.19 in [−π, π]; division and rsqrt 2 ulp.
 */
export const fastFunctions: Functions = {
  ...deviceFunctions,
  name: 'fast',
  says: 'functions with fast-math flags',
  exp: { units: 6, perArgument: 3 },
  expm1: { units: 6, perArgument: 3 },
  log: { units: 7, absolute: 2 ** -21.41 },
  sin: { units: 1, absolute: 2 ** -21.41 },
  cos: { units: 1, absolute: 2 ** -21.19 },
  angles: Math.PI,
};

/**
 * The WebGPU shading language (specification, "Floating point accuracy"), like Vulkan's: exp 3 + 2 |x| ulp; log 2^−21 absolute in [½, 2]
 * and 3 ulp elsewhere; sin and cos 2^−11 absolute in [−π, π]; inverseSqrt 2 ulp; division 2.5 ulp. It has no expm1, erf or erfc: a
 * program computes its own, here within the errors of `device`.
 */
export const wgslFunctions: Functions = {
  ...deviceFunctions,
  name: 'wgsl',
  says: 'functions as exact as WGSL demands',
  exp: { units: 6, perArgument: 4 },
  expm1: { units: 6, perArgument: 4 },
  log: { units: 6, absolute: 2 ** -21 },
  sin: { units: 1, absolute: 2 ** -11 },
  cos: { units: 1, absolute: 2 ** -11 },
  rsqrt: { units: 4 },
  reciprocal: { units: 5 },
  angles: Math.PI,
};

/** The least exact of some tables for each function. */
export function leastExact(tables: readonly Functions[]): Functions {
  const most = (name: FunctionName, part: keyof Accuracy): number =>
    Math.max(...tables.map(({ [name]: own }) => own[part] ?? 0));
  return {
    name: 'least exact',
    says: 'functions of one of several devices',
    ...(Object.fromEntries(
      functionNames.map((name) => [
        name,
        { units: most(name, 'units'), perArgument: most(name, 'perArgument'), absolute: most(name, 'absolute') },
      ]),
    ) as unknown as Record<FunctionName, Accuracy>),
    angles: Math.min(...tables.map(({ angles }) => angles)),
  };
}

/** All tables, by name. */
export const functionTables: Readonly<Record<string, Functions>> = Object.fromEntries(
  [correctFunctions, libraryFunctions, deviceFunctions, fastFunctions, wgslFunctions].map((one) => [one.name, one]),
);

/** The largest argument at which exp of it or of its negative is neither 0 nor ∞ in every format, and more. */
const reach = 800;

/** The error of a function at an argument of at most this size, in units of round-off. */
export const unitsAt = ({ units, perArgument = 0 }: Accuracy, size: number): number =>
  units + perArgument * Math.min(size, reach);

/** Roundings of sigmoid: an exp, an addition, and a reciprocal. The exp of a large argument adds to 1 and its error vanishes. */
export const sigmoidUnits = ({ exp, reciprocal }: Functions, x: number): number =>
  unitsAt(exp, Math.max(0, -x)) + 1 + reciprocal.units;
/**
 * Roundings of σ(x) where an implementation may compute it as 1 − σ(−x). An error of σ(−x) is then one of the difference, and where
 * 1 + e^x rounds to 1, the difference is 0, and all of σ(x) is lost.
 */
export function complementUnits(functions: Functions, x: number, u: number): number {
  const y = 1 / (1 + Math.exp(-x));
  if (y < u / 4) return 1 / u;
  const ofDifference = (1 - y) * (unitsAt(functions.exp, Math.abs(x)) + (1 + functions.reciprocal.units) / y) + 1;
  return Math.max(sigmoidUnits(functions, x), ofDifference);
}
/** Roundings of softplus: an exp, a log1p and an addition. The log1p passes on at most the error of the exp. */
export const softplusUnits = ({ exp, log }: Functions, x: number): number =>
  unitsAt(exp, Math.max(0, -x)) + log.units + 1;
/** Roundings of phi: an expm1, then a subtraction, a reciprocal and a product for each order. Where these cancel, use a series. */
export const phiUnits = ({ expm1 }: Functions, x: number, order: number): number =>
  unitsAt(expm1, Math.max(0, x)) + 4 * order;
/**
 * Roundings of a quotient: of one division, or of a reciprocal and a product. The product is right only where the reciprocal is a
 * normal number of the format: for other divisors, an implementation must divide.
 */
export const quotientUnits = ({ reciprocal, division }: Functions): number =>
  Math.max(division.units, reciprocal.units + 1);
/** Roundings, relative to the angle, when a large angle is reduced by a rounded multiple of π/2. */
export const angleRoundings = 8;
