/** @file What the scan in logarithmic depth combines: two affine steps h ↦ a h + b, which belong to Eq. 12. */
import * as fc from 'fast-check';
import { pairBlocks } from '../../../spec/05-discrete-recurrence.ts';
import { composedStep, type Step } from '../../../spec/12-dense-convolution.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { associativeScan, type Combine } from '../../nn/ssm/associative-scan.ts';
import { type Affine, complexCombine, matrixCombine, realCombine } from '../../nn/ssm/combine.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { joinTrees, mapTree, treeOf } from '../../tensor/tree.ts';
import type { Tensors } from '../case.ts';
import { small } from '../draw.ts';
import { type Operator, plain } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { type FormName, outputsOf, partsOf, slotsOf } from './ssm.ts';

type Steps<S extends StateValue> = { readonly left: Affine<S>; readonly right: Affine<S> };

const modesOf = <S extends StateValue>(combine: Combine<Affine<S>>, axis: number): Record<string, Program> => {
  const stepsOf = (inputs: Named): Steps<S> => treeOf(inputs) as Steps<S>;
  return {
    whole: (inputs) => {
      const { left, right } = stepsOf(inputs);
      return outputsOf(combine(left, right));
    },
    // as the two tokens of a sequence; `axis` is that of time, counted from the end
    scanned: (inputs) => {
      const { left, right } = stepsOf(inputs);
      const both = joinTrees([left, right], (xs) => concat(xs, axis));
      return outputsOf(mapTree(associativeScan(combine, both, axis), (x) => slice(x, axis, 1, 2)));
    },
  };
};

/** The shapes of a and b of one token: a step for each of r sequences (which matrices have in common) and w channels. */
const shapesOf = (form: FormName, r: number, w: number): { a: Shape; b: Shape } =>
  form === 'matrix' ? { a: [1, 2, w, w], b: [r, 1, 2, w, 1] } : { a: [r, 1, w], b: [r, 1, w] };

/** The steps of one place as the definition takes them: real numbers, pairs or a matrix. */
function stepAt(form: FormName, inputs: Tensors, side: string, i: number): Step {
  const of = (name: string): Float64Array => inputs[`${side}.${name}`]!.data;
  if (form === 'real') return { a: [[of('a')[i]!]], u: [of('b')[i]!] };
  if (form === 'complex') {
    return { a: pairBlocks([{ re: of('a.re')[i]!, im: of('a.im')[i]! }]), u: [of('b.re')[i]!, of('b.im')[i]!] };
  }
  const w = inputs[`${side}.a`]!.shape[3]!;
  const numbers = Array.from(of('a').slice((i % 2) * w * w, ((i % 2) + 1) * w * w));
  const a: Matrix = Array.from({ length: w }, (_, row) => numbers.slice(row * w, (row + 1) * w));
  return { a, u: Array.from(of('b').slice(i * w, (i + 1) * w)) };
}

function defined(form: FormName, inputs: Tensors): Tensors {
  const shape = (name: string): Shape => inputs[`left.${name}`]!.shape;
  const step = partsOf('b', form)[0]!;
  const places = sizeOf(shape(step)) / (form === 'matrix' ? shape(step).at(-2)! : 1);
  const all = Array.from({ length: places }, (_, i) =>
    composedStep(stepAt(form, inputs, 'left', i), stepAt(form, inputs, 'right', i)),
  );
  // matrices are the same for all sequences: the first two places hold them
  const decays =
    form === 'matrix' ? all.slice(0, 2).map(({ a }) => a.flat()) : all.map(({ a }) => a.map((row) => row[0]!));
  const columns = [decays, all.map(({ u }) => u)] as const;
  const outputs = (['a', 'b'] as const).flatMap((name, which) => {
    const parts = partsOf(name, form);
    return parts.map((part, k) => {
      const numbers = columns[which]!.flatMap((own) => (parts.length === 1 ? own : [own[k]!]));
      return [part, { shape: shape(part), data: Float64Array.from(numbers) }] as const;
    });
  });
  return Object.fromEntries(outputs);
}

const combination = <S extends StateValue>(
  name: string,
  form: FormName,
  combine: Combine<Affine<S>>,
  axis: number,
): Operator => {
  const sides = (prefix: string, names: readonly string[]): string[] => names.map((one) => `${prefix}${one}`);
  const parts = [...partsOf('b', form), ...(form === 'matrix' ? [] : partsOf('a', form))];
  const everywhere = [...parts, ...sides('left.', parts), ...sides('right.', parts)];
  return {
    ...plain,
    name,
    chapter: 'spec/12-dense-convolution.ts',
    evidence: [],
    reference: 'whole',
    layouts: () =>
      fc.tuple(small(3), small(3)).map(([r, w]) => {
        const shapes = shapesOf(form, r, w);
        const slots = (side: string) => ({
          ...slotsOf(`${side}.a`, { shape: shapes.a }, form),
          ...slotsOf(`${side}.b`, { shape: shapes.b }, form),
        });
        const outputs = (['a', 'b'] as const).flatMap((part) => partsOf(part, form).map((one) => [one, shapes[part]]));
        return {
          inputs: { ...slots('left'), ...slots('right') },
          outputs: Object.fromEntries(outputs) as Record<string, Shape>,
          settings: {},
        };
      }),
    definition: (inputs) => defined(form, inputs),
    modes: modesOf(combine, axis),
    combines: true,
    exact: true,
    axes: { batch: Object.fromEntries(everywhere.map((one) => [one, 0])) },
  };
};

/** Steps whose decays are numbers, complex numbers and matrices. */
export const combinations: readonly Operator[] = [
  combination('realCombine', 'real', realCombine, -2),
  combination('complexCombine', 'complex', complexCombine, -2),
  combination('matrixCombine', 'matrix', matrixCombine, -4),
];
