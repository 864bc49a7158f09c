/** @file What is measured: networks whose lowest state can be changed, and how their layers are connected. */
import { f64 } from '../executors/f64/index.ts';
import { input } from '../tensor/input.ts';
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/**
 * How layers are connected: m of the dense hidden connection, and the factor of a residual connection around each Θ. DenseMamba has a
 * residual stream of its own.
 */
export interface Connection {
  readonly denseLayers: number;
  readonly residual: number;
  /** Which states deeper layers receive: before fusion unless given. */
  readonly pass?: 'raw' | 'fused';
}

/** Layers under a connection: the state of the lowest one, which is changed, and what all layers then read out, that one's first. */
export interface Changeable {
  readonly bottom: Value;
  states(bottom: Value): Value[];
}

/** Normally distributed numbers of a mean of 0 and a standard deviation. */
export const normals = (random: Rng, shape: Shape, spread: number): Value =>
  input(
    f64,
    Float64Array.from({ length: sizeOf(shape) }, () => spread * random.normal()),
    shape,
  );
