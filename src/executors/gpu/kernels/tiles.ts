/**
 * @file Writes tiled matrix products. A workgroup loads a tile of both operands into shared memory, and uses each element many
 * times.
 */
import type { Workgroup } from '../text/kernel.ts';
import { type Axis, axesOfOne, type MatrixAxes, merged } from '../text/places.ts';
import { type Argument, passedStart, startName } from '../text/script.ts';
import { mostElementsOn, mostWorkgroups, type Target, type TileShape } from '../text/target.ts';
import type { Read, Resident } from '../values/numbers.ts';
import { type Band, gridOf, spansOf } from './bands.ts';
import { areVec4, type Loader, loaderOf, offsetFunction, range, type Side } from './tile-loaders.ts';

/** A tile, and the number of parts of the sum (split-K). Each part has its own workgroups. */
export interface Tiling extends TileShape {
  readonly splits: number;
}

const large = { m: 128, n: 128, threadM: 8, threadN: 8, lanes: 4, unrolled: true, together: 2, start: 3.5 };
const looped = { unrolled: false, start: 2 };

/**
 * A tile for one product that reads both operands along its rows and columns. Where an operand is transposed on its way into workgroup
 * memory, and where a kernel chooses among several products, it takes more time than two steps of the next tile.
 */
const deep: TileShape = { ...large, k: 16, step: 1.42, steps: 2.82 };

/** The tiles for all products, with times fitted to those of training steps on an H200 (docs/gpu-performance.md). */
const general: readonly TileShape[] = [
  { ...large, k: 8, step: 0.79, steps: 1.49 },
  { m: 128, n: 64, k: 16, threadM: 8, threadN: 4, ...looped, together: 3, step: 0.99, steps: 2.33 },
  { m: 64, n: 64, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.61, steps: 2.69 },
  { m: 64, n: 32, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.49, steps: 1.52 },
  { m: 32, n: 32, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.4, steps: 0.81 },
  { m: 64, n: 16, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.48, steps: 1 },
  { m: 16, n: 64, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.33, steps: 0.95 },
  { m: 32, n: 16, k: 16, threadM: 4, threadN: 4, ...looped, together: 6, step: 0.35, steps: 0.55 },
];

/** The tiles to choose from. */
export const tileShapes: readonly TileShape[] = [deep, ...general];

/** The device of these times: its number of multiprocessors, and bytes of memory traffic per microsecond. */
const device = { processors: 132, bytes: 3.5e6 };

/** Batch, rows, columns and depth of a matrix product. */
export type ProductSize = readonly [number, number, number, number];

/** Bytes of one tile of each operand in workgroup memory, in the largest layout. */
const tileBytes = ({ m, n, k }: TileShape): number => 16 * k * ((m + n) / 4 + 2);

/**
 * Time in microseconds of `groups` workgroups with at most `steps` steps each, of which they take a part on average. A multiprocessor
 * runs several workgroups at a time.
 */
function timeOf(
  { together, start, step, steps: shared }: TileShape,
  groups: number,
  steps: number,
  part: number,
): number {
  const each = Math.max(1, part * Math.ceil(groups / device.processors));
  const rest = each % together;
  const last = rest === 0 ? 0 : step + (Math.max(0, rest - 1) / Math.max(1, together - 1)) * (shared - step);
  // loading the first tile and writing the results take as long as about two steps
  return start + (steps + 2) * (Math.floor(each / together) * shared + last);
}

/** A tiling, and its estimated time in microseconds. */
export interface Choice {
  readonly tiling: Tiling;
  readonly time: number;
}

const totalOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

/** Restrictions of a tiling: the tiles that may be used; whether there is one product that transposes no operand; and its band. */
interface Restrictions {
  readonly isUsable?: (tile: TileShape) => boolean;
  readonly isStraight?: boolean;
  readonly band?: Band | null;
}

/** The part of the sums of a product that is in a band, by tiles. */
const partIn = (band: Band, tile: TileShape, depth: number): number => {
  const spans = spansOf(band, band.along === 'rows' ? tile.m : tile.n, tile.k);
  return totalOf(spans.map(({ first, end }) => end - first)) / (spans.length * depth);
};

/**
 * Chooses the tiling with the least estimated time for products of one depth in one kernel. Null without workgroups, and for
 * products too small or too large for tiles.
 */
