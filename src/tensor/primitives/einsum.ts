/** @file Primitive `einsum`, the only contraction: products of values, summed over indices (Einstein summation) */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { type Shape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';
import { reshape } from './reshape.ts';

/**
 * A parsed subscript string: a term of index letters for each operand and for the result. `letters` has every index once. `axes` and
 * `outAxes` are the terms as numbers: the position of each letter in `letters`.
 */
export interface EinsumParams {
  readonly spec: string;
  readonly terms: readonly string[];
  readonly out: string;
  readonly letters: string;
  readonly axes: readonly (readonly number[])[];
  readonly outAxes: readonly number[];
}

export const einsumPrimitive: Primitive<EinsumParams> = {
  name: 'einsum',
  shape(xs, params) {
    const lengths = indexLengths(params, xs);
    return params.outAxes.map((index) => lengths[index]!);
  },
  // an einsum with the cotangent in the operand's place; along an index that only this operand has, the cotangent repeats
  vjp(ct, _out, xs, params, needs) {
    return xs.map((x, i) => {
      if (!needs[i]) return null;
      const { spec, repeats } = adjointOf(params, i);
      const part = einsum(spec, ct, ...xs.filter((_, j) => j !== i));
      if (!repeats.includes(true)) return part;
      const ones = x.shape.map((length, axis) => (repeats[axis] ? 1 : length));
      return broadcast(reshape(part, ones), x.shape);
    });
  },
};

/**
 * Einstein summation over any number of operands: sums over the indices that are missing after `->`. A term has each index at most
 * once. Throws on a malformed subscript string, a wrong number of axes, and lengths that disagree.
 * @example
 * read(einsum('td,sd->ts', tensor([[1, 2]]), tensor([[3, 4], [5, 6]]))) // [11, 17]
 */
export function einsum(spec: string, ...xs: readonly Value[]): Value {
  const params = parse(spec);
  if (xs.length !== params.terms.length) {
    fail(`einsum '${spec}': ${params.terms.length} terms but ${xs.length} operands; give one operand per term`);
  }
  if (xs.length === 1 && params.terms[0] === params.out) {
    indexLengths(params, xs);
    return xs[0]!;
  }
  return apply(einsumPrimitive, xs, params);
}

const parsed = new Map<string, EinsumParams>();

function parse(spec: string): EinsumParams {
  const known = parsed.get(spec);
  if (known !== undefined) return known;
  const form = /^([A-Za-z]*(?:,[A-Za-z]*)*)->([A-Za-z]*)$/.exec(spec);
  if (form === null) fail(`einsum '${spec}': not of the form 'ab,bc->ac' (letters, commas, one ->)`);
  const terms = form![1]!.split(',');
  const out = form![2]!;
  for (const term of [...terms, out]) {
    const twice = [...term].find((index, i) => term.indexOf(index) !== i);
    if (twice !== undefined) {
      fail(
        `einsum '${spec}': index ${twice} stands twice in '${term}'; a diagonal is not an einsum, name each axis once`,
      );
    }
  }
  const letters = [...new Set(terms.join(''))].join('');
  const unknown = [...out].find((index) => !letters.includes(index));
  if (unknown !== undefined) {
    fail(`einsum '${spec}': index ${unknown} of the result stands in no operand; broadcast the result to repeat it`);
  }
  const places = (term: string): number[] => [...term].map((index) => letters.indexOf(index));
  const params = { spec, terms, out, letters, axes: terms.map(places), outAxes: places(out) };
  parsed.set(spec, params);
  return params;
}

/** Rule for an operand's cotangent: an einsum, and the axes of the operand along which the result of that einsum repeats. */
interface Adjoint {
  readonly spec: string;
  readonly repeats: readonly boolean[];
}

const adjoints = new Map<EinsumParams, Adjoint[]>();

function adjointOf(params: EinsumParams, operand: number): Adjoint {
  let known = adjoints.get(params);
  if (known === undefined) {
    known = params.terms.map((term, i) => adjoint(term, [params.out, ...params.terms.filter((_, j) => j !== i)]));
    adjoints.set(params, known);
  }
  return known[operand]!;
}

function adjoint(term: string, others: readonly string[]): Adjoint {
  const repeats = [...term].map((index) => !others.some((other) => other.includes(index)));
  const kept = [...term].filter((_, axis) => !repeats[axis]).join('');
  return { spec: `${others.join(',')}->${kept}`, repeats };
}

/** Length of every index in `letters`. Throws when the axes of an operand do not match its term, or two lengths disagree. */
export function indexLengths(params: EinsumParams, xs: readonly { readonly shape: Shape }[]): number[] {
  const lengths = new Array<number>(params.letters.length).fill(-1);
  for (let i = 0; i < xs.length; i++) {
    const axes = params.axes[i]!;
    const { shape } = xs[i]!;
    if (axes.length !== shape.length) failRank(params, i, shape);
    for (let axis = 0; axis < axes.length; axis++) {
      const index = axes[axis]!;
      if (lengths[index] === -1) lengths[index] = shape[axis]!;
      else if (lengths[index] !== shape[axis]) failLengths(params, xs, index, i);
    }
  }
  return lengths;
}

function failRank({ spec, terms }: EinsumParams, i: number, shape: Shape): never {
  fail(
    `einsum '${spec}': operand ${i} has shape ${show(shape)}, its term '${terms[i]}' names ${terms[i]!.length} axes; name every axis`,
  );
}

function failLengths(params: EinsumParams, xs: readonly { readonly shape: Shape }[], index: number, i: number): never {
  const first = params.axes.findIndex((axes) => axes.includes(index));
  const of = (operand: number): string => {
    const { shape } = xs[operand]!;
    return `${shape[params.axes[operand]!.indexOf(index)]} in operand ${operand} ${show(shape)}`;
  };
  fail(`einsum '${params.spec}': index ${params.letters[index]} is ${of(first)} and ${of(i)}; they must agree`);
}
