/** @file Kernel rules of linearScan and causalConvolution. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { invocations } from '../text/invocations.ts';
import { divide } from '../text/places.ts';
import type { Argument } from '../text/script.ts';
import { dense } from '../values/expression.ts';
import type { Operand, Resident } from '../values/numbers.ts';
import { without1 } from '../values/views.ts';
import type { Rules } from './rule.ts';

/** A batch of sequences: `outer` blocks of `length` tokens of `inner` channels. */
interface Layout {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly reverse: boolean;
}

/** The layout of tokens along one axis of a shape. */
const layoutOf = (shape: Shape, axis: number, reverse: boolean): Layout => ({
  outer: sizeOf(shape.slice(0, axis)),
  length: shape[axis]!,
  inner: sizeOf(shape.slice(axis + 1)),
  reverse,
});

/** Writes statements for the channel `c`, token `t` and block `o` of element `i`, and the offset `start` of its first token. */
const tokenOf = ({ length, inner }: Layout): string =>
  [divide('i', inner, 'q', 'c'), divide('q', length, 'o', 't'), `const start = o * ${length * inner} + c;`].join('\n');

/** Number of tokens up to and including that of the element, in the order of the recurrence. */
const stepsOf = ({ length, reverse }: Layout): string => (reverse ? `${length} - t` : 't + 1');

/** Longest sequence for which each invocation starts at the first token: then one kernel is faster than several. */
const fewTokens = 16;

/** Tokens per chunk: about √T, so that the number of chunks is about the same. */
const chunkOf = (length: number): number => Math.max(8, 2 ** Math.round(Math.log2(Math.sqrt(length))));

/**
 * Parallel (Hillis-Steele) scan of `h_t = a_t h_{t−1} + b_t`, for devices without workgroups. It runs rounds
 * `(a, b)_t ← (a_t a_{t−s}, a_t b_{t−s} + b_t)` for s = 1, 2, 4, …, with one kernel for the products and one for the sums.
 */
function byRounds(fuser: Fuser, operands: readonly Argument[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const size = outer * length * inner;
  const [a, b, first] = operands as [Argument, Argument, Argument];
  const place = tokenOf(layout);
  const step = `const u = ${reverse ? `${length - 1} - t` : 't'};`;
  // the term of the first token contains h0
  let sums = fuser.launch(
    size,
    [a, b, first],
    `${place}\n${step}\nconst at = u > 0 ? 0 : o * ${inner} + c;\nconst h = a2[at];\nreturn u > 0 ? a1[i] : a0[i] * h + a1[i];`,
  );
  let products: Argument = a;
  for (let by = 1; by < length; by *= 2) {
    const back = `const from = u >= ${by} ? i ${reverse ? '+' : '-'} ${by * inner} : i;`;
    const next = fuser.launch(
      size,
      [products, sums],
      `${place}\n${step}\n${back}\nreturn u >= ${by} ? a0[i] * a1[from] + a1[i] : a1[i];`,
    );
    if (2 * by < length)
      products = fuser.launch(
        size,
        [products],
        `${place}\n${step}\n${back}\nreturn u >= ${by} ? a0[i] * a0[from] : a0[i];`,
      );
    sums = next;
  }
  return sums;
}

/** `h_t = a_t h_{t−1} + b_t` by one kernel with one invocation per state. Each starts at h0: T²/2 steps in total. */
function byLoops(fuser: Fuser, operands: readonly Argument[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const body = [
    tokenOf(layout),
    `let h = a2[o * ${inner} + c];`,
    `const steps = ${stepsOf(layout)};`,
    'for (let j = 0; j < steps; j++) {',
    `const at = start + ${reverse ? `(${length - 1} - j)` : 'j'} * ${inner};`,
    'h = a0[at] * h + a1[at];',
    '}',
    'return h;',
  ].join('\n');
  return fuser.launch(outer * length * inner, operands, body, undefined, { is: 'scan', ...layout });
}

/** Chunked scan in three kernels: every chunk from zero, the states between chunks, every chunk from its initial state. */
function byChunks(fuser: Fuser, operands: readonly Argument[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const chunk = chunkOf(length);
  const count = Math.ceil(length / chunk);
  const channels = outer * inner;
  const [a, b, first] = operands as [Argument, Argument, Argument];
  const token = `fn token(u : u32) -> u32 { return ${reverse ? `${length - 1}u - u` : 'u'}; }`;
  const place = [
    `let c = i % ${inner}u; let o = (i / ${inner}u) % ${outer}u; let k = i / ${channels}u;`,
    `let start = o * ${length * inner}u + c;`,
    `let stop = min(${length}u, (k + 1u) * ${chunk}u);`,
  ].join(' ');
  const walk = (body: string): string =>
    `for (var u = k * ${chunk}u; u < stop; u++) { let at = start + token(u) * ${inner}u; ${body} }`;
  const kernel = (size: number, threads: number, own: readonly Argument[], lines: readonly string[]): Resident =>
    fuser.launch(size, own, 'return a0[i];', invocations(threads, [token], lines));
  // for each chunk, the product of its decays, then its last state when it starts from zero
  const chunks = kernel(
    2 * count * channels,
    count * channels,
    [a, b],
    [
      place,
      'var p = 1.0; var h = 0.0;',
      walk('let d = user_a0[at]; p *= d; h = fma(d, h, user_a1[at]);'),
      `result[i] = p; result[i + ${count * channels}u] = h;`,
    ],
  );
  const states = kernel(
    count * channels,
    channels,
    [chunks, first],
    [
      'var h = user_a1[i];',
      `for (var k = 0u; k < ${count}u; k++) { let at = k * ${channels}u + i; result[at] = h;`,
      `h = fma(user_a0[at], h, user_a0[at + ${count * channels}u]); }`,
    ],
  );
  return kernel(
    outer * length * inner,
    count * channels,
    [a, b, states],
    [place, 'var h = user_a2[i];', walk('h = fma(user_a0[at], h, user_a1[at]); result[at] = h;')],
  );
}

/** Computes the state of every token. */
function scan(fuser: Fuser, xs: readonly Operand[], axis: number, reverse: boolean, shape: Shape): Resident {
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  const layout = layoutOf(shape, axis, reverse);
  if (layout.length <= fewTokens || fuser.target.routines) return byLoops(fuser, operands, layout);
  // an array that is two arguments would have only one name in WGSL
  const isPlain = new Set(operands).size < operands.length;
  return fuser.target.workgroups && !isPlain ? byChunks(fuser, operands, layout) : byRounds(fuser, operands, layout);
}

/** `y_t = Σ_j k_j x_{t−j}`, or in reverse `Σ_j k_j x_{t+j}`, by direct summation: one invocation per element. */
function convolution(fuser: Fuser, xs: readonly Operand[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  const body = [
    tokenOf(layout),
    `const steps = ${stepsOf(layout)};`,
    'let s = 0;',
    'for (let j = 0; j < steps; j++) {',
    `const from = start + (t ${reverse ? '+' : '-'} j) * ${inner};`,
    `s = s + a1[start + j * ${inner}] * a0[from];`,
    '}',
    'return s;',
  ].join('\n');
  return fuser.launch(outer * length * inner, operands, body);
}

export const sequences = {
  linearScan: (fuser, xs, { axis, reverse }, shape) => dense(scan(fuser, xs, axis, reverse, shape), without1(shape)),
  causalConvolution: (fuser, xs, { axis, reverse }, shape) =>
    dense(convolution(fuser, xs, layoutOf(shape, axis, reverse)), without1(shape)),
} satisfies Partial<Rules>;
