/** @file Computes linear scans `h_t = a_t h_{t−1} + b_t`: by loops from known states, or by chunks that run side by side. */
import { sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { invocations } from '../text/invocations.ts';
import { divide } from '../text/places.ts';
import type { Argument } from '../text/script.ts';
import type { Operand, Resident } from '../values/numbers.ts';
import { type Layout, tokenOf } from './tokens.ts';

/** Longest sequence for which each invocation starts at the first token: then one kernel is faster than several. */
const fewTokens = 16;

/** A power of two near x, at least `least`. */
const powerNear = (x: number, least: number): number => Math.max(least, 2 ** Math.round(Math.log2(x)));

/**
 * Writes the kernel of states before every `step`-th token, or with step 0 after every token. Each invocation walks there from the last
 * of the states `before`, which are those before every `every`-th token.
 */
function walked(fuser: Fuser, operands: readonly Argument[], layout: Layout, every: number, step: number): Resident {
  const { outer, length, inner, reverse } = layout;
  const count = step === 0 ? length : Math.ceil(length / step);
  const body = [
    ...(step === 0
      ? [tokenOf(layout), `const u = ${reverse ? `${length - 1} - t` : 't'};`]
      : [
          divide('i', inner, 'q', 'c'),
          divide('q', count, 'o', 'k'),
          `const start = o * ${length * inner} + c;`,
          `const u = k * ${step};`,
        ]),
    divide('u', every, 'g', 'r'),
    `let h = a2[(o * ${Math.ceil(length / every)} + g) * ${inner} + c];`,
    `const steps = ${step === 0 ? 'r + 1' : 'r'};`,
    'for (let j = 0; j < steps; j++) {',
    `const at = start + ${reverse ? `(${length - 1} - g * ${every} - j)` : `(g * ${every} + j)`} * ${inner};`,
    'h = a0[at] * h + a1[at];',
    '}',
    'return h;',
  ].join('\n');
  const routine = step === 0 && every === length ? ({ is: 'scan', ...layout } as const) : null;
  return fuser.launch(outer * count * inner, operands, body, undefined, routine);
}

/**
 * A scan by loops, each token by token, so that nothing overflows but a state. Long sequences take three kernels, whose loops run from
 * one state to the next: in steps of T^⅔ tokens, of T^⅓, and of one.
 */
function byLoops(fuser: Fuser, [a, b, first]: readonly Argument[], layout: Layout): Resident {
  const { length } = layout;
  if (length <= fewTokens || fuser.target.routines) return walked(fuser, [a!, b!, first!], layout, length, 0);
  const short = powerNear(Math.cbrt(length), 2);
  const long = short ** 2;
  const far = walked(fuser, [a!, b!, first!], layout, length, long);
  const near = walked(fuser, [a!, b!, far], layout, long, short);
  return walked(fuser, [a!, b!, near], layout, short, 0);
}

/**
 * Functions of WGSL for products in any range, kept as m · 2^e with 1 ≤ |m| < 2, or with m = 0, m = ±∞ or m = NaN. They read the bits of a
 * number, as a device may take comparisons with NaN as it likes.
 */
const anyRange = [
  'fn exponentOf(x : f32) -> i32 { let field = (bitcast<u32>(x) >> 23u) & 255u; return select(0, i32(field) - 127, field > 0u && field < 255u); }',
  'fn reduced(x : f32, e : i32) -> f32 { return bitcast<f32>(bitcast<u32>(x) - (bitcast<u32>(e) << 23u)); }',
  'fn scaled(x : f32, e : i32) -> f32 { let n = clamp(e, -160, 160); let half = n / 2; return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u); }',
  'fn isFinite(x : f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }',
];

/**
 * Chunked scan in three kernels: every chunk from zero, the states between chunks, every chunk from its initial state. The product of the
 * decays of a chunk neither overflows nor underflows. Where a state between chunks is not finite nevertheless, it is computed token by
 * token, as a chunk that starts from zero may overflow where the sequence does not.
 */
function byChunks(fuser: Fuser, [a, b, first]: readonly Argument[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  // about √T tokens, so that the number of chunks is about the same
  const chunk = powerNear(Math.sqrt(length), 8);
  const count = Math.ceil(length / chunk);
  const channels = outer * inner;
  const all = count * channels;
  const token = `fn token(u : u32) -> u32 { return ${reverse ? `${length - 1}u - u` : 'u'}; }`;
  const place = `let c = i % ${inner}u; let o = (i / ${inner}u) % ${outer}u; let start = o * ${length * inner}u + c;`;
  const chunkOf = `let k = i / ${channels}u;`;
  const walk = (body: string): string =>
    `for (var u = k * ${chunk}u; u < min(${length}u, (k + 1u) * ${chunk}u); u++) { let at = start + token(u) * ${inner}u; ${body} }`;
  const kernel = (size: number, threads: number, own: readonly Argument[], lines: readonly string[]): Resident =>
    fuser.launch(size, own, 'return a0[i];', invocations(threads, [token, ...anyRange], lines));
  // for each chunk, the product m · 2^e of its decays, then its last state when it starts from zero
  const chunks = kernel(
    3 * all,
    all,
    [a!, b!],
    [
      place,
      chunkOf,
      'var m = 1.0; var e = 0; var h = 0.0;',
      walk(
        'let d = user_a0[at]; m *= d; let by = exponentOf(m); m = reduced(m, by); e += by; h = fma(d, h, user_a1[at]);',
      ),
      `result[i] = m; result[i + ${all}u] = f32(e); result[i + ${2 * all}u] = h;`,
    ],
  );
  const states = kernel(
    all,
    channels,
    [a!, b!, chunks, first!],
    [
      place,
      'var h = user_a3[i];',
      `for (var k = 0u; k < ${count}u; k++) { let chunk = k * ${channels}u + i; result[chunk] = h;`,
      'let by = exponentOf(h);',
      `let passed = scaled(user_a2[chunk] * reduced(h, by), by + i32(user_a2[chunk + ${all}u]));`,
      `var next = passed + user_a2[chunk + ${2 * all}u];`,
      `if (isFinite(h) && !isFinite(next)) { next = h; ${walk('next = fma(user_a0[at], next, user_a1[at]);')} }`,
      'h = next; }',
    ],
  );
  return kernel(
    outer * length * inner,
    all,
    [a!, b!, states],
    [place, chunkOf, 'var h = user_a2[i];', walk('h = fma(user_a0[at], h, user_a1[at]); result[at] = h;')],
  );
}

/** Computes the state after every token, of operands a, b and h0. */
export function scan(fuser: Fuser, xs: readonly Operand[], layout: Layout): Resident {
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  // an array that is two arguments would have only one name in WGSL
  const isPlain = new Set(operands).size < operands.length;
  const hasChunks = fuser.target.workgroups && layout.length > fewTokens && !isPlain;
  return hasChunks ? byChunks(fuser, operands, layout) : byLoops(fuser, operands, layout);
}
