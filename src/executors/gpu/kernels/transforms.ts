/** @file Writes kernels of fast Fourier transforms, many sequences side by side, each pass in a kernel of its own (Stockham's order). */
import { invocations } from '../text/invocations.ts';
import type { Workgroup } from '../text/kernel.ts';

/**
 * Sequences of `size` complex numbers, a power of 2: `outer` blocks of `inner` channels. An array has all real parts, then all imaginary
 * parts, each with axes [outer, size, inner].
 */
export interface Sequences {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** The most numbers that an invocation transforms by itself. */
const mostRadix = 16;

/** The radices of the passes of a transform, whose product is its size: as few as possible. */
export function radicesOf(size: number): number[] {
  const bits = Math.log2(size);
  const passes = Math.ceil(bits / Math.log2(mostRadix));
  return Array.from({ length: passes }, (_, pass) => 2 ** Math.floor((bits + pass) / passes));
}

/** Cosine and sine of the j-th of n parts of a turn, clockwise. */
const rootOf = (j: number, n: number): readonly [number, number] => [
  Math.cos((-2 * Math.PI * j) / n),
  Math.sin((-2 * Math.PI * j) / n),
];

/** The n-th roots of 1, clockwise: all real parts, then all imaginary parts. They are computed in f64. */
export function rootsOf(n: number): Float32Array {
  const roots = new Float32Array(2 * n);
  for (let j = 0; j < n; j++) [roots[j], roots[n + j]] = rootOf(j, n);
  return roots;
}

/** Functions that kernels of transforms call. */
export const complex = [
  'fn times(a : vec2<f32>, b : vec2<f32>) -> vec2<f32> { return vec2<f32>(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }',
  'fn conjugate(a : vec2<f32>) -> vec2<f32> { return vec2<f32>(a.x, -a.y); }',
];

/** Writes a transform of a few numbers, and returns the names of the results. */
function transformed(xs: readonly string[], name: string, lines: string[]): readonly string[] {
  const n = xs.length;
  if (n === 1) return xs;
  const [even, odd] = [0, 1].map((rest) =>
    transformed(
      xs.filter((_, i) => i % 2 === rest),
      `${name}${rest}`,
      lines,
    ),
  ) as [readonly string[], readonly string[]];
  const ys: string[] = [];
  for (let k = 0; k < n / 2; k++) {
    const [low, high] = [`${name}_${k}`, `${name}_${k + n / 2}`];
    const by = odd[k]!;
    const [cos, sin] = rootOf(k, n).map(Math.fround);
    let t = `times(${by}, vec2<f32>(${cos}, ${sin}))`;
    if (k === 0) t = by;
    else if (4 * k === n) t = `vec2<f32>(${by}.y, -${by}.x)`;
    lines.push(`let t${low} = ${t}; let ${low} = ${even[k]} + t${low}; let ${high} = ${even[k]} - t${low};`);
    ys[k] = low;
    ys[k + n / 2] = high;
  }
  return ys;
}

/** One pass of a transform: its radix, and the product of the radices before. */
export interface Pass {
  readonly radix: number;
  readonly before: number;
}

/** How a kernel reads or writes number m of the sequence of block `o` and channel `c`. `far` is a part of m that is known when writing. */
export interface Ends {
  readonly read: (m: string, far: number) => string;
  readonly write: (m: string, far: number, value: string) => string;
}

/** Reads and writes complex numbers of an argument and of the result. */
export const complexEnds = ({ outer, size, inner }: Sequences, array = 'user_a0'): Ends => {
  const place = (m: string): string => `(o * ${size}u + ${m}) * ${inner}u + c`;
  const parts = outer * size * inner;
  return {
    read: (m) => `vec2<f32>(${array}[${place(m)}], ${array}[${place(m)} + ${parts}u])`,
    write: (m, _far, value) =>
      `{ let to = ${place(m)}; let y = ${value}; result[to] = y.x; result[to + ${parts}u] = y.y; }`,
  };
};

/** Writes the kernel of a pass. `table` names the array of the roots of 1 of order 2 · size. */
export function passOf(
  { outer, size, inner }: Sequences,
  { radix, before }: Pass,
  { read, write }: Ends,
  table: string,
): Workgroup {
  const apart = size / radix;
  const all = Array.from({ length: radix }, (_, r) => r);
  const roots = 2 * size;
  const lines = [
    `let c = i % ${inner}u; let j = (i / ${inner}u) % ${apart}u; let o = i / ${apart * inner}u;`,
    `let p = j % ${before}u; let first = (j - p) * ${radix}u + p;`,
    ...all.map((r) => `let x${r} = ${read(`(j + ${r * apart}u)`, r * apart)};`),
  ];
  let xs = all.map((r) => `x${r}`);
  if (before > 1) {
    for (const r of all.slice(1)) {
      lines.push(`let w${r} = p * ${(r * roots) / (before * radix)}u;`);
      lines.push(`let z${r} = times(x${r}, vec2<f32>(${table}[w${r}], ${table}[w${r} + ${roots}u]));`);
    }
    xs = all.map((r) => (r === 0 ? 'x0' : `z${r}`));
  }
  const ys = transformed(xs, 'y', lines);
  lines.push(...all.map((r) => write(`(first + ${r * before}u)`, r * before, ys[r]!)));
  return invocations(outer * apart * inner, complex, lines);
}
