/** @file Computes elementary functions with random errors, as large as those of a correct implementation may be. */
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import type { SigmoidParams } from '../../tensor/primitives/sigmoid.ts';
import { erf, erfc } from '../f64/erf.ts';
import { phi } from '../f64/phi.ts';
import {
  complementUnits,
  type Functions,
  type FunctionName as ListedName,
  phiUnits,
  sigmoidUnits,
  softplusUnits,
  unitsAt,
} from '../profiles/functions.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Arithmetic } from './order.ts';

/** A function of numbers, and its largest error at x: in units of round-off, and absolute. */
interface Inexact {
  of(x: number, params: unknown): number;
  units(functions: Functions, x: number, params: unknown, u: number): number;
  absolute?(functions: Functions): number;
}

/** A function in the table of accuracies. */
const listed = (name: ListedName, of: (x: number) => number, argument: (x: number) => number = Math.abs): Inexact => ({
  of,
  units: (functions, x) => unitsAt(functions[name], argument(x)),
  absolute: (functions) => functions[name].absolute ?? 0,
});

/** The elementary functions with their largest errors. */
const inexact = {
  exp: listed('exp', Math.exp),
  expm1: listed('expm1', Math.expm1, (x) => Math.max(0, x)),
  log: listed('log', Math.log, () => 0),
  sin: listed('sin', Math.sin),
  cos: listed('cos', Math.cos),
  erf: listed('erf', erf),
  erfc: listed('erfc', erfc),
  rsqrt: listed('rsqrt', (x) => 1 / Math.sqrt(x)),
  sigmoid: {
    of: (x) => 1 / (1 + Math.exp(-x)),
    units: (functions, x, params, u) =>
      (params as SigmoidParams).byDifference === 'result'
        ? complementUnits(functions, x, u)
        : sigmoidUnits(functions, x),
  },
  softplus: { of: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(x > 0 ? -x : x)), units: softplusUnits },
  phi: {
    of: (z, params) => phi(z, (params as PhiParams).order),
    units: (functions, z, params) => phiUnits(functions, z, (params as PhiParams).order),
  },
  reciprocal: listed('reciprocal', (x) => 1 / x),
} as const satisfies Readonly<Record<string, Inexact>>;

/** The name of a primitive that is one of these functions. */
export type FunctionName = keyof typeof inexact;

export const functionNames = Object.keys(inexact) as readonly FunctionName[];

/** Computes a function with a random error of up to `units − 1` round-offs, then rounds the result. */
export function perturbed(
  name: FunctionName,
  x: number,
  params: unknown,
  { at, functions }: Profile,
  { round, random }: Arithmetic,
): number {
  const { of, units, absolute }: Inexact = inexact[name];
  // exp and cos of 0 are exact everywhere
  if (!Number.isFinite(x) || (x === 0 && (name === 'exp' || name === 'cos'))) return round(of(x, params));
  const within = (size: number): number => (2 * random.uniform() - 1) * size;
  const off = within((units(functions, x, params, at.sum.u) - 1) * at.sum.u);
  return round(of(x, params) * (1 + off) + within(absolute?.(functions) ?? 0));
}

/** Divides, or multiplies by a reciprocal where that is a normal number of the format. The reciprocal of a power of two is exact. */
export function quotient(x: number, y: number, profile: Profile, arithmetic: Arithmetic): number {
  const { round, random } = arithmetic;
  const { tiny, largest } = profile.at.sum;
  const isNormal = Math.abs(1 / y) >= tiny && Math.abs(1 / y) <= largest;
  const isPower = Math.abs(y) === 2 ** Math.round(Math.log2(Math.abs(y)));
  if (!isNormal || random.integer(2) === 0) {
    const { units } = profile.functions.division;
    return round((x / y) * (1 + (2 * random.uniform() - 1) * (units - 1) * profile.at.sum.u));
  }
  return round(x * (isPower ? 1 / y : perturbed('reciprocal', y, undefined, profile, arithmetic)));
}
