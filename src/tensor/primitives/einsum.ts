/** @file the only contraction: products of values summed over indices, written as the paper writes them */
import { apply } from '../apply.ts';
import { fail } from '../errors.ts';
import type { Primitive } from '../primitive.ts';
import { type Shape, show } from '../shape.ts';
import type { Value } from '../value.ts';
import { broadcast } from './broadcast.ts';
import { reshape } from './reshape.ts';

/** A parsed subscript string: one term of index letters per operand, and the result's. */
export type EinsumParams = { readonly spec: string; readonly terms: readonly string[]; readonly out: string };

export const einsumPrimitive: Primitive<EinsumParams> = {
  name: 'einsum',
  shape(xs, { spec, terms, out }) {
    const lengths = indexLengths(
      spec,
      terms,
      xs.map((x) => x.shape),
    );
    return [...out].map((index) => lengths.get(index)!);
  },
  // the cotangent takes the operand's place; an index that only this operand has was summed, so its cotangent repeats
  vjp(ct, _out, xs, { terms, out }, needs) {
    return xs.map((x, i) => {
      if (!needs[i]) return null;
      const others = terms.filter((_, j) => j !== i);
      const known = out + others.join('');
      const term = terms[i]!;
      const kept = [...term].filter((index) => known.includes(index)).join('');
      const part = einsum(`${[out, ...others].join(',')}->${kept}`, ct, ...xs.filter((_, j) => j !== i));
      const ones = x.shape.map((length, axis) => (known.includes(term[axis]!) ? length : 1));
      return broadcast(reshape(part, ones), x.shape);
    });
  },
};

/**
 * Einstein summation over any number of operands: indices missing after `->` are summed. An index may stand once per operand.
 * Throws on a malformed subscript string, a wrong number of axes, and lengths that disagree.
 * @example
 * read(einsum('td,sd->ts', tensor([[1, 2]]), tensor([[3, 4], [5, 6]]))) // [11, 17]
 */
export function einsum(spec: string, ...xs: readonly Value[]): Value {
  const params = parse(spec);
  if (xs.length !== params.terms.length) {
    fail(`einsum '${spec}': ${params.terms.length} terms but ${xs.length} operands; give one operand per term`);
  }
  if (xs.length === 1 && params.terms[0] === params.out) return xs[0]!;
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
    if (twice !== undefined)
      fail(`einsum '${spec}': index ${twice} stands twice in '${term}'; take the diagonal first`);
  }
  const unknown = [...out].find((index) => !terms.some((term) => term.includes(index)));
  if (unknown !== undefined) fail(`einsum '${spec}': index ${unknown} of the result stands in no operand`);
  const params = { spec, terms, out };
  parsed.set(spec, params);
  return params;
}

/** The length of every index; throws where two operands disagree. */
export function indexLengths(spec: string, terms: readonly string[], shapes: readonly Shape[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (let i = 0; i < terms.length; i++) {
    const term = terms[i]!;
    const shape = shapes[i]!;
    if (term.length !== shape.length) {
      fail(`einsum '${spec}': operand ${i} has shape ${show(shape)}, its term '${term}' names ${term.length} axes`);
    }
    for (let axis = 0; axis < term.length; axis++) {
      const index = term[axis]!;
      const known = lengths.get(index);
      if (known === undefined) lengths.set(index, shape[axis]!);
      else if (known !== shape[axis]) {
        const first = terms.findIndex((other) => other.includes(index));
        fail(
          `einsum '${spec}': index ${index} is ${known} in operand ${first} ${show(shapes[first]!)} and ${shape[axis]} in operand ${i} ${show(shape)}`,
        );
      }
    }
  }
  return lengths;
}
