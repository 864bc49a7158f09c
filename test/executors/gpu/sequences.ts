/** @file Tests scans and convolutions of long sequences, and sines of large angles, on any backend. */
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32 } from '../../../src/executors/bounded/index.ts';
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

/** Tests long sequences and large angles on a backend. */
export function testSequences(backend: Backend, runs: number): void {
  describe(`on ${backend}, over ${long[1]} tokens`, () => {
    it('scans, convolutions and their gradients equal f64 within the bound', async () => {
      const tally = await tryOn(backend, sequences, runs);
      expect(tally.verdict.ratio).toBeLessThanOrEqual(1);
      expect(tally.bounded).toBe(tally.numbers);
    });
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