export function chooseTiling(
  sizes: readonly ProductSize[],
  target: Target,
  { isUsable = () => true, isStraight = false, band = null }: Restrictions = {},
): Choice | null {
  const k = sizes[0]![3];
  if (!target.workgroups || sizes.some(([, m, n]) => m * n * k < 64)) return null;
  const size = totalOf(sizes.map(([batch, m, n]) => batch * m * n));
  const batches = sizes[0]![0];
  let best: Choice | null = null;
  for (const tile of target.tiles ?? (isStraight ? tileShapes : general)) {
    if (tileBytes(tile) > target.workgroupBytes || !isUsable(tile)) continue;
    const tiles = sizes.map(([, m, n]) => [Math.ceil(m / tile.m), Math.ceil(n / tile.n)] as const);
    if (Math.max(...[0, 1].map((side) => totalOf(tiles.map((own) => own[side]!)))) > mostWorkgroups) continue;
    for (const splits of target.splits === undefined ? [1, 2, 3, 4, 6, 8, 16] : [target.splits]) {
      if (splits * batches > mostWorkgroups || splits * size > mostElementsOn(target)) break;
      const chunk = Math.ceil(k / splits);
      if (splits > 1 && chunk < 2 * tile.k) break;
      const groups = batches * totalOf(tiles.map(([down, across]) => down * across));
      const part = band === null ? 1 : partIn(band, tile, k);
      const computing = timeOf(tile, groups * splits, Math.ceil(chunk / tile.k), part);
      // each further part is written once, and read once by the kernel that combines the parts
      const moving = (8 * (splits - 1) * size) / device.bytes;
      if (best === null || computing + moving < best.time)
        best = { tiling: { ...tile, splits }, time: computing + moving };
    }
  }
  return best;
}

const threadsPerWorkgroup = ({ m, n, threadM, threadN }: TileShape): number => (m / threadM) * (n / threadN);

/** Writes where the block of an invocation is in the tile. With joined rows, those of neighbours in one row took 15 % less time. */
function placeInTile({ n, threadN, lanes }: TileShape, joining: Joining): string {
  const across = n / threadN;
  if (lanes === undefined || joining === 'rows') return `let tx = local % ${across}u; let ty = local / ${across}u;`;
  const [wide, warps] = [32 / lanes, across / (32 / lanes)];
  return [
    'let warp = local / 32u; let lane = local % 32u;',
    `let tx = (warp % ${warps}u) * ${wide}u + lane % ${wide}u;`,
    `let ty = (warp / ${warps}u) * ${lanes}u + lane / ${wide}u;`,
  ].join('\n');
}

/**
 * Writes the text that accumulates and stores the results of one invocation. They are named `s{vec4 of rows}{row in it}{vec4 of columns}`
 * and are vec4.
 */
function blockOf(
  { m, n, threadM, threadN }: TileShape,
  rows: number,
  columns: number,
  isVector: boolean,
  which: string,
) {
  const [highs, wides] = [range(threadM / 4), range(threadN / 4)];
  const all = highs.flatMap((h) => range(4).map((i) => ({ h, i })));
  const write = (name: string, g: number): string =>
    isVector
      ? `  if (c${g} < ${columns}u) { result[(o + outColumn(${which}c${g})) / 4u] = ${name}; }`
      : range(4)
          .map(
            (j) =>
              `  if (c${g} + ${j}u < ${columns}u) { result[o + outColumn(${which}c${g} + ${j}u)] = ${name}.${'xyzw'[j]}; }`,
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
        ` if (row < ${rows}u) { let o = place + outRow(${which}row);`,
        ...wides.map((g) => write(`s${h}${i}${g}`, g)),
        ' } }',
      ]),
    ],
  };
}

/** A matrix product of two strided arrays. */
export interface Product {
  readonly a: Read;
  readonly b: Read;
  readonly axes: MatrixAxes;
  readonly sizes: ProductSize;
  /** Outside of it, sums are zero. */
  readonly band: Band | null;
}

/**
 * How products form one kernel: they are added, or their results are written one after another. These share A and its rows
 * (`columns`), or B and its columns (`rows`).
 */
export type Joining = 'sum' | 'columns' | 'rows';

/** The arrays of products, each once. */
export const arraysOf = (products: readonly Product[]): Resident[] => [
  ...new Set(products.flatMap(({ a, b }) => [a.array, b.array])),
];

/** The arguments of a kernel of products: their arrays, then the starts of parts of arrays. */
export function operandsOf(products: readonly Product[]): Argument[] {
  const starts = products.flatMap(({ a, b }) => [a, b].flatMap((read) => passedStart(read) ?? []));
  return [...arraysOf(products), ...new Map(starts.map((start) => [start.number, start])).values()];
}

