/** @file Tests compiled functions on any backend. */
import { describe, expect, it } from 'vitest';
import { grad, vjp } from '../../../src/autograd/vjp.ts';
import { f64 } from '../../../src/executors/f64/index.ts';
import { type Backend, compile, type Equation, type Slot } from '../../../src/executors/gpu/index.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { constantLike, filledLike } from '../../../src/tensor/operand.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { cos } from '../../../src/tensor/primitives/cos.ts';
import { div } from '../../../src/tensor/primitives/div.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { erf } from '../../../src/tensor/primitives/erf.ts';
import { erfc } from '../../../src/tensor/primitives/erfc.ts';
import { exp } from '../../../src/tensor/primitives/exp.ts';
import { expm1 } from '../../../src/tensor/primitives/expm1.ts';
import { log } from '../../../src/tensor/primitives/log.ts';
import { maxReduce } from '../../../src/tensor/primitives/max-reduce.ts';
import { maximum } from '../../../src/tensor/primitives/maximum.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { pad } from '../../../src/tensor/primitives/pad.ts';
import { phi } from '../../../src/tensor/primitives/phi.ts';
import { reciprocal } from '../../../src/tensor/primitives/reciprocal.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { rsqrt } from '../../../src/tensor/primitives/rsqrt.ts';
import { scale } from '../../../src/tensor/primitives/scale.ts';
import { select } from '../../../src/tensor/primitives/select.ts';
import { sigmoid } from '../../../src/tensor/primitives/sigmoid.ts';
import { sin } from '../../../src/tensor/primitives/sin.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { softplus } from '../../../src/tensor/primitives/softplus.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import { rng } from '../../../src/tensor/random.ts';
import type { Value } from '../../../src/tensor/value.ts';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** Compiles a function, runs it once and disposes of it. */
async function once(
  fn: Equation,
  slots: Readonly<Record<string, Slot>>,
  given: Readonly<Record<string, readonly number[]>>,
  options: { readonly backend: Backend },
): Promise<Record<string, number[]>> {
  const compiled = await compile(fn, slots, options);
  try {
    const numbers = Object.entries(given).map(([name, x]) => [name, Float32Array.from(x)]);
    const results = await compiled(Object.fromEntries(numbers));
    return Object.fromEntries(Object.entries(results).map(([name, x]) => [name, [...x]]));
  } finally {
    await compiled.dispose();
  }
}

/** The kind of executor that gpu.js uses for small programs, by backend. */
const kinds = { webgpu: 'fused-encoder', wasm: 'wasm', webasm: 'fused-sync', cpu: 'generic' } as const;

