/**
 * @file Writes tiled matrix products. A workgroup loads a tile of both operands into shared memory, and uses each element many
 * times.
 */
import type { Workgroup } from '../text/kernel.ts';
import type { Axis, MatrixAxes, MatrixAxis } from '../text/places.ts';
import { mostElementsOn, mostWorkgroups, type Target, type TileShape } from '../text/target.ts';
import type { Read } from '../values/numbers.ts';
import { areVec4, type Loader, loaderOf, offsetFunction, range } from './tile-loaders.ts';

/** A tile, and the number of parts of the sum (split-K). Each part has its own workgroups. */
export interface Tiling extends TileShape {
  readonly splits: number;
}

const looped = { unrolled: false, start: 2 };

/** The tiles to choose from, with times fitted to the products of training steps on an H200 (docs/gpu-performance.md). */
export const tileShapes: readonly TileShape[] = [
  { m: 128, n: 128, k: 8, threadM: 8, threadN: 8, unrolled: true, together: 2, start: 3.5, step: 0.79, steps: 1.49 },
  { m: 128, n: 64, k: 16, threadM: 8, threadN: 4, ...looped, together: 3, step: 0.99, steps: 2.33 },
  { m: 64, n: 64, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.61, steps: 2.69 },
  { m: 64, n: 32, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.49, steps: 1.52 },
  { m: 32, n: 32, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.4, steps: 0.81 },
  { m: 64, n: 16, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.48, steps: 1 },
  { m: 16, n: 64, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.33, steps: 0.95 },
  { m: 32, n: 16, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.35, steps: 0.55 },
];

/** The device of these times: its number of multiprocessors, and bytes of memory traffic per microsecond. */
const device = { processors: 132, bytes: 3.5e6 };

/** Batch, rows, columns and depth of a matrix product. */
export type ProductSize = readonly [number, number, number, number];

/** Bytes of one tile of each operand in workgroup memory, in the largest layout. */
const tileBytes = ({ m, n, k }: TileShape): number => 16 * k * ((m + n) / 4 + 2);

/** Time in microseconds of `groups` workgroups with `steps` steps each. A multiprocessor runs several workgroups at a time. */
function timeOf({ together, start, step, steps: shared }: TileShape, groups: number, steps: number): number {
  const each = Math.ceil(groups / device.processors);
  const rest = each % together;
  const last = rest === 0 ? 0 : step + ((rest - 1) / Math.max(1, together - 1)) * (shared - step);
  // loading the first tile and writing the results take as long as about two steps
  return start + (steps + 2) * (Math.floor(each / together) * shared + last);
}

/** Chooses the tiling with the least estimated time. Null without workgroups, and for products too small or too large for tiles. */
export function chooseTiling([batch, m, n, k]: ProductSize, target: Target): Tiling | null {
  if (!target.workgroups || m * n * k < 64) return null;
  let best: Tiling | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const tile of target.tiles ?? tileShapes) {
    if (tileBytes(tile) > target.workgroupBytes) continue;
    const [down, across] = [Math.ceil(m / tile.m), Math.ceil(n / tile.n)];
    if (Math.max(down, across) > mostWorkgroups) continue;
    for (const splits of target.splits === undefined ? [1, 2, 4, 8, 16] : [target.splits]) {
      if (splits * batch > mostWorkgroups || splits * batch * m * n > mostElementsOn(target)) break;
      const chunk = Math.ceil(k / splits);
      if (splits > 1 && chunk < 2 * tile.k) break;
      const computing = timeOf(tile, batch * down * across * splits, Math.ceil(chunk / tile.k));
      // each further part is written once, and read once by the kernel that combines the parts
      const moving = (8 * (splits - 1) * batch * m * n) / device.bytes;
      if (computing + moving < least) [best, least] = [{ ...tile, splits }, computing + moving];
    }
  }
  return best;
}

const threadsPerWorkgroup = ({ m, n, threadM, threadN }: TileShape): number => (m / threadM) * (n / threadN);

/** Axes with the strides of operand 0 or 1, or of the result (2). */
const axesOfOne = (axes: readonly MatrixAxis[], operand: number): Axis[] =>
  axes.map(({ length, steps }) => ({ length, steps: [steps[operand]!] }));

/**
 * Writes the text that accumulates and stores the results of one invocation. They are named `s{vec4 of rows}{row in it}{vec4 of columns}`
 * and are vec4.
 */
