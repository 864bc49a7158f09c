/** @file Computes linear scans `h_t = a_t h_{t−1} + b_t` by chunks of tokens that run side by side. */
import type { Fuser } from '../fusion/fuser.ts';
import { invocations } from '../text/invocations.ts';
import type { Argument } from '../text/script.ts';
import type { Resident } from '../values/numbers.ts';
import { type Layout, powerNear } from './tokens.ts';

/** Tokens or chunks that an invocation reads before it computes with the first of them, as each read takes longer than a step. */
const together = 8;
const each = Array.from({ length: together }, (_, r) => r);

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
export function byChunks(fuser: Fuser, [a, b, first]: readonly Argument[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  // about √T tokens, so that the number of chunks is about the same
  const chunk = powerNear(Math.sqrt(length), together);
  const count = Math.ceil(length / chunk);
  const channels = outer * inner;
  const all = count * channels;
  const place = `let c = i % ${inner}u; let o = (i / ${inner}u) % ${outer}u; let start = o * ${length * inner}u + c;`;
  const chunkOf = `let k = i / ${channels}u;`;
  const tokenAt = (u: string): string => `start + ${reverse ? `(${length - 1}u - ${u})` : u} * ${inner}u`;
  const tokens = `var u = k * ${chunk}u; u < min(${length}u, (k + 1u) * ${chunk}u)`;
  // the last few may be fewer: these read the last one again, and compute nothing
  const few = (of: string, size: number, r: number, statements: string): string =>
    size % together === 0 ? statements : `if (${of} + ${r}u < ${size}u) { ${statements} }`;
  const next = (of: string, size: number, r: number): string =>
    size % together === 0 ? `(${of} + ${r}u)` : `min(${of} + ${r}u, ${size - 1}u)`;
  /** Walks through the tokens of chunk k, with the decay `d` and input `x` of each. */
  const walk = (step: (r: number) => string, after = ''): string =>
    [
      `for (${tokens}; u += ${together}u) {`,
      ...each.map((r) => `let at${r} = ${tokenAt(next('u', length, r))};`),
      ...each.map((r) => `let d${r} = user_a0[at${r}]; let x${r} = user_a1[at${r}];`),
      ...each.map((r) => few('u', length, r, `h = fma(d${r}, h, x${r}); ${step(r)}`)),
      after,
      '}',
    ].join('\n');
  const functions = [
    ...anyRange,
    `fn walked(start : u32, k : u32, before : f32) -> f32 { var h = before; for (${tokens}; u++) { let at = ${tokenAt('u')}; h = fma(user_a0[at], h, user_a1[at]); } return h; }`,
  ];
  const kernel = (size: number, threads: number, own: readonly Argument[], lines: readonly string[]): Resident =>
    fuser.launch(size, own, 'return a0[i];', invocations(threads, functions, lines));
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
        (r) => `let e${r} = exponentOf(d${r}); m *= reduced(d${r}, e${r}); e += e${r};`,
        'let by = exponentOf(m); m = reduced(m, by); e += by;',
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
      `for (var k = 0u; k < ${count}u; k += ${together}u) {`,
      ...each.map((r) => `let at${r} = ${next('k', count, r)} * ${channels}u + i;`),
      ...each.map(
        (r) =>
          `let m${r} = user_a2[at${r}]; let e${r} = i32(user_a2[at${r} + ${all}u]); let x${r} = user_a2[at${r} + ${2 * all}u];`,
      ),
      ...each.map((r) =>
        few(
          'k',
          count,
          r,
          [
            `result[at${r}] = h;`,
            `let by${r} = exponentOf(h); var h${r} = scaled(m${r} * reduced(h, by${r}), by${r} + e${r}) + x${r};`,
            `if (isFinite(h) && !isFinite(h${r})) { h${r} = walked(start, k + ${r}u, h); }`,
            `h = h${r};`,
          ].join(' '),
        ),
      ),
      '}',
    ],
  );
  return kernel(
    outer * length * inner,
    all,
    [a!, b!, states],
    [place, chunkOf, 'var h = user_a2[i];', walk((r) => `result[at${r}] = h;`)],
  );
}