/** Tests compiled functions on a backend. */
export function testCompiled(backend: Backend): void {
  describe(`a function compiled on ${backend}`, () => {
    const on = { backend };

    it('names the backend that runs it', async () => {
      const compiled = await compile(({ x }) => ({ y: exp(x!) }), { x: { shape: [2, 3] } }, on);
      expect(compiled.ran).toMatchObject({ backend, executorKind: kinds[backend] });
      expect(compiled.ran.adapter === null).toBe(backend !== 'webgpu');
      expect(compiled.outputs).toEqual({ y: { shape: [2, 3], kind: 'real' } });
      await compiled.dispose();
    });

    it('accepts a second call before the first has ended, and copies its arguments', async () => {
      const twice = await compile(({ x }) => ({ y: scale(x!, 2) }), { x: { shape: [2] } }, on);
      const x = Float32Array.of(1, 2);
      const first = twice({ x });
      x[0] = 7;
      const second = twice({ x });
      expect([...(await first).y!]).toEqual([2, 4]);
      expect([...(await second).y!]).toEqual([14, 4]);
      await twice.dispose();
    });

    it('may contain gradients of any order', async () => {
      const cube = (x: Value): Value => sum(mul(x, mul(x, x)));
      const second: Equation = ({ x }) => ({ y: grad((u: Value) => sum(grad(cube, u)), x!) });
      expect(await once(second, { x: { shape: [3] } }, { x: [1, 2, -3] }, on)).toEqual({ y: [6, 12, -18] });
    });

    it('accepts NaN and infinities; a mask blocks them', async () => {
      const fn: Equation = ({ m, x }) => ({
        kept: select(m!, x!, 1),
        sum: add(x!, 1),
        most: maximum(x!, 0),
        all: maxReduce(x!, 0),
      });
      const given = { m: [0, 0, 1, 1], x: [nan, infinity, -infinity, nan] };
      expect(await once(fn, { m: { shape: [4] }, x: { shape: [4] } }, given, on)).toEqual({
        kept: [1, 1, -infinity, nan],
        sum: [nan, infinity, -infinity, nan],
        most: [nan, infinity, 0, nan],
        all: [nan],
      });
    });

    it('computes the limits of exp and log', async () => {
      const fn: Equation = ({ x }) => ({ exp: exp(x!), log: log(x!) });
      expect(await once(fn, { x: { shape: [5] } }, { x: [0, infinity, -infinity, nan, 1] }, on)).toEqual({
        exp: [1, infinity, 0, nan, Math.fround(Math.E)],
        log: [-infinity, infinity, nan, nan, 0],
      });
    });

    it('computes elementary functions within 2 ulp, erfc within 3', async () => {
      const count = 10_000;
      const fn: Equation = ({ x, p, angle }) => ({
        exp: exp(x!),
        expm1: expm1(x!),
        sin: sin(angle!),
        cos: cos(angle!),
        erf: erf(x!),
        erfc: erfc(x!),
        sigmoid: sigmoid(x!),
        softplus: softplus(x!),
        phi1: phi(x!, 1),

        log: log(p!),
        rsqrt: rsqrt(p!),
        reciprocal: reciprocal(p!),
        div: div(x!, p!),
      });
      const random = rng(1);
      const snapped = (draw: () => number): Float64Array =>
        Float64Array.from({ length: count }, () => Math.fround(draw()));
      // ordinary numbers, exponents over the whole range, and numbers near 1, where ln is near 0
      const x = snapped(() => random.normal() * (random.integer(2) === 0 ? 1 : 15));
      const p = snapped(() =>
        random.integer(3) === 0 ? 1 + random.normal() / 64 : 2 ** (random.integer(240) - 120) * (1 + random.uniform()),
      );
      // angles of every size, and the numbers nearest to multiples of π/2, where sine or cosine is near 0
      const angle = snapped(() => {
        const sign = random.integer(2) === 0 ? 1 : -1;
        if (random.integer(2) === 0) return sign * (Math.PI / 2) * random.integer(7640);
        return sign * Math.min(12_000, 2 ** (random.integer(34) - 20) * (1 + random.uniform()));
      });
      const shape = [count];
      const given = { x: [...x], p: [...p], angle: [...angle] };
      const found = await once(fn, { x: { shape }, p: { shape }, angle: { shape } }, given, on);
      for (const [name, y] of Object.entries(
        fn({ x: input(f64, x, shape), p: input(f64, p, shape), angle: input(f64, angle, shape) }),
      )) {
        const units = read(y).map(
          (want, i) => Math.abs(found[name]![i]! - want) / (2 ** -24 * Math.abs(want) + 2 ** -126),
        );
        expect(Math.max(...units), name).toBeLessThanOrEqual(name === 'erfc' ? 6 : 4);
      }
    });

    it('returns inputs, tables and parts of them unchanged', async () => {
      const fn: Equation = ({ x, i }) => ({
        x: x!,
        i: i!,
        reshaped: reshape(x!, [3, 1]),
        table: constantLike(x!, Float64Array.of(0.1, nan, infinity), [3]),
        filled: filledLike(x!, 0.1, [2, 2]),
        zeros: pad(filledLike(x!, 3, [1]), 0, 1, 1),
      });
      const slots = { x: { shape: [3] }, i: { shape: [1], kind: 'index' } } as const;
      const tenth = Math.fround(0.1);
      expect(await once(fn, slots, { x: [1, -0, 3], i: [2 ** 24] }, on)).toEqual({
        x: [1, -0, 3],
        i: [2 ** 24],
        reshaped: [1, -0, 3],
        table: [tenth, nan, infinity],
        filled: [tenth, tenth, tenth, tenth],
        zeros: [0, 3, 0],
      });
    });

    it('accepts arrays without elements', async () => {
      const slots = { x: { shape: [2, 0] }, y: { shape: [0, 3] } };
      const fn: Equation = ({ x, y }) => {
        const product = einsum('ab,bc->ac', x!, y!);
        return {
          product,
          sums: sum(x!, [1]),
          padded: pad(x!, 1, 0, 2),
          none: mul(x!, x!),
          dx: grad((u) => sum(u), x!),
        };
      };
      expect(await once(fn, slots, { x: [], y: [] }, on)).toEqual({
        product: [0, 0, 0, 0, 0, 0],
        sums: [0, 0],
        padded: [0, 0, 0, 0],
        none: [],
        dx: [],
      });
      expect(await once(({ x }) => ({ x: x! }), { x: { shape: [0] } }, { x: [] }, on)).toEqual({ x: [] });
    });

    it('concatenates more parts than one kernel reads', async () => {
      const fn: Equation = ({ x }) => {
        const parts = Array.from({ length: 60 }, (_, t) => scale(slice(x!, 1, t, t + 1), t));
        const { value, pullback } = vjp((u: readonly Value[]) => concat(u, 1), parts);
        return { whole: value, last: pullback(value)[59]! };
      };
      const whole = Array.from({ length: 120 }, (_, i) => i % 60);
      const given = { x: whole.map(() => 1) };
      expect(await once(fn, { x: { shape: [2, 60] } }, given, on)).toEqual({ whole, last: [59, 59] });
    });

    it('concatenates parts that each read many arrays, distinct and shared', async () => {
      const names = Array.from({ length: 20 }, (_, k) => `x${k}`);
      const fn: Equation = (xs) => {
        const x = names.map((name) => xs[name]!);
        const fours = [0, 4, 8, 12, 16].map((k) => x.slice(k, k + 4).reduce((a, b) => add(a, b)));
        const shared = mul(add(x[0]!, x[1]!), add(x[2]!, x[3]!));
        return { fours: concat(fours, 0), shared: concat([...x.slice(4).map((y) => mul(shared, y)), shared], 0) };
      };
      const slots = Object.fromEntries(names.map((name) => [name, { shape: [2] }]));
      const given = Object.fromEntries(names.map((name, k) => [name, [k, -k]]));
      expect(await once(fn, slots, given, on)).toEqual({
        fours: [6, -6, 22, -22, 38, -38, 54, -54, 70, -70],
        shared: [...names.slice(4).flatMap((_, k) => [5 * (k + 4), -5 * (k + 4)]), 5, 5],
      });
    });

    it('contracts an axis that is split in different ways in the two operands', async () => {
      const turned = (x: Value, parts: readonly number[]): Value =>
        reshape(transpose(reshape(x, [4, ...parts]), [0, 2, 1]), [4, 6]);
      const fn: Equation = ({ x }) => ({ y: einsum('ak,bk->ab', turned(x!, [2, 3]), turned(x!, [3, 2])) });
      const x = Float64Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) - 5);
      const { y } = await once(fn, { x: { shape: [4, 6] } }, { x: [...x] }, on);
      expect(y).toEqual([...read(fn({ x: input(f64, x, [4, 6]) }).y!)]);
    });

    it('adds long axes exactly where sums are whole numbers, with rests and gaps', async () => {
      const lengths = [2, 3, 2100];
      const x = Float64Array.from({ length: 2 * 3 * 2100 }, (_, i) => ((i * 7) % 11) - 5);
      const fn: Equation = ({ x: v }) => ({
        all: sum(v!),
        apart: sum(v!, [0, 2]),
        rows: sum(slice(v!, 2, 1, 2099), [2]),
        columns: sum(transpose(v!, [2, 0, 1]), [0, 1]),
      });
      const found = await once(fn, { x: { shape: lengths } }, { x: [...x] }, on);
      const right = fn({ x: input(f64, x, lengths) });
      for (const [name, y] of Object.entries(right)) expect(found[name]).toEqual([...read(y)]);
    });

    it('adds a million numbers in parts, so that what they lose stays small', async () => {
      const [n, number] = [2 ** 20 + 77, Math.fround(0.1)];
      const { y } = await once(({ x }) => ({ y: sum(x!) }), { x: { shape: [n] } }, { x: Array(n).fill(number) }, on);
      // at most about 1,024 roundings in a part and as many of parts; one total loses 1 % in turn, four lanes 0.2 %
      expect(Math.abs(y![0]! / (n * number) - 1)).toBeLessThan(2101 * 2 ** -24);
    });

    it('finds the offset of every element of large arrays', async () => {
      const shape = [37, 3, 61, 19];
      const x = Float64Array.from({ length: 37 * 3 * 61 * 19 }, (_, i) => i);
      const moved = (y: Value): Value =>
        transpose(broadcast(transpose(y, [2, 0, 3, 1]), [2, 61, 37, 19, 3]), [3, 1, 4, 0, 2]);
      const { y } = await once(({ x: v }) => ({ y: moved(v!) }), { x: { shape } }, { x: [...x] }, on);
      expect(y).toEqual([...read(moved(input(f64, x, shape)))]);
    });
  });
}
