/** @file Cases as data: the inputs, the settings, and a cotangent for every output. */
import { input } from '../tensor/input.ts';
import { makeValue, type Nested, nestedOf } from '../tensor/make.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Executor, Kind, Value } from '../tensor/value.ts';
import { both, contains, everyNumber, finiteNumbers, type Interval, movedInside } from './interval.ts';

/** An array of numbers with a shape, not yet on an executor. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float64Array;
  readonly kind?: Kind;
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** An operator's arguments that are not tensors: decays, chunk sizes, readings. */
export type Settings = Readonly<Record<string, unknown>>;

/** Describes how to draw the numbers of one input. */
export interface Slot {
  readonly shape: Shape;
  /** Makes an index input: integers from 0 to below this. */
  readonly below?: number;
  /** The standard deviation of normal numbers; 1 by default. A small one keeps the outputs of deep networks of order 1. */
  readonly spread?: number;
  /** The mean of normal numbers; 0 by default. Norm weights use 1. */
  readonly centre?: number;
  /** The sign of every number. */
  readonly sign?: 1 | -1;
  /** How many powers of two `wide` numbers spread over, if fewer than others do; 0 makes them normal. With `between` only if given: towards 0. */
  readonly powers?: number;
  /** Makes `wide` numbers small, from 1 down: products of many must not overflow. */
  readonly isFactor?: true;
  /** Draws logarithms of decays: at most 0, and one in eight is −∞ (a reset). In dyadic cases the others are 0. */
  readonly logDecay?: true;
  /** Draws from this interval instead of a normal distribution; often its ends and quarters, and only those in dyadic cases. */
  readonly between?: readonly [number, number];
  /** Moves every number into this interval, which may be narrower than what the other fields say. */
  readonly within?: Interval;
}

/** The interval of a slot's numbers. */
export function rangeOf({ below, sign, logDecay, between, within = everyNumber }: Slot): Interval {
  const [low, high] = between ?? [0, 0];
  if (logDecay === true) return both({ ...everyNumber, high: 0 }, within);
  if (between !== undefined) return both({ low, high }, within);
  if (below !== undefined) return both({ low: 0, high: below - 1 }, within);
  return both(sign === undefined ? finiteNumbers : halfOf(sign), within);
}

const halfOf = (sign: 1 | -1): Interval =>
  sign === 1 ? { ...finiteNumbers, low: 0, withoutLow: false } : { ...finiteNumbers, high: 0, withoutHigh: false };

/** The structure of a case: shapes and settings, without numbers. */
export interface Layout<S extends Settings = Settings> {
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Shape>>;
  readonly settings: S;
  /** The outputs whose cotangents are zeros. */
  readonly zeroCotangents?: readonly string[];
  /** Whether no gradients are computed. */
  readonly forwardOnly?: boolean;
}

/**
 * The distribution of the numbers. `normal`: of order 1. `wide`: over twenty powers of two, or as many as `fill` is given. `sparse`: mostly 0. `dyadic`: −1, 0
 * and 1 only, so that their sums and products with powers of ½ are exact.
 */
export type Values = 'normal' | 'wide' | 'sparse' | 'dyadic';

/**
 * How a backend is to hold the tensors of a case. `strided`: as views, with gaps between their numbers, or of one number where all are equal.
 * A kernel that ignores strides is wrong there.
 */
export type Memory = 'contiguous' | 'strided';

/** The inputs, the settings, and a cotangent for every output. */
export interface Case<S extends Settings = Settings> {
  readonly inputs: Tensors;
  readonly cotangents: Tensors;
  readonly settings: S;
  /** The seed of the numbers. */
  readonly seed: number;
  /** The distribution of the numbers. */
  readonly values: Values;
  /** `contiguous` by default. */
  readonly memory?: Memory;
  /** Whether no gradients are computed, so that cotangents are shapes alone. */
  readonly forwardOnly?: boolean;
}

