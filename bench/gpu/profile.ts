/** @file Where the time of a training step goes: kernels by kind and by text, each timed by itself. */
import { writeFileSync } from 'node:fs';
import { compile, type KernelTime } from '../../src/executors/gpu/index.ts';
import { factorsOf, trainingSteps } from '../../src/training/index.ts';
import { drawBatches, initialList, rate, trainingOf } from './model.ts';
import { sizes } from './steps.ts';
import { milliseconds, type Row, show } from './table.ts';

const kinds: readonly [string, (kernel: KernelTime) => boolean][] = [
  ['products', ({ workgroup }) => workgroup?.wgsl.includes('tileA') ?? false],
  ['sums and largest', ({ workgroup }) => workgroup?.wgsl.includes('partial') ?? false],
  ['rows of tables', ({ workgroup }) => workgroup?.wgsl.includes('marks') ?? false],
  ['others, a thread a number', ({ workgroup }) => workgroup === null],
];

export async function profile(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    const training = trainingOf(size, 1);
    const { equation, inputs, keep } = trainingSteps(training);
    const params = initialList(size);
    const f = await compile(equation, inputs, { backend: 'webgpu', keep });
    const zeros = new Float32Array(params.length);
    const factors = Float32Array.from(factorsOf(training.optimizer, () => rate, 1, 1));
    await f({ params, first: zeros, second: zeros, factors, ...drawBatches(size, 0, 1) });
    const { kernels, writing } = await f.profile();
    await f.dispose();
    const total = kernels.reduce((sum, { seconds }) => sum + seconds, 0);
    rows.push(
      show({
        parameters: params.length,
        kernels: kernels.length,
        milliseconds: milliseconds(total),
        writing: milliseconds(writing),
      }),
    );
    for (const [kind, is] of kinds) {
      const own = kernels.filter(is);
      const seconds = own.reduce((sum, kernel) => sum + kernel.seconds, 0);
      const bytes = own.reduce((sum, kernel) => sum + kernel.bytes, 0);
      rows.push(
        show({
          parameters: params.length,
          kind,
          kernels: own.length,
          milliseconds: milliseconds(seconds),
          gigabytes: Number((bytes / 1e9).toFixed(3)),
          share: Number((seconds / total).toFixed(3)),
        }),
      );
    }
    const folder = process.env.PROFILE;
    if (folder !== undefined) writeFileSync(`${folder}/profile-${params.length}.json`, JSON.stringify(kernels));
  }
  return rows;
}
