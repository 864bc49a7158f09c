/** @file Declares the continuous state space model (Eqs. 3 and 4), applied to each token alone. */
import * as fc from 'fast-check';
import { continuousOutput, stateDerivative } from '../../../../spec/03-continuous-ssm.ts';
import { diagonal } from '../../../../spec/05-discrete-recurrence.ts';
import type { Matrix, Vector } from '../../../../spec/notation.ts';
import * as nn from '../../../nn/ssm/continuous.ts';
import { defineOperator } from '../../define-operator.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import { layerAxes } from '../shared/ssm.ts';
import { tokenModes } from '../shared/tokens.ts';

const signature = 'x bte, h bten, param.a en|enn, param.b en, param.c en -> derivative bten, y bte';

/** Settings of the continuous model: whether A is diagonal (`real`) or a full matrix. */
export type ContinuousSettings = { readonly form: 'real' | 'matrix' };

const program: ProgramOf<typeof signature, ContinuousSettings> = ({
  x,
  h,
  'param.a': a,
  'param.b': b,
  'param.c': c,
}) => ({ derivative: nn.stateDerivative({ a, b }, h, x), y: nn.stateOutput(c, h) });

export const continuousSsm = defineOperator({
  name: 'continuousSsm',
  equations: [3, 4],
  signature,
  layouts: (size) =>
    fc.tuple(layerAxes(size), fc.constantFrom<ContinuousSettings['form']>('real', 'matrix')).map(([axes, form]) =>
      layoutOf(signature, {
        lengths: axes,
        settings: { form },
        details: form === 'matrix' ? { 'param.a': { shape: [axes.e, axes.n, axes.n] } } : {},
      }),
    ),
  definition: over('bte', signature, ({ x, h, ...param }, { form }: ContinuousSettings) => {
    const a = param['param.a'];
    return {
      derivative: stateDerivative(form === 'matrix' ? (a as Matrix) : diagonal(a as Vector), param['param.b'], h, x),
      y: continuousOutput(param['param.c'], h),
    };
  }),
  modes: tokenModes(signature, program),
  reference: 'whole',
  laws: { linearIn: ['x', 'h'], exact: true },
});
