/**
 * @file Loads tiles of an operand into workgroup memory. Loads go through registers, so that the next tile is read while the current
 * one is in use.
 */
import { type Axis, axesOfOne, type MatrixAxes, merged } from '../text/places.ts';
import type { Form, Read } from '../values/numbers.ts';

/** One operand of a tiled product: A with its rows, or B with its columns. */
export interface Side {
  readonly x: 'A' | 'B';
  /** The number of the product, in a kernel of several. */
  readonly number?: number;
  readonly array: string;
  readonly form: Form;
  /** Text of the start of the form. */
  readonly start: string;
  /** Axes of the operand, with its strides; `side` are its rows or columns. */
  readonly batch: readonly Axis[];
  readonly side: readonly Axis[];
  readonly summed: readonly Axis[];
  /** Number of rows or columns, of a tile and of the operand. */
  readonly width: number;
  readonly length: number;
  /** Depth of a tile and of the operand, invocations of a workgroup, and whether the array may be read as vec4. */
  readonly k: number;
  readonly depth: number;
  readonly threads: number;
  readonly isVec4: boolean;
}

/**
 * Text of a loader: declarations, the position that each invocation reads, the load of the tile at `k0` into registers, and the
 * store to workgroup memory. In a kernel of several products, the offsets and the load are those of product number `which`.
 */
