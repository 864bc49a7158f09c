/** @file Matrix products in tiles: a group of threads reads a tile of both operands into shared memory and uses each number often. */
import type { Read } from '../expression.ts';
import type { Workgroup } from '../launches.ts';
import { mostGroups, mostNumbers, type Target } from '../target.ts';
import type { MatrixAxes } from './matmul.ts';
import { type Axis, merged } from './places.ts';

/** Sizes of a tiled product. */
export interface Tiling {
  /** Rows, columns and products of a tile. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Rows and columns of results of a thread, multiples of 4. */
  readonly threadM: number;
  readonly threadN: number;
  /** Into how many parts the sum is cut, each with groups of its own. */
  readonly splits: number;
}

/** Tiles, with the share of a device's peak that each was seen to reach where there is enough to do. */
const shapes = [
  { m: 128, n: 128, k: 8, threadM: 8, threadN: 8, share: 0.45 },
  { m: 128, n: 64, k: 16, threadM: 8, threadN: 4, share: 0.36 },
  { m: 64, n: 64, k: 16, threadM: 4, threadN: 4, share: 0.28 },
  { m: 32, n: 32, k: 16, threadM: 4, threadN: 4, share: 0.17 },
] as const;

/** A large device: multiprocessors, products of one each second, bytes of memory each second, seconds of one step along k. */
const device = { processors: 132, products: 2.2e11, bytes: 3e12, step: 0.6e-6 };

/** Batch, rows, columns and products of a matrix product. */
export type ProductSize = readonly [number, number, number, number];

/** The tiling that should take least time; null where there are no groups of threads, or products too few for tiles or too many. */
export function chooseTiling([batch, m, n, k]: ProductSize, target: Target): Tiling | null {
  if (!target.workgroups || m * n * k < 64) return null;
  let best: Tiling | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const { share, ...tile } of target.tile === undefined ? shapes : [shapes[target.tile]!]) {
    const [down, across] = [Math.ceil(m / tile.m), Math.ceil(n / tile.n)];
    if (Math.max(down, across) > mostGroups) continue;
    const groups = batch * down * across;
    for (const splits of [1, 2, 4, 8, 16]) {
      if (splits * batch > mostGroups || splits * batch * m * n > mostNumbers(target)) break;
      const chunk = Math.ceil(k / splits);
      if (splits > 1 && chunk < 2 * tile.k) break;
      const waves = Math.ceil((groups * splits) / device.processors);
      const steps = Math.ceil(chunk / tile.k);
      const computing = (waves * tile.m * tile.n * steps * tile.k) / (device.products * share);
      const moving = splits === 1 ? 0 : (8 * splits * batch * m * n) / device.bytes;
      const time = Math.max(computing, steps * device.step) + moving;
      if (time < least) [best, least] = [{ ...tile, splits }, time];
    }
  }
  return best;
}

