/** @file Compares settings of the executor: tiles of matrix products, elements per invocation, kernels per submission. */

import { type Compiled, compile, type Tuning } from '../../src/executors/gpu/index.ts';
import { tileShapes } from '../../src/executors/gpu/kernels/tiles.ts';
import type { TileShape } from '../../src/executors/gpu/text/target.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import type { Value } from '../../src/tensor/value.ts';
import { ours, sizes } from './steps.ts';
import { isSmall, type Row, show } from './table.ts';

/** Compiles a function for timing. */
const compiled = (
  fn: (x: Readonly<Record<string, Value>>) => Value,
  shapes: Readonly<Record<string, readonly number[]>>,
  tuning: Tuning,
): Promise<Compiled> =>
  compile((x) => ({ y: fn(x) }), Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }])), {
    backend: 'webgpu',
    tuning,
  });

/** Least time of the longest kernel of each function, in seconds. Times the functions in turn, as clock rates change. */
async function inTurns(functions: readonly Compiled[]): Promise<number[]> {
  const least = functions.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < (isSmall ? 1 : 6); turn++) {
    for (const [i, f] of functions.entries()) {
      const { kernels } = await f.profile();
      least[i] = Math.min(least[i]!, Math.max(...kernels.map(({ seconds }) => seconds)));
    }
  }
  for (const f of functions) await f.dispose();
  return least;
}

/** Matrix products of training steps: einsum, shapes of the operands, numbers of parts of the sum. */
const work: readonly (readonly [string, readonly number[], readonly number[], readonly number[]])[] = isSmall
  ? [['ij,jk->ik', [48, 64], [64, 32], [1]]]
  : [
      ['ij,kj->ik', [4096, 1024], [512, 1024], [1, 2]],
      ['ij,jk->ik', [4096, 512], [512, 1024], [1, 2]],
      ['ji,jk->ik', [4096, 1024], [4096, 512], [4, 8]],
      ['ij,kj->ik', [4096, 256], [512, 256], [1, 2]],
      ['ij,jk->ik', [4096, 512], [512, 256], [1, 2]],
      ['ji,jk->ik', [4096, 256], [4096, 128], [8, 16]],
      ['bij,bjk->bik', [64, 256, 256], [64, 256, 256], [1]],
      ['bij,bkj->bik', [32, 512, 128], [32, 512, 128], [1]],
      ['bij,bkj->bik', [32, 512, 32], [32, 512, 32], [1]],
      ['bij,bjk->bik', [64, 256, 256], [64, 256, 64], [1, 2]],
      ['ij,kj->ik', [2048, 128], [256, 128], [1, 2]],
      ['ij,kj->ik', [4096, 512], [16, 512], [1, 4]],
      ['ij,kj->ik', [4096, 16], [512, 16], [1]],
      ['ij,jk->ik', [2048, 2048], [2048, 2048], [1]],
    ];

const unfitted = { together: 1, start: 0, step: 1, steps: 1 };
const unrolled = { ...unfitted, unrolled: true };
const looped = { ...unfitted, unrolled: false };

/** Tiles to compare: those of the executor, and others. */
const variants: readonly TileShape[] = [
  ...tileShapes,
  { ...looped, m: 128, n: 128, k: 8, threadM: 8, threadN: 8 },
  { ...unrolled, m: 128, n: 128, k: 16, threadM: 8, threadN: 8 },
  { ...looped, m: 64, n: 128, k: 16, threadM: 4, threadN: 8 },
  { ...unrolled, m: 128, n: 64, k: 8, threadM: 8, threadN: 4 },
  { ...unrolled, m: 128, n: 64, k: 8, threadM: 8, threadN: 8 },
  { ...unrolled, m: 64, n: 64, k: 8, threadM: 8, threadN: 8 },
  { ...unrolled, m: 256, n: 128, k: 8, threadM: 16, threadN: 8 },
  { ...unrolled, m: 128, n: 256, k: 8, threadM: 8, threadN: 16 },
];

/** Times every tile on every product. */
async function tiles(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [letters, a, b, parts] of work) {
    const own = variants.flatMap((tile) => parts.map((splits) => ({ tile, splits })));
    const functions: Compiled[] = [];
    for (const { tile, splits } of own) {
      functions.push(await compiled((x) => einsum(letters, x.a!, x.b!), { a, b }, { tiles: [tile], splits }));
    }
    const columns = functions[0]!.outputs.y!.shape.at(-1)!;
    const operations = 2 * a.reduce((x, y) => x * y, 1) * columns;
    const times = (await inTurns(functions)).map((seconds, i) => {
      const { m, n, k, threadM, threadN, unrolled: isUnrolled } = own[i]!.tile;
      return {
        product: `${letters} ${a} ${b}`,
        tile: `${m}x${n}x${k} by ${threadM}x${threadN}${isUnrolled ? ' unrolled' : ''}`,
        splits: own[i]!.splits,
        microseconds: Number((seconds * 1e6).toFixed(1)),
        gflops: Math.round(operations / seconds / 1e9),
      };
    });
    for (const row of times.toSorted((x, y) => x.microseconds - y.microseconds)) rows.push(row);
    for (const row of rows.slice(-times.length).slice(0, 6)) show(row);
  }
  return rows;
}

/** Times numbers of elements per invocation, in kernels with two reads and with an elementary function. */
async function spreading(): Promise<Row[]> {
  const n = isSmall ? 64 : 2 ** 22;
  const own = [64, 128, 256].flatMap((threads) => [1, 2, 4, 8].map((each) => ({ threads, each })));
  const kinds = {
    product: { fn: ({ x, y }: Readonly<Record<string, Value>>) => mul(x!, y!), shapes: { x: [n], y: [n] } },
    gate: { fn: ({ x }: Readonly<Record<string, Value>>) => mul(x!, sigmoid(x!)), shapes: { x: [n] } },
    scaled: {
      fn: ({ x, y }: Readonly<Record<string, Value>>) => mul(x!, y!),
      shapes: { x: [n / 64, 64], y: [n / 64, 1] },
    },
  };
  const rows: Row[] = [];
  for (const [kind, { fn, shapes }] of Object.entries(kinds)) {
    const functions: Compiled[] = [];
    for (const way of own) functions.push(await compiled(fn, shapes, { spreading: way }));
    const times = await inTurns(functions);
    own.forEach((way, i) => void rows.push(show({ kind, ...way, microseconds: Number((times[i]! * 1e6).toFixed(1)) })));
  }
  return rows;
}

/** Times a training step with other settings. */
async function choices(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kernelsAtOnce of [0, 16, 100_000]) {
    rows.push(...(await ours(sizes[0]!, `${kernelsAtOnce} kernels at once`, { kernelsAtOnce })));
  }
  for (const launchBytes of [0, 1e9]) {
    rows.push(...(await ours(sizes[0]!, `${launchBytes} bytes a launch`, { launchBytes })));
  }
  return rows;
}

export const tuning = async (): Promise<Row[]> => [...(await tiles()), ...(await spreading()), ...(await choices())];
