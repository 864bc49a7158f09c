/** @file Recurrences and convolutions over tokens: one thread for each result, which loops over the tokens up to its own. */
import { sizeOf } from '../../../tensor/shape.ts';
import { divide } from './places.ts';
import type { Rules } from './rule.ts';

/** Statements that find the token `t` of thread `i` along an axis, and the place `start` of the first token beside it. */
const tokenOf = (length: number, inner: number): string =>
  [divide('i', inner, 'q', 'c'), divide('q', length, 'o', 't'), `const start = o * ${length * inner} + c;`].join('\n');

export const sequences = {
  // a kernel writes one number a thread, so the thread of h_t begins at h0 again: T²/2 steps in all
  linearScan(launch, [a, b, h0], { axis, reverse }, shape) {
    const length = shape[axis]!;
    const inner = sizeOf(shape.slice(axis + 1));
    return launch(sizeOf(shape), [a!.numbers, b!.numbers, h0!.numbers], (decay, add, first) =>
      [
        tokenOf(length, inner),
        `let h = ${first!(`o * ${inner} + c`)};`,
        `const steps = ${reverse ? `${length} - t` : 't + 1'};`,
        `for (let j = 0; j < steps; j++) {`,
        `const at = start + ${reverse ? `(${length - 1} - j)` : 'j'} * ${inner};`,
        `h = ${decay!('at')} * h + ${add!('at')};`,
        '}',
        'return h;',
      ].join('\n'),
    );
  },
  // whichever method: a sum of products is within the bounds of both
  causalConvolution(launch, [x, k], { axis, reverse }, shape) {
    const length = shape[axis]!;
    const inner = sizeOf(shape.slice(axis + 1));
    return launch(sizeOf(shape), [x!.numbers, k!.numbers], (value, weight) =>
      [
        tokenOf(length, inner),
        `const steps = ${reverse ? `${length} - t` : 't + 1'};`,
        'let s = 0;',
        `for (let j = 0; j < steps; j++) {`,
        `const from = start + (t ${reverse ? '+' : '-'} j) * ${inner};`,
        `s = s + ${weight!(`start + j * ${inner}`)} * ${value!('from')};`,
        '}',
        'return s;',
      ].join('\n'),
    );
  },
} satisfies Partial<Rules>;
