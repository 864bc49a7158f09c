/** @file Bringing an operand's tiles into the memory that a group of threads shares: first into registers, so that reading goes on meanwhile. */
import { type Axis, merged } from '../text/places.ts';
import type { Form } from '../values/numbers.ts';

/** One operand of a tiled product: its rows, or its columns, and what is summed. */
export interface Side {
  readonly x: 'A' | 'B';
  readonly array: string;
  readonly form: Form;
  /** The operand's axes, with its own steps. */
  readonly batch: readonly Axis[];
  readonly side: readonly Axis[];
  readonly summed: readonly Axis[];
  /** Rows or columns of a tile, and of the operand. */
  readonly width: number;
  readonly length: number;
  /** Products of a tile, and of the operand; threads of a group; whether the array holds a multiple of four numbers. */
  readonly k: number;
  readonly depth: number;
  readonly threads: number;
  readonly isFours: boolean;
}

/** Text: what is declared, where each thread reads, the reading of the tile at `k0`, and the writing of it to shared memory. */
export interface Loader {
  readonly declarations: readonly string[];
  readonly places: readonly string[];
  load(k0: string): readonly string[];
  readonly store: readonly string[];
  /** Fours between neighbours along the sum in shared memory. */
  readonly stride: number;
  /** Whether the array is read four numbers at a time. */
  readonly isVector: boolean;
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A function from a position over axes to an offset. */
export function offsetFunction(name: string, axes: readonly Axis[]): string {
  const kept = merged(axes);
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

/** Whether numbers of an operand that are neighbours along `axes` stand in fours, whatever their place along `others`. */
export function areFours(axes: readonly Axis[], others: readonly Axis[], start: number): boolean {
  const [last, ...outer] = merged(axes).toReversed();
  const isFour = (n: number): boolean => n % 4 === 0;
  return (
    last?.steps[0] === 1 &&
    isFour(last.length) &&
    isFour(start) &&
    [...outer, ...merged(others)].every(({ steps }) => isFour(steps[0]!))
  );
}

/** The loader of an operand: by fours along its side or along the sum where numbers stand so, else number by number. */
export function loaderOf(own: Side): Loader {
  const { x, form, batch, side, summed, isFours } = own;
  const fours = (along: readonly Axis[], others: readonly Axis[]): boolean =>
    isFours && areFours(along, [...others, ...batch], form.start);
  const functions = [
    offsetFunction(`side${x}`, side),
    offsetFunction(`depth${x}`, summed),
    offsetFunction(`batch${x}`, batch),
  ];
  const parts = fours(side, summed) ? alongSide(own) : fours(summed, side) ? alongSum(own) : oneByOne(own);
  return {
    ...parts,
    declarations: [
      ...functions,
      `var<workgroup> tile${x} : array<vec4<f32>, ${own.k * parts.stride}>;`,
      `const start${x} : u32 = ${form.start}u;`,
    ],
  };
}

type Parts = Omit<Loader, 'declarations'>;

/** Conditions under which a read stays inside the operand; none where tiles never reach beyond it. */
function inside({ x, width, length, k, depth }: Side, r: number, side: string): string {
  const bounds = [
    length % width === 0 ? '' : `${side} < ${length}u`,
    depth % k === 0 ? '' : `k${x}${r} + k0 < last`,
  ].filter((bound) => bound !== '');
  return bounds.join(' && ');
}

const guarded = (bound: string, read: string, zero: string): string =>
  bound === '' ? read : `select(${zero}, ${read}, ${bound})`;

const zeros = 'vec4<f32>()';

/** How often each thread reads until `items` are read; whether the last time is for some threads only. */
const roundsOf = (items: number, threads: number): number[] => range(Math.ceil(items / threads));

/** The text of a store that only some threads do where there are more threads than items. */
const stored = (own: Side, r: number, items: number, text: string): string =>
  (r + 1) * own.threads > items ? `if (local < ${items - r * own.threads}u) { ${text} }` : text;

/** Fours of neighbours along rows (or columns): they stay as they are. */
function alongSide(own: Side): Parts {
  const { x, array, width, k, threads } = own;
  const fours = width / 4;
  const items = fours * k;
  const rounds = roundsOf(items, threads);
  return {
    isVector: true,
    stride: fours,
    places: rounds.flatMap((r) => [
      `let i${x}${r} = local + ${r * threads}u; let k${x}${r} = i${x}${r} / ${fours}u; let w${x}${r} = i${x}${r} % ${fours}u;`,
      `let p${x}${r} = origin${x} + w${x}${r} * 4u; let o${x}${r} = base${x} + side${x}(p${x}${r});`,
      `var next${x}${r} : vec4<f32>;`,
    ]),
    load: (k0) =>
      rounds.map((r) => {
        const read = `user_${array}[(o${x}${r} + depth${x}(k0 + k${x}${r})) / 4u]`;
        return `{ let k0 = ${k0}; next${x}${r} = ${guarded(inside(own, r, `p${x}${r}`), read, zeros)}; }`;
      }),
    store: rounds.map((r) => stored(own, r, items, `tile${x}[k${x}${r} * ${fours}u + w${x}${r}] = next${x}${r};`)),
  };
}

/** Fours of neighbours along the sum: each becomes part of four rows in shared memory. */
function alongSum(own: Side): Parts {
  const { x, array, width, k, threads } = own;
  const fours = k / 4;
  const items = fours * width;
  const rounds = roundsOf(items, threads);
  const stride = width / 4 + (k > 8 ? 1 : 0);
  return {
    isVector: true,
    stride,
    places: rounds.flatMap((r) => [
      `let i${x}${r} = local + ${r * threads}u; let k${x}${r} = (i${x}${r} % ${fours}u) * 4u; let w${x}${r} = i${x}${r} / ${fours}u;`,
      `let p${x}${r} = origin${x} + w${x}${r}; let o${x}${r} = base${x} + side${x}(p${x}${r});`,
      `var next${x}${r} : vec4<f32>;`,
    ]),
    load: (k0) =>
      rounds.map((r) => {
        const read = `user_${array}[(o${x}${r} + depth${x}(k0 + k${x}${r})) / 4u]`;
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

/** Number by number, wherever they stand: neighbouring threads go along the sum where it is there that neighbours are. */
function oneByOne(own: Side): Parts {
  const { x, array, summed, width, k, threads } = own;
  const alongK = summed.at(-1)?.steps[0] === 1;
  const fours = width / 4;
  const items = fours * k;
  const rounds = roundsOf(items, threads);
  const stride = fours + 1;
  const place = (r: number): string => {
    const index = `(local + ${r * threads}u)`;
    return alongK
      ? `let k${x}${r} = ${index} % ${k}u; let w${x}${r} = ${index} / ${k}u;`
      : `let w${x}${r} = ${index} % ${fours}u; let k${x}${r} = ${index} / ${fours}u;`;
  };
  const offset = (r: number, i: number): string =>
    `let p${x}${r}${i} = origin${x} + w${x}${r} * 4u + ${i}u; let o${x}${r}${i} = base${x} + side${x}(p${x}${r}${i});`;
  const number = (r: number, i: number): string =>
    guarded(inside(own, r, `p${x}${r}${i}`), `user_${array}[o${x}${r}${i} + d]`, '0.0');
  return {
    isVector: false,
    stride,
    places: rounds.flatMap((r) => [place(r), ...range(4).map((i) => offset(r, i)), `var next${x}${r} : vec4<f32>;`]),
    load: (k0) =>
      rounds.map((r) => {
        const numbers = range(4).map((i) => number(r, i));
        return `{ let k0 = ${k0}; let d = depth${x}(k0 + k${x}${r}); next${x}${r} = vec4<f32>(${numbers.join(', ')}); }`;
      }),
    store: rounds.map((r) => stored(own, r, items, `tile${x}[k${x}${r} * ${stride}u + w${x}${r}] = next${x}${r};`)),
  };
}
