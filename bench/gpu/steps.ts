/** @file One training step of DenseRetNet (forward, backward, clipping, AdamW) beside PyTorch's, eager and compiled. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../../src/executors/gpu/index.ts';
import { factorsOf, trainingSteps } from '../../src/training/index.ts';
import { configOf, drawBatches, initialList, rate, type Size, trainingOf } from './model.ts';
import { milliseconds, type Row, show, timed } from './table.ts';
import { torchRows } from './torch.ts';

const sizes: readonly Size[] = [
  { width: 128, heads: 2, layers: 4, batch: 16, length: 128 },
  { width: 256, heads: 4, layers: 6, batch: 16, length: 256 },
  { width: 256, heads: 4, layers: 6, batch: 8, length: 512 },
  { width: 512, heads: 4, layers: 8, batch: 16, length: 256 },
];

/** Steps in one call. */
const unrolled = 4;

export async function steps(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    const training = trainingOf(size, unrolled);
    const { equation, inputs, keep } = trainingSteps(training);
    const params = initialList(size);
    const name = `${(params.length / 1e6).toFixed(2)} M, ${size.batch} × ${size.length}`;
    const f = await compile(equation, inputs, { backend: 'webgpu', keep });
    const factors = Float32Array.from(factorsOf(training.optimizer, () => rate, 1, unrolled));
    const zeros = new Float32Array(params.length);
    const batches = drawBatches(size, 0, unrolled);
    const { losses } = await f({ params, first: zeros, second: zeros, factors, ...batches });
    const spread = await timed(() => f({ factors, ...batches }), 2);
    const { work, compileSeconds, adapter } = f.ran;
    rows.push(
      show({
        size: name,
        by: 'ours',
        milliseconds: milliseconds(spread.median / unrolled),
        from: milliseconds(spread.low / unrolled),
        to: milliseconds(spread.high / unrolled),
        kernels: work.kernels / unrolled,
        distinct: work.distinct,
        megabytes: Math.round(work.bytes / 1e6),
        compileSeconds: Number(compileSeconds.toFixed(1)),
        losses: losses!.join(' '),
        adapter: String(adapter),
      }),
    );
    await f.dispose();

    const folder = mkdtempSync(join(tmpdir(), 'steps-'));
    writeFileSync(
      join(folder, 'model.json'),
      JSON.stringify({
        name,
        size,
        config: configOf(size),
        shapes: training.shapes,
        optimizer: training.optimizer,
        rate,
        clip: 1,
        steps: unrolled,
      }),
    );
    for (const [file, numbers] of Object.entries({ params, ...batches }))
      writeFileSync(join(folder, `${file}.f32`), new Uint8Array(numbers.buffer));
    rows.push(...torchRows('steps', folder).map(show));
  }
  return rows;
}
