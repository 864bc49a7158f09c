/** @file Times the recurrence h_t = a_t h_{t−1} + b_t, by chunks side by side and by loops. */
import { compile } from '../../src/executors/gpu/index.ts';
import { filledLike, zerosLike } from '../../src/tensor/operand.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import type { Value } from '../../src/tensor/value.ts';
import { type Chain, isSmall, perRepetition, type Row, show } from './table.ts';
import { torchRows } from './torch.ts';

async function chain(t: number, n: number, count: number, workgroups: boolean): Promise<Chain> {
  const f = await compile(
    ({ a, b }) => {
      let h: Value = b!;
      const zero = zerosLike(b!, [n]);
      for (let k = 0; k < count; k++) h = linearScan(a!, h, zero, 0, { reverse: k % 2 === 1 });
      return { h, a: slice(a!, 0, 0, t), corner: slice(slice(h, 0, 0, 1), 1, 0, 1) };
    },
    { a: { shape: [t, n] }, b: { shape: [t, n] } },
    { backend: 'webgpu', workgroups, keep: { b: 'h', a: 'a' } },
  );
  const halves = new Float32Array(t * n).fill(0.5);
  await f({ a: halves, b: halves });
  return { call: () => f({}), dispose: f.dispose };
}

/** Whether the last states of sums of whole numbers are exact, so that no element was read or written elsewhere. */
async function isExact(t: number, n: number): Promise<boolean> {
  const f = await compile(
    ({ b }) => {
      const h = linearScan(filledLike(b!, 1, b!.shape), b!, zerosLike(b!, [n]), 0);
      return { last: slice(h, 0, t - 1, t) };
    },
    { b: { shape: [t, n] } },
    { backend: 'webgpu' },
  );
  const b = new Float32Array(t * n);
  const sums = new Float32Array(n);
  for (let i = 0; i < b.length; i++) {
    b[i] = ((i * 7) % 5) - 2;
    sums[i % n]! += b[i]!;
  }
  const { last } = await f({ b });
  await f.dispose();
  return sums.every((sum, c) => sum === last![c]);
}

/** Whether states that stay finite are exact where products of decays, powers of 2, overflow (growth first) or underflow. */
async function isInRange(t: number): Promise<boolean> {
  const cycle = [70, 70, -70, -70];
  const f = await compile(
    ({ a, h }) => ({ h: linearScan(a!, zerosLike(a!, [t, 2]), h!, 0) }),
    { a: { shape: [t, 2] }, h: { shape: [2] } },
    { backend: 'webgpu' },
  );
  const powers = Array.from({ length: 2 * t }, (_, i) => cycle[((i >> 1) + 2 * (i % 2)) % 4]!);
  const { h } = await f({ a: Float32Array.from(powers, (e) => 2 ** e), h: Float32Array.of(2 ** -60, 2 ** 60) });
  await f.dispose();
  const exponents = [-60, 60];
  return powers.every((e, i) => {
    exponents[i % 2]! += e;
    return h![i] === 2 ** exponents[i % 2]!;
  });
}

export async function scans(): Promise<Row[]> {
  const rows: Row[] = [show({ t: 4096, isInRange: await isInRange(4096) })];
  for (const n of isSmall ? [8] : [256, 2048]) {
    for (const t of isSmall ? [100] : [1024, 4096, 16384, 65536]) {
      for (const workgroups of [true, false]) {
        // without workgroups, kernels count in single precision
        if (!workgroups && t * n > 2 ** 24) continue;
        const many = t * n > 2 ** 26 ? 5 : 9;
        const seconds = await perRepetition((count) => chain(t, n, count, workgroups), [1, many]);
        rows.push(
          show({
            t,
            n,
            kernel: workgroups ? 'chunks' : 'loops',
            microseconds: Math.round(seconds.median * 1e6),
            from: Math.round(seconds.low * 1e6),
            to: Math.round(seconds.high * 1e6),
            gigabytesPerSecond: Math.round((12 * t * n) / seconds.median / 1e9),
          }),
        );
      }
      rows.push(show({ t, n, isExact: await isExact(t, n) }));
    }
  }
  return isSmall ? rows : [...rows, ...torchRows('scans').map(show)];
}
