/** @file Causal convolutions: exact where sums are exact, direct or by FFT, and bounds against FFTs in rounded arithmetic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vjp } from '../../src/autograd/vjp.ts';
import { bounded, boundOf, float32, float64, snap } from '../../src/executors/bounded/index.ts';
import { f64, tensor } from '../../src/executors/f64/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { causalConvolution } from '../../src/tensor/primitives/causal-convolution.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { largest, seeds, tryFunction } from '../support/bounded-trial.ts';
import { type Dense, digit, toDense, toValue } from '../support/dense.ts';
import { cases } from '../support/property.ts';

const lengths = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33);
/** Three sequences of small integers, with two channels. */
const integers = lengths.chain((t) => {
  const sequence = fc
    .array(digit, { minLength: 2 * t, maxLength: 2 * t })
    .map((data): Dense => ({ data, shape: [t, 2] }));
  return fc.tuple(sequence, sequence, sequence);
});
const sumOver = (t: number, term: (s: number) => number): number =>
  Array.from({ length: t }, (_, s) => term(s)).reduce((sum, x) => sum + x, 0);

describe('causal convolutions', () => {
  it('and their gradients equal their defining sums exactly', () => {
    fc.assert(
      fc.property(integers, fc.boolean(), ([x, k, ct], reverse) => {
        const t = x.shape[0]!;
        const number = ({ data }: Dense, s: number, c: number): number => data[2 * s + c]!;
        const table = (f: (s: number, c: number) => number): Dense => ({
          shape: x.shape,
          data: x.data.map((_, i) => f(Math.floor(i / 2), i % 2)),
        });
        // the lag of k from token s to token r
        const lag = (r: number, s: number): number => (reverse ? s - r : r - s);
        const weight = (w: Dense, r: number, s: number, c: number): number =>
          lag(r, s) >= 0 ? number(w, lag(r, s), c) : 0;
        const { value, pullback } = vjp(
          ([a, b]: readonly Value[]) => causalConvolution(a!, b!, 0, { reverse }),
          [x, k].map(toValue),
        );
        const [dx, dk] = pullback(toValue(ct)).map(toDense);
        expect(toDense(value)).toEqual(table((r, c) => sumOver(t, (s) => weight(k, r, s, c) * number(x, s, c))));
        expect(dx).toEqual(table((s, c) => sumOver(t, (r) => weight(k, r, s, c) * number(ct, r, c))));
        expect(dk).toEqual(
          table((j, c) =>
            sumOver(t, (r) => sumOver(t, (s) => (lag(r, s) === j ? number(ct, r, c) * number(x, s, c) : 0))),
          ),
        );
      }),
      cases(100),
    );
  });

  it('agree with FFTs up to a few roundings of ‖k‖₂ ‖x‖₂', () => {
    for (const t of [1, 2, 3, 5, 64, 100, 1000, 2049]) {
      const random = rng(t);
      const numbers = (): Float64Array => Float64Array.from({ length: t }, random.normal);
      const [x, k] = [numbers(), numbers()];
      const norm = (y: Float64Array): number => Math.hypot(...y);
      for (const reverse of [false, true]) {
        const [direct, fft] = (['direct', 'fft'] as const).map((method) =>
          read(causalConvolution(input(f64, x, [t]), input(f64, k, [t]), 0, { method, reverse })),
        );
        const error = Math.max(...direct!.map((y, i) => Math.abs(y - fft![i]!)));
        expect(error).toBeLessThanOrEqual(4 * Math.log2(4 * t) * 2 ** -53 * norm(x) * norm(k));
      }
    }
  });

  it('run along any axis', () => {
    const random = rng(2);
    const values = (): Float64Array => Float64Array.from({ length: 2 * 5 * 3 }, random.normal);
    const [x, k] = [input(f64, values(), [2, 5, 3]), input(f64, values(), [2, 5, 3])];
    for (const method of ['direct', 'fft'] as const) {
      const whole = read(causalConvolution(x, k, 1, { method }));
      for (const [o, i] of [
        [0, 2],
        [1, 1],
      ] as const) {
        const line = (data: Float64Array): Value => tensor([0, 1, 2, 3, 4].map((t) => data[(o * 5 + t) * 3 + i]!));
        const alone = read(causalConvolution(line(read(x)), line(read(k)), 0, { method }));
        expect(alone).toEqual(Float64Array.from([0, 1, 2, 3, 4], (t) => whole[(o * 5 + t) * 3 + i]!));
      }
    }
  });
});