/** Draws the numbers of a layout. Equal seeds give equal numbers. `wide` numbers spread over `powers` powers of two. */
export function fill<S extends Settings>(layout: Layout<S>, seed: number, values: Values, powers = 20): Case<S> {
  const random = rng(seed);
  const inputs = Object.entries(layout.inputs).map(([name, slot]): [string, Tensor] => [
    name,
    fillSlot(slot, random, values, powers),
  ]);
  const cotangents = Object.entries(layout.outputs).map(([name, shape]): [string, Tensor] => [
    name,
    fillSlot({ shape, ...(layout.zeroCotangents?.includes(name) && { within: zero }) }, random, values, powers),
  ]);
  return {
    inputs: Object.fromEntries(inputs),
    cotangents: Object.fromEntries(cotangents),
    settings: layout.settings,
    seed,
    values,
    ...(layout.forwardOnly === true && { forwardOnly: true }),
  };
}

const zero: Interval = { low: 0, high: 0 };

function fillSlot(slot: Slot, random: Rng, values: Values, powers: number): Tensor {
  const drawn =
    slot.logDecay === true && slot.between === undefined
      ? logDecays(slot, random, values, powers)
      : numbersOf(slot, random, values, powers);
  if (slot.within === undefined) return drawn;
  const range = rangeOf(slot);
  return { ...drawn, data: drawn.data.map((x) => movedInside(range, x)) };
}

function numbersOf(slot: Slot, random: Rng, values: Values, powers: number): Tensor {
  const { shape, below, spread = 1, centre = 0, sign, between, isFactor } = slot;
  const range = Math.min(powers, slot.powers ?? powers);
  const signed = (x: number): number => (sign === undefined ? x : sign * Math.abs(x));
  const numbers = (draw: () => number): Float64Array => {
    const data = new Float64Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = signed(draw());
    return data;
  };
  if (below !== undefined) return { shape, kind: 'index', data: numbers(() => random.integer(below)) };
  if (between !== undefined) {
    const [low, high] = between;
    const parts = (): number => (values === 'dyadic' || random.integer(4) === 0 ? 4 : 1000);
    return {
      shape,
      data: numbers(() => {
        const count = parts();
        const x = low + ((high - low) * random.integer(count + 1)) / count;
        return values === 'wide' && slot.powers !== undefined ? x * 2 ** -random.integer(range + 1) : x;
      }),
    };
  }
  switch (values) {
    case 'normal':
      return { shape, data: numbers(() => centre + spread * random.normal()) };
    case 'wide':
      return {
        shape,
        data: numbers(() => {
          const power = random.integer(range + 1) - (isFactor ? range : range / 2);
          return centre + spread * random.normal() * 2 ** power;
        }),
      };
    case 'sparse':
      return { shape, data: numbers(() => (random.integer(4) === 0 ? centre + spread * random.normal() : 0)) };
    case 'dyadic':
      return { shape, data: numbers(() => random.integer(3) - 1) };
  }
}

function logDecays(slot: Slot, random: Rng, values: Values, powers: number): Tensor {
  const { shape } = slot;
  const { data } = numbersOf({ shape, sign: -1 }, random, values, powers);
  const decay = (x: number): number => (values === 'dyadic' ? 0 : x);
  // the strongest decay is a reset, unless decays are finite
  const range = rangeOf(slot);
  const hasReset = Number.isFinite(range.low) || contains(range, range.low);
  return { shape, data: data.map((x) => (random.integer(8) === 0 && hasReset ? range.low : decay(x))) };
}

/** Maps every tensor of a record. */
export const mapTensors = (tensors: Tensors, f: (x: Tensor, name: string) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x, name)]));

/** Puts a tensor on an executor. */
export const toValue = (on: Executor, { shape, data, kind = 'real' }: Tensor): Value =>
  kind === 'real' ? input(on, data, shape) : makeValue(on, shape, kind, on.input(data.slice(), shape, kind));

/** Puts tensors on an executor. */
export const toValues = (on: Executor, tensors: Tensors): Record<string, Value> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toValue(on, tensor)]));

/** Nested lists of numbers, the input format of scalar definitions. */
export type Lists = Nested;

/** Converts a tensor to nested lists, one level per axis. */
export const toLists = ({ shape, data }: Tensor): Lists => nestedOf(data, shape);

/** Converts nested lists to a tensor of a known shape. */
export function fromLists(lists: Lists, shape: Shape): Tensor {
  const numbers: number[] = [];
  const walk = (node: Lists): void => {
    if (typeof node === 'number') numbers.push(node);
    else for (const part of node) walk(part);
  };
  walk(lists);
  return { shape, data: Float64Array.from(numbers) };
}
