/** @file Dense arrays for the tests' own loops: one number per position, without strides. */
import fc from 'fast-check';
import { f64 } from '../../src/executors/f64/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import type { Value } from '../../src/tensor/value.ts';

/** Numbers in row-major order under a shape. */
export interface Dense {
  readonly data: readonly number[];
  readonly shape: readonly number[];
}

export type Position = readonly number[];

/** All positions of a shape in row-major order. */
export function positions(shape: readonly number[]): Position[] {
  const [length, ...rest] = shape;
  if (length === undefined) return [[]];
  const inner = positions(rest);
  return Array.from({ length }, (_, i) => inner.map((position) => [i, ...position])).flat();
}

/** Builds an array from a function of the position. */
export const build = (shape: readonly number[], f: (position: Position) => number): Dense => ({
  shape,
  data: positions(shape).map(f),
});

/** The number at a position. */
export function at({ data, shape }: Dense, position: Position): number {
  let offset = 0;
  shape.forEach((length, axis) => {
    const i = position[axis]!;
    if (!(i >= 0 && i < length)) throw new RangeError(`no position ${position} in shape ${shape}`);
    offset = offset * length + i;
  });
  return data[offset]!;
}

export const toValue = ({ data, shape }: Dense): Value => input(f64, data, shape);
export const toDense = (x: Value): Dense => ({ data: [...read(x)], shape: x.shape });
export const numbersIn = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Arrays of a shape. */
export function denseOf(shape: readonly number[], element: fc.Arbitrary<number>): fc.Arbitrary<Dense> {
  const size = numbersIn(shape);
  return fc.array(element, { minLength: size, maxLength: size }).map((data) => ({ data, shape }));
}

/** Small integers: sums of products of them are exact in any order. */
export const digit = fc.integer({ min: -3, max: 3 });

/** Numbers of both signs, away from 0, so that a change by a sixteenth keeps the sign. */
export const signed = fc
  .tuple(fc.integer({ min: 64, max: 512 }), fc.constantFrom(-1, 1))
  .map(([size, sign]) => (sign * size) / 256);

/** Positive numbers away from 0. */
export const positive = signed.map(Math.abs);

/** Shapes of up to `rank` axes, including axes of length 0 and 1. */
export const shapes = (rank = 3, length = 4): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: length }), { maxLength: rank });

/** Shapes with at least one axis, each with one chosen axis. */
export const shapesWithAxis = (least = 0): fc.Arbitrary<{ shape: number[]; axis: number }> =>
  fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }).chain((shape) =>
    fc.nat({ max: shape.length - 1 }).map((axis) => ({
      axis,
      shape: shape.map((length, i) => (i === axis ? Math.max(least, length) : length)),
    })),
  );
