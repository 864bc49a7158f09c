/**
 * @file Times retention in three modes, forward and backward: batch 1, 4 heads, 512 tokens, 64 key channels, 64 value channels.
 */
import { vjp } from '../../src/autograd/vjp.ts';
import { compile } from '../../src/executors/gpu/index.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { retnetDecays } from '../../src/nn/multi-head-retention.ts';
import { retentionIn } from '../../src/nn/retention/modes.ts';
import { filledLike, zerosLike } from '../../src/tensor/operand.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { isSmall, milliseconds, type Row, show, timed } from './table.ts';
import { torchRows } from './torch.ts';

const [h, t, d] = isSmall ? [2, 6, 4] : [4, 512, 64];

export async function retention(): Promise<Row[]> {
  const rows: Row[] = [];
  const shape = [1, h, t, d];
  const modes: readonly Mode[] = [{ name: 'parallel' }, { name: 'chunkwise', chunkSize: 64 }, { name: 'recurrent' }];
  for (const mode of modes) {
    for (const what of ['forward', 'forward and backward']) {
      const f = await compile(
        ({ q, k, v }) => {
          const run = (x: { q: typeof q; k: typeof k; v: typeof v }) =>
            retentionIn(mode)({ q: x.q!, k: x.k!, v: x.v!, decay: retnetDecays(h) }, zerosLike(q!, [1, h, d, d]))
              .output;
          // operands stay on the device, as in PyTorch
          const kept = { keptQ: q!, keptK: k!, keptV: v! };
          if (what === 'forward') return { ...kept, y: sum(run({ q, k, v }), [0, 1, 2]) };
          const { value, pullback } = vjp(
            (x: { q: NonNullable<typeof q>; k: NonNullable<typeof k>; v: NonNullable<typeof v> }) => run(x),
            { q: q!, k: k!, v: v! },
          );
          const gradients = pullback(filledLike(value, 1, value.shape));
          const few = (x: typeof value) => sum(slice(x, 2, 0, 1), [0, 1, 2]);
          return { ...kept, q: few(gradients.q), k: few(gradients.k), v: few(gradients.v) };
        },
        { q: { shape }, k: { shape }, v: { shape } },
        { backend: 'webgpu', keep: { q: 'keptQ', k: 'keptK', v: 'keptV' } },
      );
      const x = new Float32Array(h * t * d).map((_, i) => (((i * 7) % 13) - 6) / 8);
      await f({ q: x, k: x, v: x });
      const spread = await timed(() => f({}), 0.5);
      rows.push(
        show({
          mode: mode.name,
          what,
          milliseconds: milliseconds(spread.median),
          from: milliseconds(spread.low),
          to: milliseconds(spread.high),
          kernels: f.ran.work.kernels,
          compileSeconds: Number(f.ran.compileSeconds.toFixed(2)),
        }),
      );
      await f.dispose();
    }
  }
  return isSmall ? rows : [...rows, ...torchRows('retention').map(show)];
}
