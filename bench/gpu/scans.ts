/** @file Times the recurrence h_t = a_t h_{t−1} + b_t, by chunks side by side and by loops. */
import { compile } from '../../src/executors/gpu/index.ts';
import { zerosLike } from '../../src/tensor/operand.ts';
import { linearScan } from '../../src/tensor/primitives/linear-scan.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import type { Value } from '../../src/tensor/value.ts';
import { isSmall, perRepetition, type Row, type Spread, show, timed } from './table.ts';
import { torchRows } from './torch.ts';

async function chain(t: number, n: number, count: number, workgroups: boolean): Promise<Spread> {
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
  const spread = await timed(() => f({}), 0.3);
  await f.dispose();
  return spread;
}

export async function scans(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const n of isSmall ? [8] : [256, 2048]) {
    for (const t of isSmall ? [100] : [1024, 4096, 16384, 65536]) {
      if (t * n > 2 ** 24) {
        rows.push(show({ t, n, note: 'more than 2^24 elements, which the executor refuses' }));
        continue;
      }
      for (const workgroups of [true, false]) {
        const seconds = perRepetition(await chain(t, n, 1, workgroups), await chain(t, n, 9, workgroups), 8);
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
    }
  }
  return isSmall ? rows : [...rows, ...torchRows('scans').map(show)];
}
