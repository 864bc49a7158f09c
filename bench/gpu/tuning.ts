/** @file What the choices of the executor are worth: tiles of matrix products, numbers of a thread, kernels handed over at a time. */
import { compile, type Tuning } from '../../src/executors/gpu/index.ts';
import { type TileShape, tileShapes } from '../../src/executors/gpu/kernels/tiles.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import type { Value } from '../../src/tensor/value.ts';
import { ours, sizes } from './steps.ts';
import { isSmall, type Row, show } from './table.ts';

/** Seconds of the longest kernel of a function, timed by itself. */
async function longest(
  fn: (x: Readonly<Record<string, Value>>) => Value,
  shapes: Readonly<Record<string, readonly number[]>>,
  tuning: Tuning,
): Promise<number> {
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }]));
  const f = await compile((x) => ({ y: fn(x) }), inputs, { backend: 'webgpu', tuning });
  const { kernels } = await f.profile();
  await f.dispose();
  return Math.max(...kernels.map(({ seconds }) => seconds));
}

/** Products of a training step: letters, and the operands' shapes. */
const work: readonly (readonly [string, readonly number[], readonly number[]])[] = isSmall
  ? [['ij,jk->ik', [48, 64], [64, 32]]]
  : [
      ['ij,kj->ik', [4096, 1024], [512, 1024]],
      ['ij,jk->ik', [4096, 512], [512, 1024]],
      ['ji,jk->ik', [4096, 1024], [4096, 512]],
      ['ij,kj->ik', [4096, 256], [512, 256]],
      ['ij,jk->ik', [4096, 512], [512, 256]],
      ['bij,bjk->bik', [64, 256, 256], [64, 256, 256]],
      ['bij,bkj->bik', [32, 512, 128], [32, 512, 128]],
      ['bij,bkj->bik', [32, 512, 32], [32, 512, 32]],
      ['ij,jk->ik', [2048, 2048], [2048, 2048]],
    ];

const how = { fours: true, double: true, unrolled: false };
const square = { ...how, share: 1, threadM: 8, threadN: 8 };

/** Ways to write the kernels, and tiles. */
const variants: readonly (readonly [string, TileShape])[] = [
  ...[
    { ...how, double: false, fours: false },
    { ...how, double: false },
    how,
    { ...how, unrolled: true },
    { ...how, double: false, unrolled: true },
  ].flatMap((way) =>
    tileShapes.slice(0, 3).map((tile): [string, TileShape] => [
      Object.entries(way)
        .flatMap(([name, on]) => (on ? [name] : []))
        .join(' '),
      { ...tile, ...way },
    ]),
  ),
  ...[
    { ...square, m: 128, n: 128, k: 16 },
    { ...square, m: 128, n: 64, k: 8 },
    { ...square, m: 128, n: 64, k: 16 },
    { ...square, m: 64, n: 64, k: 8 },
    { ...square, m: 64, n: 64, k: 16 },
    { ...square, m: 64, n: 128, k: 16 },
    { ...square, m: 128, n: 128, k: 8, threadM: 16 },
    { ...square, m: 256, n: 64, k: 8 },
    { ...square, m: 64, n: 256, k: 8 },
    { ...square, m: 256, n: 128, k: 8, threadM: 16 },
    { ...square, m: 32, n: 64, k: 16, threadM: 4 },
    { ...square, m: 128, n: 32, k: 16, threadN: 4 },
    { ...square, m: 32, n: 128, k: 16, threadM: 4 },
  ].map((tile): [string, TileShape] => ['tile', tile]),
];

/** Every variant on every product, in one part and in several. */
async function tiles(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [letters, a, b] of work) {
    const operations =
      2 *
      a.reduce((x, y) => x * y, 1) *
      (letters.endsWith('bik') ? (letters.includes('bkj') ? b[1]! : b[2]!) : letters.includes('kj') ? b[0]! : b[1]!);
    for (const [name, tile] of variants) {
      for (const splits of isSmall ? [1] : [1, 2, 4]) {
        const seconds = await longest((x) => einsum(letters, x.a!, x.b!), { a, b }, { tiles: [tile], splits });
        rows.push({
          letters,
          a: a.join(' '),
          b: b.join(' '),
          name,
          tile: `${tile.m} ${tile.n} ${tile.k} ${tile.threadM} ${tile.threadN}`,
          splits,
          microseconds: Number((seconds * 1e6).toFixed(1)),
          gflops: Math.round(operations / seconds / 1e9),
        });
      }
    }
    const best = rows
      .filter((row) => row.a === a.join(' ') && row.letters === letters)
      .toSorted((x, y) => Number(y.gflops) - Number(x.gflops));
    for (const row of best.slice(0, 5)) show(row);
  }
  return rows;
}

/** Numbers of a thread, in kernels of two reads and of a function. */
async function spreading(): Promise<Row[]> {
  const rows: Row[] = [];
  const n = isSmall ? 64 : 2 ** 22;
  for (const threads of [64, 128, 256]) {
    for (const each of [1, 2, 4, 8]) {
      const tuning = { spreading: { threads, each } };
      const product = await longest(({ x, y }) => mul(x!, y!), { x: [n], y: [n] }, tuning);
      const gate = await longest(({ x }) => mul(x!, sigmoid(x!)), { x: [n] }, tuning);
      const scaled = await longest(({ x, y }) => mul(x!, y!), { x: [n / 64, 64], y: [n / 64, 1] }, tuning);
      const micro = (seconds: number): number => Number((seconds * 1e6).toFixed(1));
      rows.push(show({ threads, each, product: micro(product), gate: micro(gate), scaled: micro(scaled) }));
    }
  }
  return rows;
}

/** A training step under other choices. */
async function choices(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kernelsAtOnce of [0, 16, 100_000]) {
    rows.push(await ours(sizes[0]!, `${kernelsAtOnce} kernels at once`, { kernelsAtOnce }));
  }
  for (const launchBytes of [0, 1e9]) {
    rows.push(await ours(sizes[0]!, `${launchBytes} bytes a launch`, { launchBytes }));
  }
  return rows;
}

export const tuning = async (): Promise<Row[]> => [...(await spreading()), ...(await tiles()), ...(await choices())];
