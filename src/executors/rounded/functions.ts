/** @file Functions of single numbers, as far off as a correct implementation may be. */
import { type Precision, reciprocalRoundings, sigmoidRoundings } from '../bounded/precision.ts';
import { erf } from '../f64/erf.ts';
import type { Arithmetic } from './order.ts';

/** The elementwise primitives that are not exact, and by how many units of round-off each may be off in all. */
const functions = {
  exp: { of: Math.exp, units: ({ functions: n }: Precision) => n },
  log: { of: Math.log, units: ({ functions: n }: Precision) => n },
  erf: { of: erf, units: ({ functions: n }: Precision) => n },
  rsqrt: { of: (x: number) => 1 / Math.sqrt(x), units: ({ functions: n }: Precision) => n },
  sigmoid: { of: (x: number) => 1 / (1 + Math.exp(-x)), units: sigmoidRoundings },
  reciprocal: { of: (x: number) => 1 / x, units: () => reciprocalRoundings },
} as const;

/** A name of one of them. */
export type FunctionName = keyof typeof functions;

/** Whether a primitive is one of them. */
export const isFunction = (name: string): name is FunctionName => name in functions;

/** One of them at a number: off by at most all units but one in a random direction, then rounded. */
export function perturbed(name: FunctionName, x: number, precision: Precision, { round, random }: Arithmetic): number {
  const { of, units } = functions[name];
  const off = (2 * random.uniform() - 1) * (units(precision) - 1) * precision.u;
  return round(of(x) * (1 + off));
}
