/** @file Declares the combination of two steps h ↦ a h + b with complex decays. */
import * as fc from 'fast-check';
import { pairBlocks } from '../../../../spec/05-discrete-recurrence.ts';
import { composedStep, type Step } from '../../../../spec/12-dense-convolution.ts';
import { complexCombine as combine } from '../../../nn/ssm/combine.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { combineModes } from '../shared/combine.ts';
import { complexOf, interleaved } from '../shared/complex.ts';

const signature =
  'left.a.re b1e, left.a.im b1e, left.b.re b1e, left.b.im b1e, right.a.re b1e, right.a.im b1e, right.b.re b1e, right.b.im b1e -> a.re b1e, a.im b1e, b.re b1e, b.im b1e';

export const complexCombine = defineOperator({
  name: 'complexCombine',
  chapter: 'spec/12-dense-convolution.ts',
  evidence: [],
  signature,
  layouts: (size) =>
    fc
      .tuple(axis(size, 'b', 3), axis(size, 'e', 3))
      .map(([b, e]) => layoutOf(signature, { lengths: { b, e }, settings: {} })),
  definition: over('be', signature, (inputs) => {
    const stepOf = (side: 'left' | 'right'): Step => ({
      a: pairBlocks(complexOf(inputs[`${side}.a.re`], inputs[`${side}.a.im`])),
      u: interleaved(inputs[`${side}.b.re`], inputs[`${side}.b.im`]),
    });
    const { a, u } = composedStep(stepOf('left'), stepOf('right'));
    return { 'a.re': [a[0]![0]!], 'a.im': [a[1]![0]!], 'b.re': [u[0]!], 'b.im': [u[1]!] };
  }),
  modes: combineModes(combine, -2),
  reference: 'whole',
  laws: { combines: true, exact: true },
});
