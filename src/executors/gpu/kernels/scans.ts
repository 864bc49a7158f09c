/** @file Computes linear scans `h_t = a_t h_{t−1} + b_t`: by loops from known states, or by chunks that run side by side. */
import { sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { divide } from '../text/places.ts';
import type { Argument } from '../text/script.ts';
import type { Operand, Resident } from '../values/numbers.ts';
import { byChunks } from './chunks.ts';
import { type Layout, powerNear, tokenOf } from './tokens.ts';

/** Longest sequence for which each invocation starts at the first token: then one kernel is faster than several. */
const fewTokens = 16;

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

/** Computes the state after every token, of operands a, b and h0. */
export function scan(fuser: Fuser, xs: readonly Operand[], layout: Layout): Resident {
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  // an array that is two arguments would have only one name in WGSL
  const isPlain = new Set(operands).size < operands.length;
  const hasChunks = fuser.target.workgroups && layout.length > fewTokens && !isPlain;
  return hasChunks ? byChunks(fuser, operands, layout) : byLoops(fuser, operands, layout);
}
