/** @file Functions of single numbers, as far off as a correct implementation may be. */
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import {
  type Precision,
  phiRoundings,
  reciprocalRoundings,
  sigmoidRoundings,
  softplusRoundings,
} from '../bounded/precision.ts';
import { erf } from '../f64/erf.ts';
import { phi } from '../f64/phi.ts';
import type { Arithmetic } from './order.ts';

/** A function of numbers, and by how many units of round-off it may be off in all. */
interface Inexact {
  of(x: number, params: unknown): number;
  units(precision: Precision, params: unknown): number;
}

const functionUnits = ({ functions }: Precision): number => functions;

/** The elementwise primitives that are not exact. */
const inexact = {
  exp: { of: Math.exp, units: functionUnits },
  expm1: { of: Math.expm1, units: functionUnits },
  log: { of: Math.log, units: functionUnits },
  sin: { of: Math.sin, units: functionUnits },
  cos: { of: Math.cos, units: functionUnits },
  erf: { of: erf, units: functionUnits },
  rsqrt: { of: (x) => 1 / Math.sqrt(x), units: functionUnits },
  sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)), units: sigmoidRoundings },
  softplus: { of: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(x > 0 ? -x : x)), units: softplusRoundings },
  phi: {
    of: (z, params) => phi(z, (params as PhiParams).order),
    units: (precision, params) => phiRoundings(precision, (params as PhiParams).order),
  },
  reciprocal: { of: (x) => 1 / x, units: () => reciprocalRoundings },
} as const satisfies Readonly<Record<string, Inexact>>;

/** A name of one of them. */
export type FunctionName = keyof typeof inexact;

/** Whether a primitive is one of them. */
export const isFunction = (name: string): name is FunctionName => name in inexact;

/** One of them at a number: off by at most all units but one in a random direction, then rounded. */
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
