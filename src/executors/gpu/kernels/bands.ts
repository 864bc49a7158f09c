/**
 * @file Finds the part of each row of a sum that is not zero by a mask, as a causal one makes half of the scores. Products leave out the
 * rest.
 */
import { type Axis, merged } from '../text/places.ts';
import type { Read } from '../values/numbers.ts';

/** For each row (or column) of a product, the first place of its sum that may be nonzero, and the one after the last. */
export interface Band {
  readonly along: 'rows' | 'columns';
  readonly first: readonly number[];
  readonly end: readonly number[];
}

/** A mask of an operand: a table, and its axes by role. The operand has the rows of the product, or its columns. */
export interface Mask {
  readonly along: Band['along'];
  readonly read: Read;
  readonly batch: readonly Axis[];
  readonly side: readonly Axis[];
  readonly summed: readonly Axis[];
}

const known = new WeakMap<Float32Array, Map<string, Band | null>>();

/** The band of a product by the masks of its operands. Null if none leaves anything out. */
export function bandOf(masks: readonly Mask[]): Band | null {
  for (const mask of masks) {
    const table = mask.read.array.source as Float32Array;
    const bands = known.get(table) ?? new Map<string, Band | null>();
    known.set(table, bands);
    const key = JSON.stringify([
      mask.along,
      mask.read.form.start,
      ...[mask.batch, mask.side, mask.summed].map((axes) => merged(axes)),
    ]);
    const band = bands.get(key) ?? (bands.has(key) ? null : bandIn(table, mask));
    bands.set(key, band);
    if (band !== null) return band;
  }
  return null;
}

function bandIn(table: Float32Array, { along, read, batch, side, summed }: Mask): Band | null {
  const batches = offsetsOf(batch.filter(({ steps }) => steps[0] !== 0));
  const depths = offsetsOf(summed);
  const isZero = (at: number): boolean => batches.every((one) => table[at + one] === 0);
  const spans = offsetsOf(side).map((row) => {
    const at = row + read.form.start;
    const first = depths.findIndex((k) => !isZero(at + k));
    return first < 0 ? [0, 0] : [first, depths.findLastIndex((k) => !isZero(at + k)) + 1];
  }) as [number, number][];
  if (spans.every(([first, end]) => first === 0 && end === depths.length)) return null;
  return { along, first: spans.map(([first]) => first), end: spans.map(([, end]) => end) };
}

/** The offset of every position along axes, in row-major order. */
const offsetsOf = (axes: readonly Axis[]): number[] =>
  axes.reduce<number[]>(
    (offsets, { length, steps }) =>
      offsets.flatMap((offset) => Array.from({ length }, (_, position) => offset + position * steps[0]!)),
    [0],
  );

/** A tile of rows (or columns), and the part of its sum to compute. */
export interface Span {
  readonly tile: number;
  readonly first: number;
  readonly end: number;
}

/** The spans of tiles of `width` rows, in steps of `k`, the longest first: with these begun first, all end at about the same time. */
export function spansOf({ first, end }: Band, width: number, k: number): Span[] {
  const tiles = Math.ceil(first.length / width);
  return Array.from({ length: tiles }, (_, tile): Span => {
    const own = (of: readonly number[]): readonly number[] => of.slice(tile * width, (tile + 1) * width);
    const ends = own(end);
    const firsts = own(first).filter((_, row) => ends[row]! > 0);
    if (firsts.length === 0) return { tile, first: 0, end: 0 };
    return { tile, first: Math.floor(Math.min(...firsts) / k) * k, end: Math.ceil(Math.max(...ends) / k) * k };
  }).sort((x, y) => y.end - y.first - (x.end - x.first));
}

/**
 * Where a workgroup finds its tile: the number of a dimension of the grid for batches and splits, rows, and columns. `order` has the roles of
 * the dimensions: 0 for columns, 1 for rows, 2 for the others. With a band, the last dimension is the number of a span, and workgroups
 * begin in the order of spans.
 */
export function gridOf(band: Band | null, { m, n, k }: { readonly m: number; readonly n: number; readonly k: number }) {
  if (band === null) return { outer: 'group.z', down: 'group.y', across: 'group.x', order: [0, 1, 2], spans: [] };
  const isRows = band.along === 'rows';
  const spans = spansOf(band, isRows ? m : n, k);
  const texts = spans.map(({ tile, first, end }) => `vec3<u32>(${tile}u, ${first}u, ${end}u)`);
  return {
    outer: 'group.y',
    down: isRows ? 'span.x' : 'group.x',
    across: isRows ? 'group.x' : 'span.x',
    order: isRows ? [0, 2, 1] : [1, 2, 0],
    spans: [`const spans = array<vec3<u32>, ${spans.length}>(${texts.join(', ')});`],
  };
}
