/** @file Tests scans and convolutions of long sequences, and sines of large angles, on any backend. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { bounded, boundOf, float32 } from '../../../src/executors/bounded/index.ts';
import { f64 } from '../../../src/executors/f64/index.ts';
import { type Backend, compile } from '../../../src/executors/gpu/index.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { causalConvolution } from '../../../src/tensor/primitives/causal-convolution.ts';
import { cos } from '../../../src/tensor/primitives/cos.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { sigmoid } from '../../../src/tensor/primitives/sigmoid.ts';
import { sin } from '../../../src/tensor/primitives/sin.ts';
import { rng } from '../../../src/tensor/random.ts';
import type { Executor, Value } from '../../../src/tensor/value.ts';
import { type Subject, tryOn } from './support.ts';

const long = [2, 67, 3];

/** A scan and a convolution, in both directions, along the middle axis. */
const sequences: Subject = {
  layout: {
    inputs: { a: { shape: long }, b: { shape: long }, h0: { shape: [2, 3] } },
    outputs: { ahead: long, back: long, filtered: long, correlated: long },
    settings: {},
  },
  program: ({ a, b, h0 }) => ({
    ahead: linearScan(sigmoid(a!), b!, h0!, 1),
    back: linearScan(sigmoid(a!), b!, h0!, 1, { reverse: true }),
    filtered: causalConvolution(a!, b!, 1),
    correlated: causalConvolution(a!, b!, 1, { method: 'fft', reverse: true }),
  }),
};

/**
 * Sequences whose states are finite in single precision, while the products of some consecutive decays, or states that start from zero,
 * are not: 4 decays and inputs that repeat, as powers of 2, the initial state, the last input and the last cotangent.
 */
const finite = {
  'decays above 1 of a zero state': { a: [20, 20, 20, 20], b: [0, 0, 0, 0], h0: 0, last: 1, ct: 0 },
  'growth before decay': { a: [70, 70, -70, -70], b: [0, 0, 0, 0], h0: 2 ** -60, last: 0, ct: 2 ** 10 },
  'decay before growth': { a: [-70, -70, 70, 70], b: [0, 0, 0, 0], h0: 2 ** 60, last: 0, ct: 2 ** 10 },
  'growth before a reset': { a: [70, 70, -300, 0], b: [0, 0, 0, 2 ** -100], h0: 0, last: 0, ct: 0 },
  'inputs that cancel states': { a: [70, 0, 70, 0], b: [-(2 ** 70), 1, -(2 ** 70), 1], h0: 1, last: 1, ct: 0 },
};

