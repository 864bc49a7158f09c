/** @file Declares the combination of two steps h ↦ a h + b whose decays are matrices, shared by all sequences. */
import * as fc from 'fast-check';
import { composedStep, type Step } from '../../../../spec/12-dense-convolution.ts';
import { matrixCombine as combine } from '../../../nn/ssm/combine.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { combineModes } from '../shared/combine.ts';

const signature = 'left.a 1enn, left.b b1en1, right.a 1enn, right.b b1en1 -> a 1enn, b b1en1';

export const matrixCombine = defineOperator({
  name: 'matrixCombine',
  chapter: 'spec/12-dense-convolution.ts',
  evidence: [],
  signature,
  layouts: (size) =>
    fc
      .tuple(axis(size, 'b', 3), axis(size, 'n', 3))
      .map(([b, n]) => layoutOf(signature, { lengths: { b, e: 2, n }, settings: {} })),
  definition: over('be', signature, (inputs) => {
    const stepOf = (side: 'left' | 'right'): Step => ({
      a: inputs[`${side}.a`].flat(),
      u: inputs[`${side}.b`].flat(2),
    });
    const { a, u } = composedStep(stepOf('left'), stepOf('right'));
    return { a: [a], b: [u.map((x) => [x])] };
  }),
  modes: combineModes(combine, -4),
  reference: 'whole',
  laws: { combines: true, exact: true },
});
