/** @file A case as data: all that an implementation needs for an answer, and all that the answer is judged by. */
import { input } from '../tensor/input.ts';
import { type Rng, rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Executor, Kind, Value } from '../tensor/value.ts';

/** Numbers and their shape, on no executor. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float64Array;
  readonly kind?: Kind;
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Parameters that are not tensors: decays, chunk sizes, readings. */
export type Settings = Readonly<Record<string, unknown>>;

/** One input of an operator before it has numbers. */
export interface Slot {
  readonly shape: Shape;
  /** An index slot holds integers below this. */
  readonly below?: number;
  /** A factor of normal numbers, 1 unless given. It keeps deep compositions of order 1. */
  readonly spread?: number;
  /** An offset of normal numbers: weights of norms lie around 1. */
  readonly centre?: number;
  /** Every number has this sign. */
  readonly sign?: 1 | -1;
  /** Logarithms of decays: none above 0, one in eight −∞, which is a reset; the others are 0 where dyadic. */
  readonly logDecay?: true;
  /** Numbers from the first to the second instead of normal ones: the ends and the quarters often, in dyadic cases nothing else. */
  readonly between?: readonly [number, number];
}

/** The structure of a case: shapes and settings, no numbers yet. */
export interface Layout<S extends Settings = Settings> {
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly outputs: Readonly<Record<string, Shape>>;
  readonly settings: S;
}

/**
 * `normal`: of order 1. `wide`: over twenty powers of two. `sparse`: mostly 0. `dyadic`: −1, 0 and 1 only, so that sums and
 * products of them and of powers of ½ are exact.
 */
export type Values = 'normal' | 'wide' | 'sparse' | 'dyadic';

/** Inputs, the settings, and a cotangent for every output. */
export interface Case<S extends Settings = Settings> {
  readonly inputs: Tensors;
  readonly cotangents: Tensors;
  readonly settings: S;
  /** The distribution of the numbers. */
  readonly seed: number;
  readonly values: Values;
}

/** A layout with numbers: equal seeds give equal numbers. */
export function fill<S extends Settings>(layout: Layout<S>, seed: number, values: Values): Case<S> {
  const random = rng(seed);
  const inputs = Object.entries(layout.inputs).map(([name, slot]): [string, Tensor] => [
    name,
    fillSlot(slot, random, values),
  ]);
  const cotangents = Object.entries(layout.outputs).map(([name, shape]): [string, Tensor] => [
    name,
    fillSlot({ shape }, random, values),
  ]);
  return {
    inputs: Object.fromEntries(inputs),
    cotangents: Object.fromEntries(cotangents),
    settings: layout.settings,
    seed,
    values,
  };
}

function fillSlot(slot: Slot, random: Rng, values: Values): Tensor {
  if (slot.logDecay === true) return logDecays(slot.shape, random, values);
  const { shape, below, spread = 1, centre = 0, sign, between } = slot;
  const signed = (x: number): number => (sign === undefined ? x : sign * Math.abs(x));
  const numbers = (draw: () => number): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, () => signed(draw()));
  if (below !== undefined) return { shape, kind: 'index', data: numbers(() => random.integer(below)) };
  if (between !== undefined) {
    const [low, high] = between;
    const parts = (): number => (values === 'dyadic' || random.integer(4) === 0 ? 4 : 1000);
    return {
      shape,
      data: numbers(() => {
        const count = parts();
        return low + ((high - low) * random.integer(count + 1)) / count;
      }),
    };
  }
  switch (values) {
    case 'normal':
      return { shape, data: numbers(() => centre + spread * random.normal()) };
    case 'wide':
      return { shape, data: numbers(() => centre + spread * random.normal() * 2 ** (random.integer(21) - 10)) };
    case 'sparse':
      return { shape, data: numbers(() => (random.integer(4) === 0 ? centre + spread * random.normal() : 0)) };
    case 'dyadic':
      return { shape, data: numbers(() => random.integer(3) - 1) };
  }
}

function logDecays(shape: Shape, random: Rng, values: Values): Tensor {
  const { data } = fillSlot({ shape, sign: -1 }, random, values);
  const decay = (x: number): number => (values === 'dyadic' ? 0 : x);
  return { shape, data: data.map((x) => (random.integer(8) === 0 ? Number.NEGATIVE_INFINITY : decay(x))) };
}

/** Tensors with each one changed. */
export const mapTensors = (tensors: Tensors, f: (x: Tensor, name: string) => Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x, name)]));

/** A tensor as a value on an executor. */
export const toValue = (on: Executor, { shape, data, kind = 'real' }: Tensor): Value =>
  kind === 'real' ? input(on, data, shape) : { shape, kind, on, data: on.input(data.slice(), shape, kind) };

/** Tensors as values on an executor. */
export const toValues = (on: Executor, tensors: Tensors): Record<string, Value> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toValue(on, tensor)]));

/** Nested lists of numbers, as the scalar definitions take them. */
export type Lists = number | readonly Lists[];

/** A tensor as nested lists, one level per axis. */
export function toLists({ shape, data }: Tensor): Lists {
  const level = (axis: number, start: number): Lists => {
    if (axis === shape.length) return data[start]!;
    const step = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: shape[axis]! }, (_, i) => level(axis + 1, start + i * step));
  };
  return level(0, 0);
}

/** Nested lists as a tensor of a known shape. */
export function fromLists(lists: Lists, shape: Shape): Tensor {
  const numbers: number[] = [];
  const walk = (node: Lists): void => {
    if (typeof node === 'number') numbers.push(node);
    else for (const part of node) walk(part);
  };
  walk(lists);
  return { shape, data: Float64Array.from(numbers) };
}
