/** @file Times square matrix products on the device. Chains of two lengths cancel all other costs. */
import { compile, type Tuning } from '../../src/executors/gpu/index.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import type { Value } from '../../src/tensor/value.ts';
import { type Chain, isSmall, perRepetition, type Row, show } from './table.ts';
import { torchRows } from './torch.ts';

/** Compiles `count` products, one after another. */
export async function chain(
  n: number,
  count: number,
  workgroups: boolean,
  spec: string,
  tuning: Tuning = {},
): Promise<Chain> {
  const x = { shape: [n, n] };
  const f = await compile(
    (inputs) => {
      let y: Value = inputs.y!;
      for (let k = 0; k < count; k++) y = einsum(spec, inputs.x!, y);
      return { y, corner: slice(slice(y, 0, 0, 1), 1, 0, 1), x: slice(inputs.x!, 0, 0, n) };
    },
    { x, y: x },
    { backend: 'webgpu', workgroups, keep: { y: 'y', x: 'x' }, tuning },
  );
  const small = new Float32Array(n * n).map((_, i) => (((i * 7) % 13) - 6) / n / 4);
  await f({ x: small, y: small });
  return { call: () => f({}), dispose: f.dispose };
}

/** Lengths of a short and a long chain. */
export const counts = (n: number): readonly [number, number] => (n >= 2048 ? [1, 9] : [2, 34]);

export async function products(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const n of isSmall ? [48] : [256, 512, 1024, 2048, 4096]) {
    for (const [kernel, workgroups, spec] of [
      ['plain', false, 'ij,jk->ik'],
      ['tiled', true, 'ij,jk->ik'],
      ['tiled', true, 'ij,kj->ik'],
      ['tiled', true, 'ji,jk->ik'],
    ] as const) {
      // transpositions change only the loading of tiles, so two sizes are enough
      if (spec !== 'ij,jk->ik' && n !== 1024 && n !== 2048 && !isSmall) continue;
      const { median, low, high } = await perRepetition((count) => chain(n, count, workgroups, spec), counts(n));
      const rate = (seconds: number): number => Math.round((2 * n ** 3) / seconds / 1e9);
      rows.push(
        show({
          n,
          kernel,
          spec,
          gflops: rate(median),
          from: rate(high),
          to: rate(low),
          microseconds: Math.round(median * 1e6),
        }),
      );
    }
  }
  return isSmall ? rows : [...rows, ...torchRows('products').map(show)];
}