/** Tests long sequences and large angles on a backend. */
export function testSequences(backend: Backend, runs: number): void {
  describe(`on ${backend}, over ${long[1]} tokens`, () => {
    it('scans, convolutions and their gradients equal f64 within the bound', async () => {
      const tally = await tryOn(backend, sequences, runs);
      expect(tally.verdict.ratio).toBeLessThanOrEqual(1);
      expect(tally.bounded).toBe(tally.numbers);
    });
  });

  const ofTokens = `on ${backend} states of %d tokens are exact where products of decays overflow or underflow, but no state does`;
  it.each([67, 128])(ofTokens, async (length) => {
    const all = Object.values(finite);
    const shape = [length, all.length];
    const table = (of: (own: (typeof all)[number], t: number) => number): Float32Array =>
      Float32Array.from({ length: length * all.length }, (_, i) =>
        of(all[i % all.length]!, Math.floor(i / all.length)),
      );
    // later tokens change no state
    const last = 66;
    const given = {
      a: table(({ a }, t) => (t > last ? 1 : a[t % 4]! < -200 ? 0 : 2 ** a[t % 4]!)),
      b: table((own, t) => (t > last ? 0 : t === last ? own.last : own.b[t % 4]!)),
      h0: Float32Array.from(all, ({ h0 }) => h0),
      ct: table(({ ct }, t) => (t === last ? ct : 0)),
    };
    const shapes: Readonly<Record<string, readonly number[]>> = { a: shape, b: shape, h0: [all.length], ct: shape };
    for (const reverse of [false, true]) {
      const fn = ({ a, b, h0, ct }: Readonly<Record<string, Value>>) => {
        const { value, pullback } = vjp(
          ([x, h]: readonly Value[]) => linearScan(a!, x!, h!, 0, { reverse }),
          [b!, h0!],
        );
        const [db, dh0] = pullback(ct!);
        return { value, db: db!, dh0: dh0! };
      };
      // in reverse the same tokens, from the last one on
      const turned = (x: Float32Array): Float32Array =>
        reverse && x.length === length * all.length
          ? table((own, t) => x[(length - 1 - t) * all.length + all.indexOf(own)]!)
          : x;
      const own = Object.entries(given).map(([name, x]) => [name, turned(x)] as const);
      const slots = Object.fromEntries(own.map(([name]) => [name, { shape: shapes[name]! }]));
      const compiled = await compile(fn, slots, { backend });
      const found = await compiled(Object.fromEntries(own));
      await compiled.dispose();
      const values = own.map(([name, x]) => [name, input(f64, Float64Array.from(x), shapes[name]!)] as const);
      for (const [name, y] of Object.entries(fn(Object.fromEntries(values)))) {
        const want = read(y);
        expect(Math.max(...want.map(Math.abs))).toBeLessThan(2 ** 127);
        expect([...found[name]!]).toEqual([...want]);
      }
    }
  });

  it(`on ${backend} sines of angles too large for any correct digit are within their bound, and at most 1`, async () => {
    const random = rng(1);
    const x = Float32Array.from({ length: 999 }, () => random.normal() * 2 ** (13 + random.integer(110)));
    x[0] = Number.POSITIVE_INFINITY;
    const waves = ({ x: angle }: Readonly<Record<string, Value>>) => ({ sin: sin(angle!), cos: cos(angle!) });
    const compiled = await compile(waves, { x: { shape: [999] } }, { backend });
    const found = await compiled({ x });
    await compiled.dispose();
    for (const [name, y] of Object.entries(waves({ x: input(bounded(float32) as Executor, x, [999]) }))) {
      const [want, allowed] = [read(y), boundOf(y)];
      expect([found[name]![0], want[0]]).toEqual([Number.NaN, Number.NaN]);
      for (let i = 1; i < x.length; i++) {
        expect(Math.abs(found[name]![i]! - want[i]!)).toBeLessThanOrEqual(allowed[i]!);
        expect(Math.abs(found[name]![i]!)).toBeLessThanOrEqual(1 + 2 ** -22);
      }
      // for angles near 12,000 the error of 12,000 · 8 u is a small part of 2π
      expect(allowed.filter((e) => e < 0.1).length).toBeGreaterThan(20);
    }
  });
}

/** Convolutions of `length` tokens by the method `fft` in both directions, of channels after the tokens and of none. */
const transforms = (length: number): Subject => {
  const [after, last] = [
    [2, length, 3],
    [3, length],
  ] as const;
  return {
    layout: {
      inputs: { x: { shape: after }, k: { shape: after }, y: { shape: last } },
      outputs: { ahead: after, back: after, square: last },
      settings: {},
    },
    program: ({ x, k, y }) => ({
      ahead: causalConvolution(x!, k!, 1, { method: 'fft' }),
      back: causalConvolution(x!, k!, 1, { method: 'fft', reverse: true }),
      square: causalConvolution(y!, y!, 1, { method: 'fft' }),
    }),
  };
};

/** Tests convolutions by transforms on WebGPU, of as many tokens as they are taken for in either layout. */
export function testTransforms(): void {
  it.each([512, 513])(
    'on webgpu transforms of %d tokens and their gradients equal f64 within the bound',
    async (length) => {
      const tally = await tryOn('webgpu', transforms(length), 2);
      expect(tally.verdict.ratio).toBeLessThanOrEqual(1);
      expect(tally.bounded).toBe(tally.numbers);
    },
  );
}
