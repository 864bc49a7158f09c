/** @file Times one training step of DenseRetNet (forward, backward, clipping, AdamW), here and in PyTorch, eager and compiled. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, type Tuning } from '../../src/executors/gpu/index.ts';
import { factorsOf, trainingSteps } from '../../src/training/index.ts';
import { configOf, drawBatches, initialList, rate, type Size, trainingOf } from './model.ts';
import { profile } from './profile.ts';
import { isSmall, milliseconds, type Row, show, timed } from './table.ts';
import { torchRows } from './torch.ts';

export const sizes: readonly Size[] = isSmall
  ? [{ width: 32, heads: 2, layers: 2, batch: 2, length: 5 }]
  : [
      { width: 128, heads: 2, layers: 4, batch: 16, length: 128 },
      { width: 256, heads: 4, layers: 6, batch: 16, length: 256 },
      { width: 256, heads: 4, layers: 6, batch: 8, length: 512 },
      { width: 512, heads: 4, layers: 8, batch: 16, length: 256 },
    ];

/** Number of steps in one call. */
const stepsPerCall = 4;

/** Times the step of densessm at a size, with a profile if `isProfiled`. */
export async function ours(size: Size, by = 'ours', tuning: Tuning = {}, isProfiled = false): Promise<Row[]> {
  const unrolled = stepsPerCall;
  const training = trainingOf(size, unrolled);
  const { equation, inputs, keep } = trainingSteps(training);
  const params = initialList(size);
  const f = await compile(equation, inputs, { backend: 'webgpu', keep, tuning });
  const factors = Float32Array.from(factorsOf(training.optimizer, () => rate, 1, unrolled));
  const zeros = new Float32Array(params.length);
  const batches = drawBatches(size, 0, unrolled);
  const { losses } = await f({ params, first: zeros, second: zeros, factors, ...batches });
  const spread = await timed(() => f({ factors, ...batches }), 2);
  const { work, compileSeconds, adapter } = f.ran;
  const row = show({
    size: nameOf(size, params.length),
    by,
    milliseconds: milliseconds(spread.median / unrolled),
    from: milliseconds(spread.low / unrolled),
    to: milliseconds(spread.high / unrolled),
    kernels: work.kernels / unrolled,
    distinct: work.distinct,
    megabytes: Math.round(work.bytes / 1e6),
    compileSeconds: Number(compileSeconds.toFixed(1)),
    losses: losses!.join(' '),
    adapter: String(adapter),
  });
  const parts = isProfiled ? await profile(f, nameOf(size, params.length), unrolled) : [];
  await f.dispose();
  return [row, ...parts];
}

const nameOf = ({ batch, length }: Size, count: number): string =>
  `${(count / 1e6).toFixed(2)} M, ${batch} × ${length}`;

/** Times the step of PyTorch at a size, from the same parameters on the same batches. */
export function theirs(size: Size, unrolled = stepsPerCall): Row[] {
  const { shapes, optimizer, clip } = trainingOf(size, unrolled);
  const params = initialList(size);
  const folder = mkdtempSync(join(tmpdir(), 'steps-'));
  const model = {
    name: nameOf(size, params.length),
    size,
    config: configOf(size),
    shapes,
    optimizer,
    rate,
    clip,
    steps: unrolled,
  };
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  for (const [file, numbers] of Object.entries({ params, ...drawBatches(size, 0, unrolled) })) {
    writeFileSync(join(folder, `${file}.f32`), new Uint8Array(numbers.buffer));
  }
  return torchRows('steps', folder).map(show);
}

export async function steps(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await ours(size, 'ours', {}, true)));
  return rows;
}

export async function stepsOfTorch(): Promise<Row[]> {
  return isSmall ? [] : sizes.flatMap((size) => theirs(size));
}