/** A function from a position over axes to an offset. */
function offsetFunction(name: string, axes: readonly Axis[], operand: number): string {
  const kept = merged(axes.map(({ length, steps }) => ({ length, steps: [steps[operand]!] })));
  let rest = 'p';
  const terms = kept
    .toReversed()
    .map(({ length, steps }, back) => {
      const digit = back === kept.length - 1 ? rest : `(${rest} % ${length}u)`;
      rest = `(${rest} / ${length}u)`;
      return steps[0] === 0 ? '' : `${digit} * ${steps[0]}u`;
    })
    .filter((term) => term !== '');
  return `fn ${name}(p : u32) -> u32 { return ${terms.join(' + ') || '0u'}; }`;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** One operand of a tiled product: its rows, or its columns, and what is summed. */
interface Side {
  readonly x: 'A' | 'B';
  readonly array: string;
  /** Where the operand begins in its array. */
  readonly start: number;
  /** Rows or columns of a tile, and of the operand. */
  readonly width: number;
  readonly length: number;
  /** Whether neighbours in memory are neighbours along the sum. */
  readonly alongK: boolean;
  /** Whether tiles never reach beyond the operand. */
  readonly isWhole: boolean;
}

/** The text that brings an operand's tiles into shared memory: first into registers, so that reading goes on during the products. */
interface Loader {
  readonly declarations: readonly string[];
  readonly places: readonly string[];
  load(k0: string): readonly string[];
  readonly store: readonly string[];
  /** Fours between neighbours along the sum in shared memory. */
  readonly stride: number;
}

const threadsOf = ({ m, n, threadM, threadN }: Tiling): number => (m / threadM) * (n / threadN);

/** Each thread brings some fours of neighbours along rows (or columns). */
function loaderOf({ x, array, start, width, length, alongK, isWhole }: Side, tiling: Tiling): Loader {
  const fours = width / 4;
  const rounds = range((fours * tiling.k) / threadsOf(tiling));
  const stride = fours + 1;
  const place = (r: number): string => {
    const index = `(local + ${r * threadsOf(tiling)}u)`;
    return alongK
      ? `let k${x}${r} = ${index} % ${tiling.k}u; let w${x}${r} = ${index} / ${tiling.k}u;`
      : `let w${x}${r} = ${index} % ${fours}u; let k${x}${r} = ${index} / ${fours}u;`;
  };
  const offset = (r: number, i: number): string =>
    `let p${x}${r}${i} = origin${x} + w${x}${r} * 4u + ${i}u; let o${x}${r}${i} = base${x} + side${x}(p${x}${r}${i});`;
  const number = (r: number, i: number): string => {
    const read = `user_${array}[o${x}${r}${i} + d]`;
    return isWhole ? read : `select(0.0, ${read}, p${x}${r}${i} < ${length}u && inside)`;
  };
  return {
    declarations: [
      `var<workgroup> tile${x} : array<vec4<f32>, ${tiling.k * stride}>;`,
      `const start${x} : u32 = ${start}u;`,
    ],
    places: rounds.flatMap((r) => [place(r), ...range(4).map((i) => offset(r, i)), `var next${x}${r} : vec4<f32>;`]),
    load: (k0) =>
      rounds.flatMap((r) => [
        '{',
        `  let k = ${k0} + k${x}${r}; let d = depth${x}(k);${isWhole ? '' : ' let inside = k < last;'}`,
        `  next${x}${r} = vec4<f32>(${range(4)
          .map((i) => number(r, i))
          .join(', ')});`,
        '}',
      ]),
    store: rounds.map((r) => `tile${x}[k${x}${r} * ${stride}u + w${x}${r}] = next${x}${r};`),
    stride,
  };
}

/** The fours of results that a thread has, and the text that adds products to them and writes them: `s` row-four row column-four. */
function blockOf({ m, n, threadM, threadN }: Tiling, rows: number, columns: number) {
  const [highs, wides] = [range(threadM / 4), range(threadN / 4)];
  const all = highs.flatMap((h) => range(4).map((i) => ({ h, i })));
  const column = (g: number, j: number): string =>
    `  if (c${g} + ${j}u < ${columns}u) { result[o + outColumn(c${g} + ${j}u)]`;
  return {
    declarations: all.flatMap(({ h, i }) => wides.map((g) => `var s${h}${i}${g} = vec4<f32>();`)),
    products: (left: Loader, right: Loader): string[] => [
      ...highs.map((h) => `let x${h} = tileA[j * ${left.stride}u + ${(h * m) / threadM}u + ty];`),
      ...wides.map((g) => `let y${g} = tileB[j * ${right.stride}u + ${(g * n) / threadN}u + tx];`),
      ...all.flatMap(({ h, i }) =>
        wides.map((g) => `s${h}${i}${g} = fma(vec4<f32>(x${h}.${'xyzw'[i]}), y${g}, s${h}${i}${g});`),
      ),
    ],
    stores: all.flatMap(({ h, i }) => [
      `{ let row = originA + ${(h * 4 * m) / threadM + i}u + ty * 4u;`,
      ` if (row < ${rows}u) { let o = place + outRow(row);`,
      ...wides.flatMap((g) => [
        `  let c${g} = originB + ${(g * 4 * n) / threadN}u + tx * 4u;`,
        ...range(4).map((j) => `${column(g, j)} = s${h}${i}${g}.${'xyzw'[j]}; }`),
      ]),
      ' } }',
    ]),
  };
}

/** A product by tiles. */
export function tiledProduct(
  a: Read,
  b: Read,
  { batch, rows, columns, summed }: MatrixAxes,
  tiling: Tiling,
  [batches, m, n, k]: ProductSize,
): Workgroup {
  const { splits } = tiling;
  const across = tiling.n / tiling.threadN;
  const chunk = Math.ceil(k / splits / tiling.k) * tiling.k;
  const side = (x: 'A' | 'B', { form }: Read, array: string, width: number, length: number): Loader => {
    const alongK = summed.at(-1)?.steps[x === 'A' ? 0 : 1] === 1;
    const isWhole = k % tiling.k === 0 && length % width === 0;
    return loaderOf({ x, array, start: form.start, width, length, alongK, isWhole }, tiling);
  };
  const left = side('A', a, 'a0', tiling.m, m);
  const right = side('B', b, a.array === b.array ? 'a0' : 'a1', tiling.n, n);
  const block = blockOf(tiling, m, n);
  const wgsl = [
    offsetFunction('sideA', rows, 0),
    offsetFunction('depthA', summed, 0),
    offsetFunction('batchA', batch, 0),
    offsetFunction('sideB', columns, 1),
    offsetFunction('depthB', summed, 1),
    offsetFunction('batchB', batch, 1),
    offsetFunction('outRow', rows, 2),
    offsetFunction('outColumn', columns, 2),
    offsetFunction('outBatch', batch, 2),
    ...left.declarations,
    ...right.declarations,
    `@compute @workgroup_size(${threadsOf(tiling)})`,
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
    `if (k0 + ${tiling.k}u < last) { let k1 = k0 + ${tiling.k}u;`,
    ...left.load('k1'),
    ...right.load('k1'),
    '}',
    `for (var j = 0u; j < ${tiling.k}u; j++) {`,
    ...block.products(left, right),
    '} }',
    `let place = split * ${batches * m * n}u + outBatch(one);`,
    ...block.stores,
    '}',
  ].join('\n');
  return { wgsl, groups: [Math.ceil(n / tiling.n), Math.ceil(m / tiling.m), batches * splits] };
}
