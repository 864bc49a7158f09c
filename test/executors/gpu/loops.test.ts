/** @file Compiled loops over time: their kernels do not grow with the sequence, and equal the loops of an eager executor. */
import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { f64 } from '../../../src/executors/f64/index.ts';
import { recurrentLinearAttention } from '../../../src/nn/linear-attention/recurrent.ts';
import { scannedAttention } from '../../../src/nn/linear-attention/scanned.ts';
import { retainAllChunks } from '../../../src/nn/retention/all-chunks.ts';
import { chunkwiseRetention } from '../../../src/nn/retention/chunkwise.ts';
import { powerTable } from '../../../src/nn/retention/decay-tables.ts';
import { recurrentRetention } from '../../../src/nn/retention/recurrent.ts';
import { recurrentSelectiveScan } from '../../../src/nn/selective-scan/modes.ts';
import { recurrentSsm } from '../../../src/nn/ssm/sequential.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { filledLike, zerosLike } from '../../../src/tensor/operand.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { rng } from '../../../src/tensor/random.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { kernelsOf, withWorkgroups } from './kernels-of.ts';

type Values = Readonly<Record<string, Value>>;

/** Modes with loops: shapes of inputs for t tokens, and the output. */
const modes: Readonly<Record<string, [(t: number) => Record<string, number[]>, (x: Values) => Value]>> = {
  retention: [
    (t) => ({ q: [2, 2, t, 4], k: [2, 2, t, 4], v: [2, 2, t, 3] }),
    ({ q, k, v }) =>
      recurrentRetention({ q: q!, k: k!, v: v!, decay: [0.5, 0.75] }, zerosLike(q!, [2, 2, 4, 3])).output,
  ],
  'retention in chunks': [
    (t) => ({ q: [2, 2, t + 3, 4], k: [2, 2, t + 3, 4], v: [2, 2, t + 3, 3] }),
    ({ q, k, v }) =>
      chunkwiseRetention(8)({ q: q!, k: k!, v: v!, decay: [0.5, 0.75] }, zerosLike(q!, [2, 2, 4, 3])).output,
  ],
  linearAttention: [
    (t) => ({ q: [2, 2, t, 4], k: [2, 2, t, 4], v: [2, 2, t, 3], gate: [2, 2, t, 4] }),
    ({ q, k, v, gate }) =>
      recurrentLinearAttention({ q: q!, k: k!, v: v!, gate: gate! }, zerosLike(q!, [2, 2, 4, 3])).output,
  ],
  selectiveScan: [
    (t) => ({ u: [2, t, 6], delta: [2, t, 6], a: [6, 4], b: [2, t, 1, 4], c: [2, t, 1, 4] }),
    ({ u, delta, a, b, c }) =>
      recurrentSelectiveScan(
        { u: u!, delta: delta!, a: a!, b: b!, c: c!, deltaSoftplus: true },
        zerosLike(u!, [2, 6, 4]),
      ).output,
  ],
  ssm: [
    (t) => ({ x: [2, t, 6], a: [6, 4], b: [6, 4], c: [6, 4] }),
    ({ x, a, b, c }) => recurrentSsm({ x: x!, a: a!, b: b!, c: c! }, zerosLike(x!, [2, 6, 4])).output,
  ],
};

describe('compiled loops over time', () => {
  for (const [name, [shapesOf, f]] of Object.entries(modes)) {
    it(`${name}: as many kernels for 512 tokens as for 256, with the backward pass`, () => {
      const count = (t: number): number => {
        const shapes = shapesOf(t);
        const slots = Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, { shape }]));
        const equation = (xs: Values): Record<string, Value> => {
          const { value, pullback } = vjp(f, xs);
          return { y: value, ...pullback(filledLike(value, 1, value.shape)) };
        };
        return kernelsOf(equation, slots, withWorkgroups).length;
      };
      expect(count(512)).toBe(count(256));
      expect(count(256)).toBeLessThan(50);
    });
  }

  const random = rng(3);
  const whole = (shape: number[]): Value =>
    input(
      f64,
      Float64Array.from({ length: shape.reduce((size, n) => size * n, 1) }, () => random.integer(9) - 4),
      shape,
    );
  const draw = (t: number): { q: Value; k: Value; v: Value; state: Value } => ({
    q: whole([1, 2, t, 2]),
    k: whole([1, 2, t, 2]),
    v: whole([1, 2, t, 3]),
    state: whole([1, 2, 2, 3]),
  });

  it.each([1, 30, 36, 1000])('scans of at most %i numbers equal the loop', (most) => {
    const { q, k, v, state } = draw(7);
    const decays = broadcast(input(f64, [0.5, 0.25], [1, 2, 1, 1, 1]), [1, 2, 7, 1, 1]);
    const scanned = scannedAttention({ q, k, v, decays }, state, most);
    const looped = recurrentRetention({ q, k, v, decay: [0.5, 0.25] }, state);
    expect(read(scanned.output)).toEqual(read(looped.output));
    expect(read(scanned.state)).toEqual(read(looped.state));
  });

  it.each([1, 2, 4])('all chunks of %i tokens at once equal the chunks one after another', (c) => {
    const { state, ...inputs } = draw(8);
    const decay = [0.5, 0.25];
    const once = retainAllChunks(c, powerTable, { ...inputs, decay }, state);
    const looped = chunkwiseRetention(c)({ ...inputs, decay }, state);
    expect(read(once.output)).toEqual(read(looped.output));
    expect(read(once.state)).toEqual(read(looped.state));
  });
});
