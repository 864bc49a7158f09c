/** @file The causal depthwise convolution with a cache: one or some tokens, from the window before them to the window after them. */
import { fail } from '../tensor/errors.ts';
import { makeValue } from '../tensor/make.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { gather } from '../tensor/primitives/gather.ts';
import { pad } from '../tensor/primitives/pad.ts';
import { slice } from '../tensor/primitives/slice.ts';
import type { Value } from '../tensor/value.ts';
import { checkAxes, checkShape } from './check.ts';
import type { CausalConvolution, ConvolutionInputs, ConvolutionResult } from './depthwise-convolution.ts';

/**
 * The inputs of a convolution, and `position` [b] (kind index) if the window is circular: the number of tokens before `x` in each
 * sequence.
 */
export interface ConvolutionStepInputs extends ConvolutionInputs {
  readonly position?: Value | undefined;
}

/**
 * Convolves new tokens `x` [b, t, e] in a mode of the convolution. The window [b, s, e], s ≥ k − 1, and ≥ 1 if it is circular, has the last s tokens, newest last; a
 * circular one has token number p in row p mod s. Returns outputs [b, t, e] and the next window. Throws on wrong shapes. A circular window
 * needs positions whose numbers can be read, so it cannot be compiled.
 * @example
 * const inputs = { x: tensor([[[1], [10]]]), weight: tensor([[2, 3]]) };
 * read(convolutionStep(parallelConvolution)(inputs, tensor([[[100]]])).output) // [203, 32]
 */
export const convolutionStep =
  (convolution: CausalConvolution) =>
  ({ position, ...inputs }: ConvolutionStepInputs, window: Value): ConvolutionResult => {
    const { x, weight } = inputs;
    checkWindow('convolutionStep', inputs, window, position);
    const [s, t, taps] = [window.shape[1]!, x.shape[1]!, weight.shape[1]!];
    const all = concat([window, x], 1);
    const before =
      position === undefined || taps === 1
        ? slice(window, 1, s - taps + 1, s)
        : rowsOf(window, position, taps - 1, (p, j) => modulo(p - taps + 1 + j, s));
    const after =
      position === undefined
        ? slice(all, 1, t, t + s)
        : rowsOf(all, position, s, (p, row) => {
            // the newest of the tokens p … p + t − 1 in this row, or else the row as it was
            const age = modulo(p + t - 1 - row, s);
            return age < t ? s + t - 1 - age : row;
          });
    // the convolution reads no more than k − 1 rows of a window of k
    return { output: convolution(inputs, pad(before, 1, 1, 0)).output, state: after };
  };

/** Gathers `count` rows of a table [b, rows, e] for each sequence: row(p, j) for its position p and j = 0 … count − 1. */
function rowsOf(table: Value, position: Value, count: number, row: (p: number, j: number) => number): Value {
  const { on } = position;
  const rows = Float64Array.from(on.read(position.data)).reduce<number[]>((all, p) => {
    for (let j = 0; j < count; j++) all.push(row(p, j));
    return all;
  }, []);
  const shape = [position.shape[0]!, count];
  const index = makeValue(on, shape, 'index', on.input(Float64Array.from(rows), shape, 'index'));
  return gather(table, index, 1);
}

const modulo = (n: number, s: number): number => ((n % s) + s) % s;

function checkWindow(call: string, { x, weight }: ConvolutionInputs, window: Value, position?: Value): void {
  checkAxes(call, 'x', x, ['b', 't', 'e']);
  checkAxes(call, 'the weight', weight, ['e', 'k']);
  checkAxes(call, 'the window', window, ['b', 's', 'e']);
  const [b, , e] = x.shape as readonly [number, number, number];
  const [s, taps] = [window.shape[1]!, weight.shape[1]!];
  checkShape(call, 'the window', window, ['b', 's', 'e'], [b, s, e]);
  const least = Math.max(position === undefined ? 0 : 1, taps - 1);
  if (s < least) fail(`${call}: the window has ${s} rows for ${taps} taps; give it at least ${least}`);
  if (position !== undefined) checkShape(call, 'the position', position, ['b'], [b]);
}