export interface Loader {
  readonly declarations: readonly string[];
  readonly places: readonly string[];
  /** Sets the offsets of these positions in the array. */
  readonly offsets: readonly string[];
  load(k0: string): readonly string[];
  readonly store: readonly string[];
  /** The direction of loads. Loaders of one direction and one tile share their layout in workgroup memory. */
  readonly along: 'side' | 'sum' | 'neither';
  /** Stride along the sum in workgroup memory, in vec4. */
  readonly stride: number;
  /** Whether the array is read by vec4 loads. */
  readonly isVector: boolean;
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Writes a WGSL function from a position along axes to an offset. */
export function offsetFunction(name: string, axes: readonly Axis[]): string {
  const mergedAxes = merged(axes);
  let rest = 'p';
  const terms = mergedAxes
    .toReversed()
    .map(({ length, steps }, back) => {
      const digit = back === mergedAxes.length - 1 ? rest : `(${rest} % ${length}u)`;
      rest = `(${rest} / ${length}u)`;
      return steps[0] === 0 ? '' : `${digit} * ${steps[0]}u`;
    })
    .filter((term) => term !== '');
  return `fn ${name}(p : u32) -> u32 { return ${terms.join(' + ') || '0u'}; }`;
}

/** Whether vec4 loads can read elements along `axes`: they are contiguous and aligned, at every position along `others`. */
export function areVec4(axes: readonly Axis[], others: readonly Axis[], start: number): boolean {
  const [last, ...outer] = merged(axes).toReversed();
  const isMultipleOf4 = (n: number): boolean => n % 4 === 0;
  return (
    last?.steps[0] === 1 &&
    isMultipleOf4(last.length) &&
    isMultipleOf4(start) &&
    [...outer, ...merged(others)].every(({ steps }) => isMultipleOf4(steps[0]!))
  );
}

/** Whether the operands of a product are read along its rows and columns, so that neither is transposed in workgroup memory. */
export const isStraight = (operands: readonly Read[], { batch, rows, columns, summed }: MatrixAxes): boolean =>
  operands.every(({ array, form }, x) => {
    const others = axesOfOne([...summed, ...batch], x);
    return array.size % 4 === 0 && areVec4(axesOfOne(x === 0 ? rows : columns, x), others, form.start);
  });

/** Text of the loader of one product. */
type Parts = Omit<Loader, 'declarations'>;

const nameOf = ({ x, number }: Side): string => `${x}${number ?? ''}`;

/** Chooses a loader: vec4 loads along its side or along the sum if elements are contiguous there, else one by one. */
function partsOf(own: Side): Parts {
  const { form, batch, side, summed, isVec4 } = own;
  const vec4s = (along: readonly Axis[], others: readonly Axis[]): boolean =>
    isVec4 && areVec4(along, [...others, ...batch], form.start);
  return vec4s(side, summed) ? alongSide(own) : vec4s(summed, side) ? alongSum(own) : oneByOne(own);
}

/** Writes the loader of an operand of one product or of several. Null if the loads of several differ in more than offsets. */
export function loaderOf(sides: readonly Side[]): Loader | null {
  const all = sides.map(partsOf);
  const [own, first] = [sides[0]!, all[0]!];
  if (sides.length > 1 && all.some(({ along }) => along !== first.along || along === 'neither')) return null;
  const functions = sides.flatMap((one) => [
    offsetFunction(`side${nameOf(one)}`, one.side),
    offsetFunction(`depth${nameOf(one)}`, one.summed),
    offsetFunction(`batch${nameOf(one)}`, one.batch),
  ]);
  const textOf = (axes: readonly Axis[]): string => offsetFunction('', axes);
  const offsetKeys = sides.map(({ start, batch, side }) => JSON.stringify([start, textOf(batch), textOf(side)]));
  const loadKeys = sides.map(({ array, summed }) => JSON.stringify([array, textOf(summed)]));
  return {
    ...first,
    declarations: [...functions, `var<workgroup> tile${own.x} : array<vec4<f32>, ${own.k * first.stride}>;`],
    offsets: chosen(offsetKeys, (k) => all[k]!.offsets),
    load: (k0) => chosen(loadKeys, (k) => all[k]!.load(k0)),
  };
}

/** Writes statements that depend on `which`. Those with equal keys are written once. */
function chosen(keys: readonly string[], statements: (k: number) => readonly string[]): readonly string[] {
  const distinct = [...new Set(keys)];
  if (distinct.length === 1) return statements(0);
  return distinct.flatMap((key, d) => {
    const those = range(keys.length).filter((k) => keys[k] === key);
    const condition = d === distinct.length - 1 ? '{' : `if (${those.map((k) => `which == ${k}u`).join(' || ')}) {`;
    return [`${d === 0 ? '' : 'else '}${condition}`, ...statements(those[0]!), '}'];
  });
}

/** Condition for a load to be inside the operand. Empty if tiles divide the operand evenly. */
function inside({ x, width, length, k, depth }: Side, r: number, side: string): string {
  const bounds = [
    length % width === 0 ? '' : `${side} < ${length}u`,
    depth % k === 0 ? '' : `k${x}${r} + k0 < last`,
  ].filter((bound) => bound !== '');
  return bounds.join(' && ');
}

/** The statement for the offset of a position. */
const offsetOf = (own: Side, r: string): string =>
  `o${own.x}${r} = ${own.start} + batch${nameOf(own)}(one) + side${nameOf(own)}(p${own.x}${r});`;

const guarded = (bound: string, read: string, zero: string): string =>
  bound === '' ? read : `select(${zero}, ${read}, ${bound})`;

const zeros = 'vec4<f32>()';

/** Rounds in which the invocations load `items`. In each round an invocation loads one item. */
const roundsOf = (items: number, threads: number): number[] => range(Math.ceil(items / threads));

/** A store. It has a guard in a last round with fewer items than invocations. */
const stored = (own: Side, r: number, items: number, text: string): string =>
  (r + 1) * own.threads > items ? `if (local < ${items - r * own.threads}u) { ${text} }` : text;

/** Loader by vec4 along the side, which it stores unchanged. */
function alongSide(own: Side): Parts {
  const { x, array, width, k, threads } = own;
  const vec4s = width / 4;
  const items = vec4s * k;
  const rounds = roundsOf(items, threads);
  return {
    isVector: true,
    along: 'side',
    stride: vec4s,
    places: rounds.flatMap((r) => [
      `let i${x}${r} = local + ${r * threads}u; let k${x}${r} = i${x}${r} / ${vec4s}u; let w${x}${r} = i${x}${r} % ${vec4s}u;`,
      `let p${x}${r} = origin${x} + w${x}${r} * 4u;`,
      `var next${x}${r} : vec4<f32>; var o${x}${r} : u32;`,
    ]),
    offsets: rounds.map((r) => offsetOf(own, `${r}`)),
    load: (k0) =>
      rounds.map((r) => {
        const read = `user_${array}[(o${x}${r} + depth${nameOf(own)}(k0 + k${x}${r})) / 4u]`;
        return `{ let k0 = ${k0}; next${x}${r} = ${guarded(inside(own, r, `p${x}${r}`), read, zeros)}; }`;
      }),
    store: rounds.map((r) => stored(own, r, items, `tile${x}[k${x}${r} * ${vec4s}u + w${x}${r}] = next${x}${r};`)),
  };
}

/** Loader by vec4 along the sum. It stores the four elements into four rows of workgroup memory. */
function alongSum(own: Side): Parts {
  const { x, array, width, k, threads } = own;
  const vec4s = k / 4;
  const items = vec4s * width;
  const rounds = roundsOf(items, threads);
  const stride = width / 4 + (k > 8 ? 1 : 0);
  return {
    isVector: true,
    along: 'sum',
    stride,
    places: rounds.flatMap((r) => [
      `let i${x}${r} = local + ${r * threads}u; let k${x}${r} = (i${x}${r} % ${vec4s}u) * 4u; let w${x}${r} = i${x}${r} / ${vec4s}u;`,
      `let p${x}${r} = origin${x} + w${x}${r};`,
      `var next${x}${r} : vec4<f32>; var o${x}${r} : u32;`,
    ]),
    offsets: rounds.map((r) => offsetOf(own, `${r}`)),
    load: (k0) =>
      rounds.map((r) => {
        const read = `user_${array}[(o${x}${r} + depth${nameOf(own)}(k0 + k${x}${r})) / 4u]`;
        return `{ let k0 = ${k0}; next${x}${r} = ${guarded(inside(own, r, `p${x}${r}`), read, zeros)}; }`;
      }),
    store: rounds.map((r) =>
      stored(
        own,
        r,
        items,
        range(4)
          .map(
            (i) =>
              `tile${x}[(k${x}${r} + ${i}u) * ${stride}u + w${x}${r} / 4u][w${x}${r} % 4u] = next${x}${r}.${'xyzw'[i]};`,
          )
          .join(' '),
      ),
    ),
  };
}

/** Loader of single elements. Neighbouring invocations read along the sum if elements are contiguous there. */
function oneByOne(own: Side): Parts {
  const { x, array, summed, width, k, threads } = own;
  const alongK = summed.at(-1)?.steps[0] === 1;
  const vec4s = width / 4;
  const items = vec4s * k;
  const rounds = roundsOf(items, threads);
  const stride = vec4s + 1;
  const place = (r: number): string => {
    const index = `(local + ${r * threads}u)`;
    return alongK
      ? `let k${x}${r} = ${index} % ${k}u; let w${x}${r} = ${index} / ${k}u;`
      : `let w${x}${r} = ${index} % ${vec4s}u; let k${x}${r} = ${index} / ${vec4s}u;`;
  };
  const position = (r: number, i: number): string => `let p${x}${r}${i} = origin${x} + w${x}${r} * 4u + ${i}u;`;
  const number = (r: number, i: number): string =>
    guarded(inside(own, r, `p${x}${r}${i}`), `user_${array}[o${x}${r}${i} + d]`, '0.0');
  return {
    isVector: false,
    along: 'neither',
    stride,
    places: rounds.flatMap((r) => [
      place(r),
      ...range(4).flatMap((i) => [position(r, i), `var o${x}${r}${i} : u32;`]),
      `var next${x}${r} : vec4<f32>;`,
    ]),
    offsets: rounds.flatMap((r) => range(4).map((i) => offsetOf(own, `${r}${i}`))),
    load: (k0) =>
      rounds.map((r) => {
        const numbers = range(4).map((i) => number(r, i));
        return `{ let k0 = ${k0}; let d = depth${nameOf(own)}(k0 + k${x}${r}); next${x}${r} = vec4<f32>(${numbers.join(', ')}); }`;
      }),
    store: rounds.map((r) => stored(own, r, items, `tile${x}[k${x}${r} * ${stride}u + w${x}${r}] = next${x}${r};`)),
  };
}
