/** @file Puts zeros, or ones, where they find what random numbers hide: in one input, all states, or all cotangents but one. */
import { rng } from '../../../tensor/random.ts';
import { isState } from '../../axes.ts';
import { type Case, type Layout, mapTensors, rangeOf, type Slot, type Tensor, type Tensors } from '../../case.ts';
import { contains } from '../../interval.ts';
import type { Operator } from '../../operator.ts';

const filled = (x: Tensor, value: number): Tensor => ({ ...x, data: new Float64Array(x.data.length).fill(value) });

/** A tensor with a 1 in place of one of its zeros if it has no other numbers. */
const nonzero = (x: Tensor, seed: number): Tensor =>
  x.data.length === 0 || x.data.some((value) => value !== 0) ? x : { ...x, data: x.data.with(seed % x.data.length, 1) };

/** Whether the numbers of a slot may be a number: a divisor is never 0. */
const takes = (slot: Slot, x: number): boolean => slot.below === undefined && contains(rangeOf(slot), x);

/** One of some names. */
const oneOf = (names: readonly string[], n: number): string | undefined => names[n % names.length];

/** One case in this many is of each kind, and the number of places in a list of names, which is shorter. */
const [period, turns] = [16, 2 ** 16];
/** The kind of most cases. */
const usual = period - 1;

/**
 * Changes the zeros of a case, by its seed. Most cases get a 1 in every state and cotangent of zeros, as zeros would hide whether a
 * program uses them. Of each 16, two have a single cotangent that is not zero, one lacks a cotangent, one has a cotangent of ones, three have
 * an input of zeros, and one starts from zero.
 */
export function withZeros(operator: Operator, { inputs: slots, zeroCotangents = [] }: Layout, c: Case): Case {
  // fast-check's seeds are not uniform in their bits
  const random = rng(c.seed);
  const [drawn, turn] = [random.integer(period), random.integer(turns)];
  // failures shrink to small seeds
  const kind = c.seed < period ? usual : drawn;
  const inputs = mapTensors(c.inputs, (x, name) =>
    isState(operator, name) && takes(slots[name]!, 1) ? nonzero(x, c.seed) : x,
  );
  const cotangents = mapTensors(c.cotangents, (x, name) => (zeroCotangents.includes(name) ? x : nonzero(x, c.seed)));
  const cotangent = oneOf(
    Object.keys(cotangents).filter((name) => !zeroCotangents.includes(name)),
    turn,
  );
  const fill = (tensors: Tensors, value: number, which: (name: string) => boolean): Tensors =>
    mapTensors(tensors, (x, name) => (which(name) ? filled(x, value) : x));
  switch (kind) {
    case 0:
    case 1:
      return { ...c, inputs, cotangents: fill(cotangents, 0, (name) => name !== cotangent) };
    case 2:
      return { ...c, inputs, cotangents: fill(cotangents, 0, (name) => name === cotangent) };
    case 3:
      return { ...c, inputs, cotangents: fill(cotangents, 1, (name) => name === cotangent) };
    case 4:
    case 5:
    case 7: {
      const takers = Object.keys(inputs).filter((name) => takes(slots[name]!, 0));
      const input = oneOf(takers, turn);
      return { ...c, inputs: fill(inputs, 0, (name) => name === input), cotangents };
    }
    case 6:
      return { ...c, inputs: fill(inputs, 0, (name) => isState(operator, name) && takes(slots[name]!, 0)), cotangents };
    default:
      return { ...c, inputs, cotangents };
  }
}
