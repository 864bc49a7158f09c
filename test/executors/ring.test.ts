/** @file The ring executor: axioms of fields, identities of functions, rational literals, logarithms, comparisons, tables. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grad } from '../../src/autograd/vjp.ts';
import { primes } from '../../src/executors/ring/chain.ts';
import { at, collapsed } from '../../src/executors/ring/elements.ts';
import { inverse, power, residue, residueOf, times } from '../../src/executors/ring/field.ts';
import { type Elements, ring } from '../../src/executors/ring/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { constantLike } from '../../src/tensor/operand.ts';
import { neg, sub } from '../../src/tensor/ops.ts';
import { abs } from '../../src/tensor/primitives/abs.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { causalConvolution } from '../../src/tensor/primitives/causal-convolution.ts';
import { cos } from '../../src/tensor/primitives/cos.ts';
import { div } from '../../src/tensor/primitives/div.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { equal } from '../../src/tensor/primitives/equal.ts';
import { erf } from '../../src/tensor/primitives/erf.ts';
import { erfc } from '../../src/tensor/primitives/erfc.ts';
import { exp } from '../../src/tensor/primitives/exp.ts';
import { expm1 } from '../../src/tensor/primitives/expm1.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { log } from '../../src/tensor/primitives/log.ts';
import { maxReduce } from '../../src/tensor/primitives/max-reduce.ts';
import { maximum } from '../../src/tensor/primitives/maximum.ts';
import { minimum } from '../../src/tensor/primitives/minimum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { phi } from '../../src/tensor/primitives/phi.ts';
import { reciprocal } from '../../src/tensor/primitives/reciprocal.ts';
import { rsqrt } from '../../src/tensor/primitives/rsqrt.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import { sign } from '../../src/tensor/primitives/sign.ts';
import { sin } from '../../src/tensor/primitives/sin.ts';
import { softplus } from '../../src/tensor/primitives/softplus.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { table } from '../support/primitives/table.ts';
import { cases } from '../support/property.ts';

const on = ring as Executor;
const of = (...x: number[]): Value => input(on, x, [x.length]);
const tableOf = (...x: number[]): Value => constantLike(of(), Float64Array.from(x), [x.length]);
/** Every residue of every number. */
const residues = (x: Value): number[][] => {
  const { data } = x as Value<Elements>;
  const levels = collapsed(data);
  return Array.from(data.near, (_, i) => at(levels, i));
};
const expectEqual = (x: Value, y: Value): void => expect(residues(x)).toEqual(residues(y));
const number = fc.oneof(fc.double({ min: -8, max: 8, noNaN: true }), fc.constantFrom(1, -1, 0.5, 2, 1 / 3));
/** Checks an identity of three numbers; those that are 0 would divide by it. */
const holds = (identity: (x: Value, y: Value, z: Value) => readonly [Value, Value]): void =>
  fc.assert(
    fc.property(number, number, number, (x, y, z) => {
      fc.pre(x !== 0 && y !== 0 && z !== 0);
      expectEqual(...identity(of(x), of(y), of(z)));
    }),
    cases(50),
  );

describe('the chain of fields', () => {
  it('has primes, each minus 1 a multiple of 4 times the next, whose products are exact', () => {
    const isPrime = (n: number): boolean => {
      for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
      return true;
    };
    expect(primes.every(isPrime)).toBe(true);
    const rests = primes.slice(1).map((next, level) => (primes[level]! - 1) % (4 * next));
    expect(rests).toEqual([0, 0]);
    expect(Math.max(...primes) ** 2).toBeLessThan(2 ** 53);
  });

  it('multiplies and inverts as integers of any size do', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom(...primes), (a, b, p) => {
        const [x, y] = [residue(a, p), residue(b, p)];
        expect(BigInt(times(x, y, p))).toBe((BigInt(x) * BigInt(y)) % BigInt(p));
        if (x > 0) expect(times(x, inverse(x, p), p)).toBe(1);
        expect(power(x, p - 1, p)).toBe(x > 0 ? 1 : 0);
      }),
      cases(200),
    );
    expect(inverse(0, primes[0])).toBeNaN();
  });

  it('takes doubles for the simplest fraction that rounds to them, or for themselves', () => {
    for (const p of primes) {
      expect(times(residueOf(1 / 3)(p), 3, p)).toBe(1);
      expect(times(residueOf(-0.999)(p), 1000, p)).toBe(p - 999);
      expect(times(residueOf(1e-6)(p), 1e6, p)).toBe(1);
      expect(times(residueOf(Math.PI)(p), power(2, 48, p), p)).toBe(Number(BigInt(Math.PI * 2 ** 48) % BigInt(p)));
      expect(residueOf(2 ** 100)(p)).toBe(power(2, 100, p));
      expect(times(residueOf(2 ** -1074)(p), power(2, 1074, p), p)).toBe(1);
    }
  });
});

