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

/** How one operand's tiles come into shared memory, in fours along rows (or columns). */
function loader(
  x: 'A' | 'B',
  array: string,
  start: number,
  width: number,
  tiling: Tiling,
  along: number,
  alongK: boolean,
  isWhole: boolean,
) {
  const threads = (tiling.m / tiling.threadM) * (tiling.n / tiling.threadN);
  const fours = width / 4;
  const each = (fours * tiling.k) / threads;
  const stride = fours + 1;
  const place = (r: number): string => {
    const index = `(local + ${r * threads}u)`;
    return alongK
      ? `let k${x}${r} = ${index} % ${tiling.k}u; let w${x}${r} = ${index} / ${tiling.k}u;`
      : `let w${x}${r} = ${index} % ${fours}u; let k${x}${r} = ${index} / ${fours}u;`;
  };
  const places = range(each).flatMap((r) => [
    place(r),
    ...range(4).map(
      (i) =>
        `let p${x}${r}${i} = origin${x} + w${x}${r} * 4u + ${i}u; let o${x}${r}${i} = base${x} + side${x}(p${x}${r}${i});`,
    ),
    `var next${x}${r} : vec4<f32>;`,
  ]);
  const load = (k0: string): string[] =>
    range(each).flatMap((r) => {
      const at = (i: number): string => `user_${array}[o${x}${r}${i} + d]`;
      const parts = range(4).map((i) =>
        isWhole ? at(i) : `select(0.0, ${at(i)}, p${x}${r}${i} < ${along}u && inside)`,
      );
      return [
        '{',
        `  let k = ${k0} + k${x}${r}; let d = depth${x}(k);${isWhole ? '' : ' let inside = k < last;'}`,
        `  next${x}${r} = vec4<f32>(${parts.join(', ')});`,
        '}',
      ];
    });
  const store = range(each).map((r) => `tile${x}[k${x}${r} * ${stride}u + w${x}${r}] = next${x}${r};`);
  const declarations = [
    `var<workgroup> tile${x} : array<vec4<f32>, ${tiling.k * stride}>;`,
    `const start${x} : u32 = ${start}u;`,
  ];
  return { places, load, store, declarations, stride };
}

/** A product by tiles. */
export function tiledProduct(
  a: Read,
  b: Read,
  { batch, rows, columns, summed }: MatrixAxes,
  tiling: Tiling,
  [batches, m, n, k]: ProductSize,
): Workgroup {
  const { threadM, threadN, splits } = tiling;
  const [across, down] = [tiling.n / threadN, tiling.m / threadM];
  const chunk = Math.ceil(k / splits / tiling.k) * tiling.k;
  const isWholeK = k % tiling.k === 0;
  const unit = (axes: readonly Axis[], operand: number): boolean => axes.at(-1)?.steps[operand] === 1;
  const [left, right] = [
    loader('A', 'a0', a.form.start, tiling.m, tiling, m, unit(summed, 0), isWholeK && m % tiling.m === 0),
    loader(
      'B',
      a.array === b.array ? 'a0' : 'a1',
      b.form.start,
      tiling.n,
      tiling,
      n,
      unit(summed, 1),
      isWholeK && n % tiling.n === 0,
    ),
  ];
  const [highs, wides] = [range(threadM / 4), range(threadN / 4)];
  const rowsOf = highs.flatMap((h) => range(4).map((i) => ({ h, i })));
  const products = rowsOf.flatMap(({ h, i }) =>
    wides.map((g) => `s${h}${i}${g} = fma(vec4<f32>(x${h}.${'xyzw'[i]}), y${g}, s${h}${i}${g});`),
  );
  const stores = rowsOf.flatMap(({ h, i }) => [
    `{ let row = originA + ${(h * tiling.m) / highs.length + i}u + ty * 4u;`,
    ` if (row < ${m}u) { let o = place + outRow(row);`,
    ...wides.flatMap((g) => [
      `  let c${g} = originB + ${(g * tiling.n) / wides.length}u + tx * 4u;`,
      ...range(4).map(
        (j) => `  if (c${g} + ${j}u < ${n}u) { result[o + outColumn(c${g} + ${j}u)] = s${h}${i}${g}.${'xyzw'[j]}; }`,
      ),
    ]),
    ' } }',
  ]);
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
    `@compute @workgroup_size(${across * down})`,
    'fn main(@builtin(workgroup_id) group : vec3<u32>, @builtin(local_invocation_index) local : u32) {',
    `let tx = local % ${across}u; let ty = local / ${across}u;`,
    `let one = group.z / ${splits}u; let split = group.z % ${splits}u;`,
    `let originA = group.y * ${tiling.m}u; let originB = group.x * ${tiling.n}u;`,
    'let baseA = startA + batchA(one); let baseB = startB + batchB(one);',
    `let first = split * ${chunk}u; let last = min(${k}u, first + ${chunk}u);`,
    ...left.places,
    ...right.places,
    ...rowsOf.flatMap(({ h, i }) => wides.map((g) => `var s${h}${i}${g} = vec4<f32>();`)),
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
    ...highs.map((h) => `let x${h} = tileA[j * ${left.stride}u + ${(h * tiling.m) / 4 / highs.length}u + ty];`),
    ...wides.map((g) => `let y${g} = tileB[j * ${right.stride}u + ${(g * tiling.n) / 4 / wides.length}u + tx];`),
    ...products,
    '} }',
    `let place = split * ${batches * m * n}u + outBatch(one);`,
    ...stores,
    '}',
  ].join('\n');
  return { wgsl, groups: [Math.ceil(n / tiling.n), Math.ceil(m / tiling.m), batches * splits] };
}
