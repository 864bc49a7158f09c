/** @file Times causal convolutions by direct sums and by fast Fourier transforms. Chains of two lengths cancel all other costs. */
import { f64 } from '../../src/executors/f64/index.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import { input, read } from '../../src/tensor/input.ts';
import { type ConvolutionMethod, causalConvolution } from '../../src/tensor/primitives/causal-convolution.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Value } from '../../src/tensor/value.ts';
import { type Chain, isSmall, perRepetition, type Row, show } from './table.ts';
import { torchRows } from './torch.ts';

/** Compiles `count` convolutions, one after another, of t tokens, of n channels after or before the tokens. */
async function chain(t: number, n: number, isLast: boolean, count: number, method: ConvolutionMethod): Promise<Chain> {
  const axis = isLast ? 1 : 0;
  const shape = isLast ? [n, t] : [t, n];
  const f = await compile(
    ({ x, k }) => {
      let [before, y]: [Value, Value] = [k!, x!];
      // each kernel is new, and so is its transform
      for (let i = 0; i < count; i++) [before, y] = [y, causalConvolution(before, y, axis, { method, reverse: true })];
      return { y, k: slice(k!, 0, 0, shape[0]!), corner: slice(slice(y, 0, 0, 1), 1, 0, 1) };
    },
    { x: { shape }, k: { shape } },
    { backend: 'webgpu', keep: { x: 'y', k: 'k' } },
  );
  const small = new Float32Array(t * n).map((_, i) => (((i * 7) % 13) - 6) / 64 / t);
  await f({ x: small, k: small });
  return { call: () => f({}), dispose: f.dispose };
}

/** The largest error of transforms of t tokens, in units of 2⁻²⁴ ‖k‖₂ ‖x‖₂. */
async function errorOf(t: number): Promise<number> {
  const fn = ({ x, k }: Readonly<Record<string, Value>>) => ({ y: causalConvolution(x!, k!, 0, { method: 'fft' }) });
  const f = await compile(fn, { x: { shape: [t] }, k: { shape: [t] } }, { backend: 'webgpu' });
  const random = rng(t);
  const [x, k] = [0, 1].map(() => Float32Array.from({ length: t }, random.normal)) as [Float32Array, Float32Array];
  const { y } = await f({ x, k });
  await f.dispose();
  const want = read(fn({ x: input(f64, Float64Array.from(x), [t]), k: input(f64, Float64Array.from(k), [t]) }).y);
  const norm = (of: Float32Array): number => Math.sqrt(of.reduce((sum, n) => sum + n * n, 0));
  return (want.reduce((most, n, i) => Math.max(most, Math.abs(n - y![i]!)), 0) * 2 ** 24) / (norm(x) * norm(k));
}

export async function convolutions(): Promise<Row[]> {
  const rows: Row[] = [];
  const sizes = [
    ...[64, 128, 256, 512, 1024, 4096, 16384, 65536].map((t) => [t, 256] as const),
    ...[1024, 4096, 16384].map((t) => [t, 2048] as const),
  ];
  for (const t of isSmall ? [600] : [600, 1000, 16384, 65536]) rows.push(show({ t, error: await errorOf(t) }));
  for (const [t, n] of isSmall ? [[600, 4] as const] : sizes) {
    for (const isLast of [false, true]) {
      for (const method of ['direct', 'fft'] as const) {
        // sums take T² steps
        if (method === 'direct' && t * t * n > 2 ** 35) continue;
        const many = t * n >= 2 ** 22 ? 4 : 9;
        const seconds = await perRepetition((count) => chain(t, n, isLast, count, method), [1, many], 0.3);
        const microseconds = (of: number): number => Number((of * 1e6).toPrecision(3));
        rows.push(
          show({
            t,
            n,
            layout: isLast ? '[n, t]' : '[t, n]',
            method,
            microseconds: microseconds(seconds.median),
            from: microseconds(seconds.low),
            to: microseconds(seconds.high),
          }),
        );
      }
    }
  }
  return isSmall ? rows : [...rows, ...torchRows('convolutions').map(show)];
}
