/** @file Reads a layer of state space models from a question. */
import type { Arithmetic } from './arithmetic.ts';
import { type Call, cotangent, type Numbers, need } from './program.ts';

/** The shape of a layer, and its sequences. */
export function layerOf(call: Call) {
  const { shape, data: x } = need(call, 'x');
  const [batch, length, channels] = shape as [number, number, number];
  const dOutput = cotangent(call, 'output');
  const at = (b: number, t: number, e: number): number => (b * length + t) * channels + e;
  return { batch, length, channels, x, dOutput, at };
}

/** Rounds numbers to the type of outputs. */
export const roundedBy = (a: Arithmetic, numbers: Readonly<Record<string, Float64Array>>): Numbers =>
  Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, x.map(a.out)]));