describe.each([float32, float64])('bounds of convolutions in $name', (profile) => {
  it.each(['direct', 'fft'] as const)('hold, gradients too, by method %s', (method) => {
    let worst = 0;
    fc.assert(
      fc.property(seeds, lengths, fc.boolean(), (seed, t, reverse) => {
        const random = rng(seed);
        const spread = [0, 5, 40][random.integer(3)]!;
        const operand = (): Dense => ({
          shape: [t, 2],
          data: [
            ...snap(
              profile,
              Float64Array.from({ length: 2 * t }, () =>
                random.integer(6) === 0 ? 0 : random.normal() * 2 ** (random.integer(2 * spread + 1) - spread),
              ),
            ),
          ],
        });
        const off = random.integer(2) === 0;
        const f = ([x, k]: readonly Value[]): Value =>
          causalConvolution(off ? scale(x!, 1 / 3) : x!, k!, 0, { method, reverse });
        const found = largest(tryFunction(f, [operand(), operand()], operand(), profile, seed));
        expect(found).toBeLessThanOrEqual(1);
        worst = Math.max(worst, found);
      }),
      cases(60),
    );
    // the bound proves about a hundred roundings; a transform makes only a few
    expect(worst).toBeGreaterThan(method === 'direct' ? 0.05 : 0.003);
  });
});

describe('bounds of convolutions', () => {
  const on = bounded(float32) as Executor;
  const of = (executor: Executor, ...x: number[]): Value => input(executor, x, [x.length]);

  it('are the bounds of sums of products, or relative to the norms', () => {
    const bounds = (method: 'direct' | 'fft'): number[] => [
      ...boundOf(causalConvolution(of(on, 1, 2, 3), of(on, 4, 0, 0), 0, { method })),
    ];
    const unit = float32.at.sum.u + 2 ** -53;
    const [direct, fft] = [bounds('direct'), bounds('fft')];
    direct.forEach((e, i) => {
      expect(e / (unit * 4 * (i + 1))).toBeCloseTo(1, 3);
    });
    // the FFT has length N = 8
    const expected = (3 * (float32.functions.sin.units + 4) * 3 + 9) * unit * Math.sqrt(14) * 4;
    fft.forEach((e, i) => {
      expect((e - direct[i]!) / expected).toBeCloseTo(1, 3);
    });
  });

  it('are 0 for a sequence of zeros, and infinite where a number is infinite or a transform overflows', () => {
    const bounds = (x: number, k: number): number[] => [
      ...boundOf(causalConvolution(of(on, x, 0, 0), of(on, 0, k, 0), 0, { method: 'fft' })),
    ];
    const { POSITIVE_INFINITY: inf } = Number;
    expect(bounds(0, 3)).toEqual([0, 0, 0]);
    expect(bounds(inf, 3)).toEqual([inf, inf, inf]);
    expect(bounds(2 ** 126, 2)).toEqual([inf, inf, inf]);
    expect(bounds(2 ** 100, 2).every(Number.isFinite)).toBe(true);
  });

  it('reject a result that omits one summand, or wraps around', () => {
    const random = rng(9);
    const numbers = (): number[] => Array.from({ length: 24 }, () => Math.fround(random.normal()));
    const [x, k] = [numbers(), numbers()];
    const run = (executor: Executor): Value =>
      causalConvolution(of(executor, ...x), of(executor, ...k), 0, { method: 'fft' });
    const reference = run(on);
    const right = read(run(rounded(float32, 4) as Executor));
    const far = (y: number, i: number): boolean => Math.abs(y - read(reference)[i]!) > boundOf(reference)[i]!;
    expect(right.some(far)).toBe(false);
    expect(right.every((y, i) => far(y - k[i]! * x[0]!, i) || Math.abs(k[i]! * x[0]!) < 1e-3)).toBe(true);
    // a transform of length 32 instead of 64
    const round = right.map((y, i) => y + sumOver(24, (s) => (s > i + 8 ? x[s]! * k[32 + i - s]! : 0)));
    expect(round.subarray(0, 14).every(far)).toBe(true);
  });
});
