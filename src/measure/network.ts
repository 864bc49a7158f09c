/** @file Declares networks with a state that a measurement can change, and the connections of their layers. */
import { f64 } from '../executors/f64/index.ts';
import { input } from '../tensor/input.ts';
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/**
 * Connections of layers: m of the dense hidden connection, and the factor of a residual connection around each Θ. DenseMamba has
 * its own residual stream.
 */
export interface Connection {
  readonly denseLayers: number;
  readonly residual: number;
  /** States that deeper layers receive: before fusion unless given. */
  readonly pass?: 'raw' | 'fused';
  /** States that the next token receives, in random stacks: before fusion unless given. */
  readonly carry?: 'raw' | 'fused';
  /** Factor of the gates' weights, in random stacks: 1 unless given; 0 closes the gates. */
  readonly gates?: number;
}

/**
 * Network with a given connection. `bottom` is the state of the lowest layer. `states` returns the states that all layers read out
 * if `bottom` is replaced, from the lowest layer on.
 */
export interface Changeable {
  readonly bottom: Value;
  states(bottom: Value): Value[];
}

/** Number of random directions of a change. A result is the root mean square over them. */
export const directions = 8;

/** Returns the median: of an even count the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** Draws normally distributed numbers with mean 0 and standard deviation `spread`. */
export const normals = (random: Rng, shape: Shape, spread: number): Value =>
  input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => spread * random.normal()),
    shape,
  );