function blockOf({ m, n, threadM, threadN }: TileShape, rows: number, columns: number, isVector: boolean) {
  const [highs, wides] = [range(threadM / 4), range(threadN / 4)];
  const all = highs.flatMap((h) => range(4).map((i) => ({ h, i })));
  const write = (name: string, g: number): string =>
    isVector
      ? `  if (c${g} < ${columns}u) { result[(o + outColumn(c${g})) / 4u] = ${name}; }`
      : range(4)
          .map(
            (j) =>
              `  if (c${g} + ${j}u < ${columns}u) { result[o + outColumn(c${g} + ${j}u)] = ${name}.${'xyzw'[j]}; }`,
          )
          .join('\n');
  return {
    declarations: all.flatMap(({ h, i }) => wides.map((g) => `var s${h}${i}${g} = vec4<f32>();`)),
    /** Statements that add the products at depth j of the tiles. */
    products: (left: Loader, right: Loader, j: string): string[] => [
      ...highs.map((h) => `let x${h} = tileA[${j} * ${left.stride}u + ${(h * m) / threadM}u + ty];`),
      ...wides.map((g) => `let y${g} = tileB[${j} * ${right.stride}u + ${(g * n) / threadN}u + tx];`),
      ...all.flatMap(({ h, i }) =>
        wides.map((g) => `s${h}${i}${g} = fma(vec4<f32>(x${h}.${'xyzw'[i]}), y${g}, s${h}${i}${g});`),
      ),
    ],
    stores: [
      ...wides.map((g) => `let c${g} = originB + ${(g * 4 * n) / threadN}u + tx * 4u;`),
      ...all.flatMap(({ h, i }) => [
        `{ let row = originA + ${(h * 4 * m) / threadM + i}u + ty * 4u;`,
        ` if (row < ${rows}u) { let o = place + outRow(row);`,
        ...wides.map((g) => write(`s${h}${i}${g}`, g)),
        ' } }',
      ]),
    ],
  };
}

/** Makes the loaders of both operands. If both operands are the same array, either both loaders use vec4 or neither does. */
function loadersOf(a: Read, b: Read, axes: MatrixAxes, tiling: Tiling, [, m, n, k]: ProductSize): [Loader, Loader] {
  const loader = (x: 'A' | 'B', { form, array }: Read, isVec4: boolean): Loader => {
    const operand = x === 'A' ? 0 : 1;
    return loaderOf({
      x,
      array: x === 'A' || a.array === b.array ? 'a0' : 'a1',
      form,
      batch: axesOfOne(axes.batch, operand),
      side: axesOfOne(x === 'A' ? axes.rows : axes.columns, operand),
      summed: axesOfOne(axes.summed, operand),
      width: x === 'A' ? tiling.m : tiling.n,
      length: x === 'A' ? m : n,
      k: tiling.k,
      depth: k,
      threads: threadsPerWorkgroup(tiling),
      isVec4: isVec4 && array.size % 4 === 0,
    });
  };
  const both = (isVec4: boolean): [Loader, Loader] => [loader('A', a, isVec4), loader('B', b, isVec4)];
  const loaders = both(true);
  return a.array === b.array && loaders[0].isVector !== loaders[1].isVector ? both(false) : loaders;
}

/** Writes the kernel of a tiled product. */
export function tiledProduct(a: Read, b: Read, axes: MatrixAxes, tiling: Tiling, sizes: ProductSize): Workgroup {
  const [batches, m, n, k] = sizes;
  const { splits } = tiling;
  const across = tiling.n / tiling.threadN;
  const chunk = Math.ceil(k / splits / tiling.k) * tiling.k;
  const [left, right] = loadersOf(a, b, axes, tiling, sizes);
  const [batchOut, rowsOut, columnsOut] = [axes.batch, axes.rows, axes.columns].map((own) => axesOfOne(own, 2)) as [
    Axis[],
    Axis[],
    Axis[],
  ];
  const isVector = (batches * m * n) % 4 === 0 && areVec4(columnsOut, [...rowsOut, ...batchOut], 0);
  const block = blockOf(tiling, m, n, isVector);
  const step = tiling.unrolled
    ? range(tiling.k).flatMap((j) => ['{', ...block.products(left, right, `${j}u`), '}'])
    : [`for (var j = 0u; j < ${tiling.k}u; j++) {`, ...block.products(left, right, 'j'), '}'];
  const wgsl = [
    ...left.declarations,
    ...right.declarations,
    offsetFunction('outRow', rowsOut),
    offsetFunction('outColumn', columnsOut),
    offsetFunction('outBatch', batchOut),
    `@compute @workgroup_size(${threadsPerWorkgroup(tiling)})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    `let tx = local % ${across}u; let ty = local / ${across}u;`,
    `let one = group.z / ${splits}u; let split = group.z % ${splits}u;`,
    `let originA = group.y * ${tiling.m}u; let originB = group.x * ${tiling.n}u;`,
    'let baseA = startA + batchA(one); let baseB = startB + batchB(one);',
    `let first = split * ${chunk}u; let last = min(${k}u, first + ${chunk}u);`,
    ...left.places,
    ...right.places,
    ...block.declarations,
    'if (first < last) {',
    ...left.load('first'),
    ...right.load('first'),
    '}',
    `for (var k0 = first; k0 < last; k0 += ${tiling.k}u) {`,
    'workgroupBarrier();',
    ...left.store,
    ...right.store,
    'workgroupBarrier();',
    `let k1 = k0 + ${tiling.k}u;`,
    'if (k1 < last) {',
    ...left.load('k1'),
    ...right.load('k1'),
    '}',
    ...step,
    '}',
    `let place = split * ${batches * m * n}u + outBatch(one);`,
    ...block.stores,
    '}',
  ].join('\n');
  const names = a.array === b.array ? ['a0'] : ['a0', 'a1'];
  const vec4Arrays = names.filter((_, i) => [left, right][i]!.isVector);
  return {
    wgsl,
    groups: [Math.ceil(n / tiling.n), Math.ceil(m / tiling.m), batches * splits],
    vec4Arrays: isVector ? [...vec4Arrays, 'result'] : vec4Arrays,
  };
}