/** Makes the loaders of both operands: both of vec4 or neither if they share an array. Null if several products need different ones. */
function loadersOf(products: readonly Product[], tiling: Tiling): [Loader, Loader] | null {
  const operands = operandsOf(products);
  const loader = (x: 'A' | 'B', isVec4: boolean): Loader | null => {
    const operand = x === 'A' ? 0 : 1;
    const sides = products.map(({ a, b, axes, sizes: [, m, n, k] }, which): Side => {
      const read = x === 'A' ? a : b;
      const { form, array } = read;
      const start = startName(operands, read);
      return {
        x,
        ...(products.length === 1 ? {} : { number: which }),
        array: `a${operands.indexOf(array)}`,
        form,
        start: start === null ? `${form.start}u` : `u32(params.user_${start})`,
        batch: axesOfOne(axes.batch, operand),
        side: axesOfOne(x === 'A' ? axes.rows : axes.columns, operand),
        summed: axesOfOne(axes.summed, operand),
        width: x === 'A' ? tiling.m : tiling.n,
        length: x === 'A' ? m : n,
        k: tiling.k,
        depth: k,
        threads: threadsPerWorkgroup(tiling),
        isVec4: isVec4 && array.size % 4 === 0,
      };
    });
    return loaderOf(sides);
  };
  const both = (isVec4: boolean): [Loader, Loader] | null => {
    const [left, right] = [loader('A', isVec4), loader('B', isVec4)];
    return left === null || right === null ? null : [left, right];
  };
  const loaders = both(true);
  const isShared = products.some(({ a }) => products.some(({ b }) => a.array === b.array));
  return isShared && loaders !== null && loaders[0].isVector !== loaders[1].isVector ? both(false) : loaders;
}

/** Sums of the numbers before each of a list. */
const startsOf = (lengths: readonly number[]): number[] => lengths.map((_, k) => totalOf(lengths.slice(0, k)));

/** Writes statements that find the part in which `place` is. They set `which` to its number, and `within` to the place in it. */
const whichOf = (place: string, starts: readonly number[], within: string): string[] => [
  `var which = 0u; var ${within} = ${place};`,
  ...starts
    .slice(1)
    .map((start, k) => `if (${place} >= ${start}u) { which = ${k + 1}u; ${within} = ${place} - ${start}u; }`),
];

/** Writes the depth of the product with a number; 0 past the last. */
const depthFunction = (depths: readonly number[]): string =>
  `fn depthOf(which : u32) -> u32 { ${depths.map((k, p) => `if (which == ${p}u) { return ${k}u; }`).join(' ')} return 0u; }`;

/** Writes the offsets in the results, as functions of `which`, if there are several, and the position. */
function outFunctions(name: string, axes: readonly (readonly Axis[])[]): string[] {
  if (axes.length === 1) return [offsetFunction(name, axes[0]!)];
  if (new Set(axes.map((own) => JSON.stringify(merged(own)))).size === 1)
    return [offsetFunction(`${name}0`, axes[0]!), `fn ${name}(which : u32, p : u32) -> u32 { return ${name}0(p); }`];
  const calls = axes.map((_, k) => `if (which == ${k}u) { return ${name}${k}(p); }`);
  return [
    ...axes.map((own, k) => offsetFunction(`${name}${k}`, own)),
    `fn ${name}(which : u32, p : u32) -> u32 { ${calls.join(' ')} return 0u; }`,
  ];
}

/** A key that is equal for products whose kernels have the same text. */
export function tiledKey(products: readonly Product[], tiling: Tiling, joining: Joining): string {
  const operands = operandsOf(products);
  const keyOf = (read: Read) => [
    operands.indexOf(read.array),
    read.array.size % 4,
    startName(operands, read) ?? read.form.start,
    read.form.start % 4,
  ];
  return JSON.stringify([
    joining,
    tiling,
    products.map(({ a, b, axes: { out: _, ...axes }, sizes, band }) => [keyOf(a), keyOf(b), axes, sizes, band]),
  ]);
}