describe('the ring executor', () => {
  it('is a field', () => {
    holds((x, y, z) => [add(x, add(y, z)), add(add(z, y), x)]);
    holds((x, y, z) => [mul(x, mul(y, z)), mul(mul(z, y), x)]);
    holds((x, y, z) => [mul(x, add(y, z)), add(mul(x, y), mul(x, z))]);
    holds((x, y) => [div(mul(x, y), y), x]);
    holds((x, y) => [mul(x, reciprocal(y)), div(x, y)]);
    holds((x) => [scale(scale(x, 1 / 7), 7), x]);
  });

  it('turns sums of exponents into products, at every depth', () => {
    holds((x, y) => [exp(add(x, y)), mul(exp(x), exp(y))]);
    holds((x, y) => [exp(mul(x, exp(add(x, y)))), exp(mul(mul(x, exp(x)), exp(y)))]);
    holds((x) => [mul(exp(x), exp(neg(x))), of(1)]);
    holds((x) => [expm1(x), sub(exp(x), 1)]);
    holds((x) => [sigmoid(x), reciprocal(add(exp(neg(x)), 1))]);
    holds((x) => [mul(x, phi(x, 1)), expm1(x)]);
    holds((x) => [mul(x, phi(x, 3)), sub(phi(x, 2), 0.5)]);
    expect(read(exp(of(0, -Infinity)))).toEqual(Float64Array.of(1, 0));
    expect(residues(exp(of(1)))[0]!.map((part) => part === 1)).toEqual([false, false, true]);
    expectEqual(phi(of(0), 2), of(0.5));
  });

  it('adds angles', () => {
    holds((x, y) => [cos(add(x, y)), sub(mul(cos(x), cos(y)), mul(sin(x), sin(y)))]);
    holds((x, y) => [sin(add(x, y)), add(mul(sin(x), cos(y)), mul(cos(x), sin(y)))]);
    holds((x) => [add(mul(cos(x), cos(x)), mul(sin(x), sin(x))), of(1)]);
    holds((x) => [add(sin(x), sin(neg(x))), of(0)]);
    expect(residues(sin(of(1)))[0]!.map((part) => part === 0)).toEqual([false, false, true]);
  });

  it('keeps logarithms exact in sums, multiples and exponentials', () => {
    holds((x, y) => [exp(log(add(exp(x), exp(y)))), add(exp(x), exp(y))]);
    holds((x, y, z) => [exp(sub(z, log(mul(x, y)))), div(exp(z), mul(x, y))]);
    holds((x) => [exp(scale(log(x), 3)), mul(x, mul(x, x))]);
    holds((x) => [exp(mul(log(x), tableOf(-2))), reciprocal(mul(x, x))]);
    holds((x, y) => [mul(log(x), neg(y)), mul(neg(log(x)), y)]);
    holds((x, y) => [exp(sum(mul(log(einsum('i,j->ij', x, y)), 1), [0, 1])), mul(x, y)]);
    holds((x, y) => [exp(scale(scale(log(mul(x, y)), 1 / Math.LN2), Math.LN2)), mul(x, y)]);
    const logs = log(of(2, 3, 5));
    expectEqual(exp(linearScan(of(1, 1, 1), logs, input(on, [0], []), 0)), of(2, 6, 30));
    expect(read(log(of(1, 0)))).toEqual(Float64Array.of(0, -Infinity));
    expect(residues(scale(logs, 0.5))).not.toEqual(residues(logs));
  });

  it('hashes other functions: equal for equal elements, 0 and oddness apart unrelated', () => {
    for (const f of [rsqrt, softplus, erf]) {
      holds((x, y) => [f(add(x, y)), f(add(y, x))]);
      expect(residues(f(of(1)))).not.toEqual(residues(f(of(2))));
    }
    holds((x) => [erf(neg(x)), neg(erf(x))]);
    holds((x) => [add(erf(x), erfc(x)), of(1)]);
    expectEqual(erf(of(0)), of(0));
    holds((x, y) => [mul(softplus(x), y), mul(log(add(exp(x), 1)), y)]);
    expectEqual(softplus(of(-Infinity)), of(0));
    expect(read(rsqrt(of(0)))).toEqual(Float64Array.of(Infinity));
    expect(new Set([exp, cos, sin, rsqrt, softplus, erf].map((f) => String(residues(f(of(0.7)))))).size).toBe(6);
  });

  it('compares by the numbers of f64, and equality by elements', () => {
    const [x, y] = [of(-2, 0.5, 3), of(1, 1 / 3, 3)];
    expectEqual(maximum(x, y), of(1, 0.5, 3));
    expectEqual(minimum(x, y), of(-2, 1 / 3, 3));
    expectEqual(maxReduce(x, 0), input(on, [3], []));
    expectEqual(sign(x), of(-1, 1, 1));
    expectEqual(abs(x), of(2, 0.5, 3));
    expectEqual(equal(x, y), of(0, 0, 1));
    // 0.1 + 0.2 and 0.3 are other doubles, but one element
    expectEqual(equal(add(of(0.1), of(0.2)), of(0.3)), of(1));
    expectEqual(sign(sub(add(of(0.1), of(0.2)), of(0.3))), of(0));
  });

  it('computes a convolution by its definition', () => {
    const [x, k] = [of(1, 1 / 3, 0.5), of(2, 0.25, 7)];
    expectEqual(causalConvolution(x, k, 0, { method: 'fft' }), causalConvolution(x, k, 0));
  });

  it('reads what the numbers of a table stand for', () => {
    const gamma = 31 / 32;
    const powers = constantLike(of(1), Float64Array.of(gamma ** 20, 0), [2], undefined, (i) =>
      i === 0 ? ['power', gamma, 20] : undefined,
    );
    const product = Array.from({ length: 20 }, () => of(gamma)).reduce((a, b) => mul(a, b));
    expectEqual(powers, einsum('i,j->j', product, of(1, 0)));
    const turned = constantLike(of(1), Float64Array.of(Math.cos(3 * gamma)), [1], undefined, () => ['cos', 3, gamma]);
    expectEqual(turned, cos(scale(of(gamma), 3)));
    const logs = constantLike(of(1), Float64Array.of(Math.log2(gamma), -Infinity), [2], undefined, (i) => [
      'log',
      i === 0 ? gamma : 0,
      2,
    ]);
    expectEqual(exp(scale(mul(logs, tableOf(2, 1)), Math.LN2)), of(gamma ** 2, 0));
  });

  it('differentiates by the same rules', () => {
    const x = of(0.7, -1.3);
    expectEqual(
      grad((s) => sum(exp(mul(s, s))), x),
      mul(scale(x, 2), exp(mul(x, x))),
    );
    expectEqual(
      grad((s) => sum(div(1, s)), x),
      neg(reciprocal(mul(x, x))),
    );
  });

  it.each([
    'add',
    'mul',
    'scale',
    'sum',
    'einsum',
    'linearScan',
    'causalConvolution',
    'gather',
    'scatterAdd',
    'concat',
    'pad',
  ] as const)('computes %s as loops over numbers do', (name) => {
    fc.assert(
      fc.property(table[name].uses, (use) => {
        const found = use.call(...use.operands.map(({ data, shape }) => input(on, data, shape)));
        const { data, shape } = use.naive(...use.operands);
        expectEqual(found, input(on, data, shape));
      }),
      cases(30),
    );
  });
});
