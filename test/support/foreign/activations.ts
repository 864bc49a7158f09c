/** @file Activations and their slopes, by the formulas that kernels use. */
import type { Arithmetic } from './arithmetic.ts';

/** An activation and its slope. */
export type Activation = (a: Arithmetic, x: number) => readonly [value: number, slope: number];

/** The slope of silu from its sigmoid. */
const slopeOf = (a: Arithmetic, x: number, sigmoid: number): number => a.mul(sigmoid, a.fma(x, a.sub(1, sigmoid), 1));

/** x / (1 + exp(−x)). */
export const siluByQuotient: Activation = (a, x) => {
  const below = a.add(1, a.exp(-x));
  return [a.div(x, below), slopeOf(a, x, a.div(1, below))];
};

/** x times the reciprocal of 1 + 2^(−x log₂ e). */
export const siluByPowers: Activation = (a, x) => {
  const sigmoid = a.rcp(a.add(1, a.exp2(a.mul(-x, a.constant(Math.LOG2E)))));
  return [a.mul(x, sigmoid), slopeOf(a, x, sigmoid)];
};

/** x (1 + tanh(x / 2)) / 2. */
export const siluByTanh: Activation = (a, x) => {
  const sigmoid = a.fma(0.5, a.tanh(a.mul(0.5, x)), 0.5);
  return [a.mul(x, sigmoid), slopeOf(a, x, sigmoid)];
};

const [inverseRoot2, inverseRoot2Pi] = [Math.SQRT1_2, 1 / Math.sqrt(2 * Math.PI)];

/** x Φ(x), with Φ by erf or, without cancellation, by erfc. Its slope is Φ + x φ. */
export const geluBy =
  (function_: 'erf' | 'erfc'): Activation =>
  (a, x) => {
    const argument = a.mul(x, a.constant(inverseRoot2));
    const phi = function_ === 'erf' ? a.mul(0.5, a.add(1, a.erf(argument))) : a.mul(0.5, a.erfc(-argument));
    const density = a.mul(a.exp(a.mul(a.mul(-0.5, x), x)), a.constant(inverseRoot2Pi));
    return [a.mul(x, phi), a.fma(x, density, phi)];
  };

/** No activation. */
export const identity: Activation = (_, x) => [x, 1];