/** Writes the kernel of a tiled product, or of several. Null if these do not fit into one kernel. */
export function tiledProduct(products: readonly Product[], tiling: Tiling, joining: Joining = 'sum'): Workgroup | null {
  const depths = products.map(({ sizes }) => sizes[3]);
  const isOne = products.length === 1;
  if (!isOne && depths.some((depth) => depth % tiling.k !== 0)) return null;
  const loaders = loadersOf(products, tiling);
  if (loaders === null) return null;
  const [left, right] = loaders;
  const { splits } = tiling;
  const isSum = joining === 'sum';
  const results = isSum ? [products[0]!] : products;
  const [batches] = products[0]!.sizes;
  const k = isSum ? totalOf(depths) : depths[0]!;
  const chunk = Math.ceil(k / splits / tiling.k) * tiling.k;
  const [batchOut, rowsOut, columnsOut] = (['batch', 'rows', 'columns'] as const).map((role) =>
    results.map(({ axes }) => axesOfOne(axes[role], 2)),
  ) as [Axis[][], Axis[][], Axis[][]];
  const sizes = results.map((own) => own.sizes[0] * own.sizes[1] * own.sizes[2]);
  const isVector = results.every(
    (_, t) => sizes[t]! % 4 === 0 && areVec4(columnsOut[t]!, [...rowsOut[t]!, ...batchOut[t]!], 0),
  );
  // rows or columns of several products are whole tiles
  const [rows, columns] = [1, 2].map((side) => Math.max(...results.map((own) => own.sizes[side]!))) as [number, number];
  const block = blockOf(tiling, rows, columns, isVector, isSum ? '' : 'which, ');
  const step = tiling.unrolled
    ? range(tiling.k).flatMap((j) => ['{', ...block.products(left, right, `${j}u`), '}'])
    : [`for (var j = 0u; j < ${tiling.k}u; j++) {`, ...block.products(left, right, 'j'), '}'];
  const isSumOfSeveral = isSum && !isOne;
  const offsets = [...left.offsets, ...right.offsets];
  const load = (at: string): string[] => [...left.load(at), ...right.load(at)];
  // the offsets change only where the next product begins
  const advance = [
    `k += ${tiling.k}u;`,
    `if (k1 == next) { which += 1u; k = 0u; next += depthOf(which);`,
    ...offsets,
    '}',
  ];
  const tilesOf = (side: 1 | 2): number[] =>
    results.map((own) => Math.ceil(own.sizes[side] / (side === 1 ? tiling.m : tiling.n)));
  const [tilesDown, tilesAcross] = [tilesOf(1), tilesOf(2)];
  const band = isOne ? products[0]!.band : null;
  const grid = gridOf(band, tiling);
  const tile = {
    sum: band === null ? [] : ['let span = spans[group.z];'],
    rows: whichOf(grid.down, startsOf(tilesDown), 'tile'),
    columns: whichOf(grid.across, startsOf(tilesAcross), 'tile'),
  }[joining];
  const starts = startsOf(sizes.map((size) => size * splits));
  const places = sizes.map((size, t) => `if (which == ${t}u) { place += ${starts[t]}u + split * ${size}u; }`);
  const wgsl = [
    ...left.declarations,
    ...right.declarations,
    ...outFunctions('outRow', rowsOut),
    ...outFunctions('outColumn', columnsOut),
    ...outFunctions('outBatch', batchOut),
    ...(isSumOfSeveral ? [depthFunction(depths)] : []),
    ...grid.spans,
    `@compute @workgroup_size(${threadsPerWorkgroup(tiling)})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    placeInTile(tiling, joining),
    `let one = ${grid.outer} / ${splits}u; let split = ${grid.outer} % ${splits}u;`,
    ...tile,
    `let originA = ${joining === 'rows' ? 'tile' : grid.down} * ${tiling.m}u;`,
    `let originB = ${joining === 'columns' ? 'tile' : grid.across} * ${tiling.n}u;`,
    ...(band === null
      ? [`let first = split * ${chunk}u; let last = min(${k}u, first + ${chunk}u);`]
      : [
          `let begin = split * ${chunk}u;`,
          `let first = max(span.y, begin); let last = min(min(span.z, ${k}u), begin + ${chunk}u);`,
        ]),
    ...left.places,
    ...right.places,
    ...(isSumOfSeveral ? [...whichOf('first', startsOf(depths), 'k'), 'var next = first - k + depthOf(which);'] : []),
    ...offsets,
    ...block.declarations,
    'if (first < last) {',
    ...load(isSumOfSeveral ? 'k' : 'first'),
    '}',
    `for (var k0 = first; k0 < last; k0 += ${tiling.k}u) {`,
    'workgroupBarrier();',
    ...left.store,
    ...right.store,
    'workgroupBarrier();',
    `let k1 = k0 + ${tiling.k}u;`,
    'if (k1 < last) {',
    ...(isSumOfSeveral ? [...advance, ...load('k')] : load('k1')),
    '}',
    ...step,
    '}',
    ...(isSum
      ? [`let place = split * ${sizes[0]}u + outBatch(one);`]
      : ['var place = outBatch(which, one);', ...places]),
    ...block.stores,
    '}',
  ].join('\n');
  const counts = [
    joining === 'columns' ? totalOf(tilesAcross) : tilesAcross[0]!,
    joining === 'rows' ? totalOf(tilesDown) : tilesDown[0]!,
    batches * splits,
  ];
  const arrays = arraysOf(products);
  const vectors = products.flatMap(({ a, b }) => [...(left.isVector ? [a] : []), ...(right.isVector ? [b] : [])]);
  const vec4Arrays = [...new Set(vectors.map(({ array }) => `a${arrays.indexOf(array)}`))];
  return {
    wgsl,
    groups: grid.order.map((role) => counts[role]!) as [number, number, number],
    vec4Arrays: isVector ? [...vec4Arrays, 'result'] : vec4Arrays,
  };
}
