/** @file Declares the combination of two steps h ↦ a h + b with real decays. */
import * as fc from 'fast-check';
import { composedStep } from '../../../../spec/12-dense-convolution.ts';
import { realCombine as combine } from '../../../nn/ssm/combine.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { combineModes } from '../shared/combine.ts';

const signature = 'left.a b1e, left.b b1e, right.a b1e, right.b b1e -> a b1e, b b1e';

export const realCombine = defineOperator({
  name: 'realCombine',
  chapter: 'spec/12-dense-convolution.ts',
  evidence: [],
  signature,
  layouts: (size) =>
    fc
      .tuple(axis(size, 'b', 3), axis(size, 'e', 3))
      .map(([b, e]) => layoutOf(signature, { lengths: { b, e }, settings: {} })),
  definition: over('be', signature, (inputs) => {
    const stepOf = (side: 'left' | 'right') => ({ a: [inputs[`${side}.a`]], u: inputs[`${side}.b`] });
    const { a, u } = composedStep(stepOf('left'), stepOf('right'));
    return { a: [a[0]![0]!], b: [u[0]!] };
  }),
  modes: combineModes(combine, -2),
  reference: 'whole',
  laws: { combines: true, exact: true },
});
