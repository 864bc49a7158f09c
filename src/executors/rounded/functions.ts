/** @file Computes elementary functions with random errors, as large as those of a correct implementation may be. */
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import {
  erfcRoundings,
  type Precision,
  phiRoundings,
  reciprocalRoundings,
  sigmoidRoundings,
  softplusRoundings,
} from '../bounded/precision.ts';
import { erf, erfc } from '../f64/erf.ts';
import { phi } from '../f64/phi.ts';
import type { Arithmetic } from './order.ts';

/** A function of numbers, and its largest error in units of round-off. */
interface Inexact {
  of(x: number, params: unknown): number;
  units(precision: Precision, params: unknown): number;
}

const functionUnits = ({ functions }: Precision): number => functions;

/** The elementary functions with their largest errors. */
const inexact = {
  exp: { of: Math.exp, units: functionUnits },
  expm1: { of: Math.expm1, units: functionUnits },
  log: { of: Math.log, units: functionUnits },
  sin: { of: Math.sin, units: functionUnits },
  cos: { of: Math.cos, units: functionUnits },
  erf: { of: erf, units: functionUnits },
  erfc: { of: erfc, units: erfcRoundings },
  rsqrt: { of: (x) => 1 / Math.sqrt(x), units: functionUnits },
  sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)), units: sigmoidRoundings },
  softplus: { of: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(x > 0 ? -x : x)), units: softplusRoundings },
  phi: {
    of: (z, params) => phi(z, (params as PhiParams).order),
    units: (precision, params) => phiRoundings(precision, (params as PhiParams).order),
  },
  reciprocal: { of: (x) => 1 / x, units: () => reciprocalRoundings },
} as const satisfies Readonly<Record<string, Inexact>>;

/** The name of a primitive that is one of these functions. */
export type FunctionName = keyof typeof inexact;

export const functionNames = Object.keys(inexact) as readonly FunctionName[];

/** Computes a function with a random error of up to `units − 1` round-offs, then rounds the result. */
export function perturbed(
  name: FunctionName,
  x: number,
  params: unknown,
  precision: Precision,
  { round, random }: Arithmetic,
): number {
  const { of, units }: Inexact = inexact[name];
  const off = (2 * random.uniform() - 1) * (units(precision, params) - 1) * precision.u;
  return round(of(x, params) * (1 + off));
}

/** Divides, or multiplies by a reciprocal where that is a normal number of the format. The reciprocal of a power of two is exact. */
export function quotient(x: number, y: number, precision: Precision, arithmetic: Arithmetic): number {
  const { round, random } = arithmetic;
  const isNormal = Math.abs(1 / y) >= precision.tiny && Math.abs(1 / y) <= precision.largest;
  if (!isNormal || random.integer(2) === 0) return round(x / y);
  const isPower = Math.abs(y) === 2 ** Math.round(Math.log2(Math.abs(y)));
  return round(x * (isPower ? 1 / y : perturbed('reciprocal', y, undefined, precision, arithmetic)));
}
