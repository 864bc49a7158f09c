/** @file Einsum against nested loops, exactly: values and gradients over drawn subscript strings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grad, vjp } from '../../../src/autograd/vjp.ts';
import { tensor } from '../../../src/executors/f64/index.ts';
import { read } from '../../../src/tensor/input.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { type Dense, denseOf, digit, toDense, toValue } from '../../support/dense.ts';
import { naiveEinsum } from '../../support/naive-einsum.ts';
import { cases } from '../../support/property.ts';

/** Subscript strings of one to four operands over five indices, with lengths from 0, and operands of small integers. */
const uses = fc
  .record({
    lengths: fc.array(fc.constantFrom(0, 1, 1, 2, 3), { minLength: 5, maxLength: 5 }),
    terms: fc.array(fc.shuffledSubarray([0, 1, 2, 3, 4], { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  })
  .chain(({ lengths, terms }) =>
    fc.record({
      lengths: fc.constant(lengths),
      terms: fc.constant(terms),
      out: fc.shuffledSubarray([...new Set(terms.flat())]),
    }),
  )
  .chain(({ lengths, terms, out }) => {
    const shapeOf = (term: readonly number[]): number[] => term.map((index) => lengths[index]!);
    const lettersOf = (term: readonly number[]): string => term.map((index) => 'abcde'[index]).join('');
    return fc.record({
      spec: fc.constant(`${terms.map(lettersOf)}->${lettersOf(out)}`),
      terms: fc.constant(terms.map(lettersOf)),
      out: fc.constant(lettersOf(out)),
      xs: fc.tuple(...terms.map((term) => denseOf(shapeOf(term), digit))),
      ct: denseOf(shapeOf(out), digit),
    });
  });

/** The gradient of `Σ ct · einsum` by one operand: the einsum with that operand's term as its result. */
function naiveGradient(terms: readonly string[], out: string, xs: readonly Dense[], ct: Dense, i: number): Dense {
  const others = terms.filter((_, j) => j !== i);
  // an operand of ones supplies the indices that no other operand has
  const ones: Dense = { shape: xs[i]!.shape, data: xs[i]!.data.map(() => 1) };
  const operands = [ct, ...xs.filter((_, j) => j !== i), ones];
  return naiveEinsum(`${[out, ...others, terms[i]!]}->${terms[i]!}`, operands);
}

describe('einsum', () => {
  it('equals nested loops over its subscript string, exactly', () => {
    fc.assert(
      fc.property(uses, ({ spec, xs }) => {
        expect(toDense(einsum(spec, ...xs.map(toValue)))).toEqual(naiveEinsum(spec, xs));
      }),
      cases(1000),
    );
  });

  it('has the gradients that loops give, also along an index of a single operand', () => {
    fc.assert(
      fc.property(uses, ({ spec, terms, out, xs, ct }) => {
        const { pullback } = vjp((values: readonly Value[]) => einsum(spec, ...values), xs.map(toValue));
        pullback(toValue(ct)).forEach((gradient, i) => {
          expect(toDense(gradient)).toEqual(naiveGradient(terms, out, xs, ct, i));
        });
      }),
      cases(500),
    );
  });

  it('the drawn cases cover indices of a single operand, contracted axes of length 0, and every number of operands', () => {
    const drawn = fc.sample(uses, { numRuns: 500, seed: 7 });
    const alone = drawn.filter(({ terms, out }) =>
      terms.some((term, i) =>
        [...term].some((letter) => !terms.some((t, j) => j !== i && t.includes(letter)) && !out.includes(letter)),
      ),
    );
    const empty = drawn.filter(({ xs, ct }) => ct.data.length > 0 && xs.some(({ data }) => data.length === 0));
    expect(alone.length).toBeGreaterThan(100);
    expect(empty.length).toBeGreaterThan(50);
    expect(new Set(drawn.map(({ terms }) => terms.length))).toEqual(new Set([1, 2, 3, 4]));
  });

  it('gives the same value when a string is used again after other lengths', () => {
    for (const n of [3, 1, 5, 0, 3]) {
      const x: Dense = { shape: [2, n], data: Array.from({ length: 2 * n }, (_, i) => i + 1) };
      const y: Dense = { shape: [n, 4], data: Array.from({ length: 4 * n }, (_, i) => i - 3) };
      const z: Dense = { shape: [4, n], data: Array.from({ length: 4 * n }, (_, i) => 2 - i) };
      expect(toDense(einsum('ij,jk->ik', toValue(x), toValue(y)))).toEqual(naiveEinsum('ij,jk->ik', [x, y]));
      const three = 'ij,jk,kl->il';
      expect(toDense(einsum(three, ...[x, y, z].map(toValue)))).toEqual(naiveEinsum(three, [x, y, z]));
    }
  });

  it('accepts one value as several operands, and sums its cotangents', () => {
    const x = tensor([1, 2, 3]);
    expect(read(grad((v) => einsum('i,i,i->', v, v, v), x))).toEqual(Float64Array.of(3, 12, 27));
    expect(read(grad((v) => sum(mul(einsum('i,j->ij', v, v), tensor([1, 0, 0]))), x))).toEqual(
      Float64Array.of(7, 1, 1),
    );
  });
});
