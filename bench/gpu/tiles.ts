/**
 * @file Times tiles on the products of a training step, in all layouts: each operand contiguous along its side, or along the sum. Also times
 * them in kernels of several products.
 */
import { type Compiled, compile } from '../../src/executors/gpu/index.ts';
import { tileShapes } from '../../src/executors/gpu/kernels/tiles.ts';
import type { TileShape } from '../../src/executors/gpu/text/target.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import type { Value } from '../../src/tensor/value.ts';
import { isSmall, type Row, show } from './table.ts';

const [deep, shallow] = tileShapes as [TileShape, TileShape];
const { step, steps } = deep;

/** The large tiles of the executor, and those of 128 × 128 with the other order of invocations. */
const tilesByName: Readonly<Record<string, TileShape>> = {
  ...Object.fromEntries(
    tileShapes.filter(({ m, n }) => m * n >= 4096).map((tile) => [`${tile.m} × ${tile.n} × ${tile.k}`, tile]),
  ),
  '128 × 128 × 8 in blocks': { ...shallow, lanes: 4 },
  '128 × 128 × 16 in rows': { ...shallow, k: 16, step, steps },
};

/** Batch, rows, columns and depth of products. */
const shapes: readonly (readonly [number, number, number, number])[] = isSmall
  ? [[1, 48, 32, 64]]
  : [
      [1, 4096, 1024, 512],
      [1, 4096, 512, 1024],
      [1, 1024, 512, 4096],
      [64, 256, 256, 256],
    ];

const layouts = { 'sum, sum': ['ik', 'jk'], 'sum, side': ['ik', 'kj'], 'side, side': ['ki', 'kj'] } as const;

/** A function of products, and its number of multiplications. */
interface Work {
  readonly fn: (x: Readonly<Record<string, Value>>) => Readonly<Record<string, Value>>;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[] }>>;
  readonly multiplications: number;
}

function alone([b, i, j, k]: (typeof shapes)[number], [left, right]: readonly [string, string]): Work {
  const shapeOf = (letters: string): number[] => [b, ...[...letters].map((letter) => ({ i, j, k })[letter]!)];
  return {
    fn: ({ x, y }) => ({ z: einsum(`b${left},b${right}->bij`, x!, y!) }),
    inputs: { x: { shape: shapeOf(left) }, y: { shape: shapeOf(right) } },
    multiplications: b * i * j * k,
  };
}

/** Products of a layer that share an operand: of a layer's input with its weights, of gradients with that input, and a sum of products. */
function joined(): Readonly<Record<string, Work>> {
  const [tokens, width, widths] = isSmall ? [64, 32, [32, 32]] : [4096, 512, [1024, 1024, 256, 256]];
  const sizeOf = (own: readonly number[]): number => tokens * width * own.reduce((sum, n) => sum + n, 0);
  const multiplications = sizeOf(widths);
  // a kernel may read 7 arrays
  const added = widths.slice(0, 3);
  const weights = Object.fromEntries(widths.map((n, w) => [`w${w}`, { shape: [n, width] }]));
  const gradients = Object.fromEntries(widths.map((n, w) => [`g${w}`, { shape: [tokens, n] }]));
  const x = { shape: [tokens, width] };
  const each = (product: (w: number) => Value): Record<string, Value> =>
    Object.fromEntries(widths.map((_, w) => [`z${w}`, product(w)]));
  return {
    'columns joined': {
      fn: (own) => each((w) => einsum('ik,jk->ij', own.x!, own[`w${w}`]!)),
      inputs: { x, ...weights },
      multiplications,
    },
    'rows joined': {
      fn: (own) => each((w) => einsum('ki,kj->ij', own[`g${w}`]!, own.x!)),
      inputs: { x, ...gradients },
      multiplications,
    },
    'sum of products': {
      fn: (own) => ({ z: added.map((_, w) => einsum('ik,kj->ij', own[`g${w}`]!, own[`w${w}`]!)).reduce(add) }),
      inputs: Object.fromEntries(
        added.flatMap((_, w) => [`w${w}`, `g${w}`].map((name) => [name, { ...weights, ...gradients }[name]!])),
      ),
      multiplications: sizeOf(added),
    },
  };
}

/** Least time of the products of each function, in seconds, and their workgroups. Times the functions in turn, as clock rates change. */
async function inTurns(functions: readonly Compiled[]): Promise<{ seconds: number; groups: string }[]> {
  const least = functions.map(() => ({ seconds: Number.POSITIVE_INFINITY, groups: '' }));
  for (let turn = 0; turn < (isSmall ? 1 : 3); turn++) {
    for (const [i, f] of functions.entries()) {
      const products = (await f.profile()).kernels.filter(({ workgroup }) => workgroup?.wgsl.includes('tileA'));
      const seconds = products.reduce((sum, kernel) => sum + kernel.seconds, 0);
      const groups = products.map(({ workgroup }) => workgroup!.groups.join(' × ')).join(', ');
      if (seconds < least[i]!.seconds) least[i] = { seconds, groups };
    }
  }
  for (const f of functions) await f.dispose();
  return least;
}

/** Times every tile on every product. */
export async function tiles(): Promise<Row[]> {
  const rows: Row[] = [];
  const works = Object.fromEntries(
    shapes.flatMap((shape) =>
      Object.entries(layouts).map(([layout, letters]) => [`${shape.join(' × ')}, ${layout}`, alone(shape, letters)]),
    ),
  );
  for (const [product, { fn, inputs, multiplications }] of Object.entries({ ...works, ...joined() })) {
    const functions: Compiled[] = [];
    for (const tile of Object.values(tilesByName))
      functions.push(await compile(fn, inputs, { backend: 'webgpu', tuning: { tiles: [tile] } }));
    for (const [t, { seconds, groups }] of (await inTurns(functions)).entries()) {
      const tile = Object.keys(tilesByName)[t]!;
      const gflops = Math.round((2 * multiplications) / seconds / 1e9);
      rows.push(show({ product, tile, groups, microseconds: Number((seconds * 1e6).toFixed(1)), gflops }));
    }
  }
  return rows;
}
