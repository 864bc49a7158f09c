/** @file The part of the registry that speaks of state space models and the dense hidden connection over them: Eqs. 3 to 14. */
import { continuousOutput, stateDerivative } from './03-continuous-ssm.ts';
import { discreteOutput, discreteState } from './05-discrete-recurrence.ts';
import { causalConvolution, convolutionKernel } from './07-convolution.ts';
import { degradedState } from './09-degradation.ts';
import { collect, inject } from './10-dense-hidden.ts';
import { convolvedState, denseOutput, unrolledState } from './12-dense-convolution.ts';
import type { Equation } from './registry.ts';

/** Equations 3 to 14, in order. */
export const stateSpaceEquations: readonly Equation[] = [
  {
    number: 3,
    name: 'derivative of the state',
    chapter: '03-continuous-ssm.ts',
    evidence: ['R'],
    latex: String.raw`h'(t) = A\,h(t) + B\,x(t)`,
    shapes: 'A [n][n], B [n], h [n], x -> [n]',
    definition: stateDerivative,
  },
  {
    number: 4,
    name: 'continuous output',
    chapter: '03-continuous-ssm.ts',
    evidence: ['R'],
    latex: String.raw`y(t) = C\,h(t)`,
    shapes: 'C [n], h [n] -> number',
    definition: continuousOutput,
  },
  {
    number: 5,
    name: 'discrete state',
    chapter: '05-discrete-recurrence.ts',
    evidence: ['F', 'R'],
    latex: String.raw`h_t = \bar{A}\,h_{t-1} + \bar{B}\,x_t`,
    shapes: 'Ā [n][n], B̄ [n], h [n], x -> [n]',
    definition: discreteState,
  },
  {
    number: 6,
    name: 'discrete output',
    chapter: '05-discrete-recurrence.ts',
    evidence: ['F', 'R'],
    latex: String.raw`y_t = C\,h_t`,
    shapes: 'C [n], h [n] -> number',
    definition: discreteOutput,
  },
  {
    number: 7,
    name: 'convolution kernel',
    chapter: '07-convolution.ts',
    evidence: ['R'],
    latex: String.raw`\bar{K} = (C\bar{B}, C\bar{A}\bar{B}, \ldots, C\bar{A}^{t}\bar{B})`,
    shapes: 'Ā [n][n], B̄ [n], C [n] -> [t]',
    definition: convolutionKernel,
  },
  {
    number: 8,
    name: 'causal convolution',
    chapter: '07-convolution.ts',
    evidence: ['F', 'R'],
    latex: String.raw`y = x * \bar{K}`,
    shapes: 'x [t], kernel [t] -> [t]',
    definition: causalConvolution,
  },
  {
    number: 9,
    name: 'degradation',
    chapter: '09-degradation.ts',
    evidence: ['N', 'R'],
    latex: String.raw`h_t^l = \bar{A}h_{t-1}^l + \bar{B}\,\Theta(C\bar{A}h_{t-1}^{l-1} + C\bar{B}\,\Theta(\ldots\Theta(C h_t^{l-m})\ldots))`,
    shapes: 'bottom [e][n], h_{t-1} [m][e][n] -> [e][n]',
    definition: degradedState,
  },
  {
    number: 10,
    name: 'collect',
    chapter: '10-dense-hidden.ts',
    evidence: ['N', 'F'],
    latex: String.raw`H_t^l = [\phi(h_t^{l-1}); \phi(h_t^{l-2}); \ldots; \phi(h_t^{l-m})]`,
    shapes: 'states [l][w], projections [j], gates [j][w] -> [j][w]',
    definition: collect,
  },
  {
    number: 11,
    name: 'inject',
    chapter: '10-dense-hidden.ts',
    evidence: ['N', 'F'],
    latex: String.raw`{h'}_t^l = \mathrm{Fuse}(h_t^l, H_t^l)`,
    shapes: 'h [w], H [j][w] -> [w]',
    definition: inject,
  },
  {
    number: 12,
    name: 'unrolled recurrence',
    chapter: '12-dense-convolution.ts',
    evidence: ['R'],
    latex: String.raw`h_t^l = \bar{A}^t h_0 + \sum_{i=1}^{t} \bar{A}^{t-i}\bar{B}\,x_i^l`,
    shapes: 'x [t], Ā [n][n], B̄ [n], h0 [n] -> [n]',
    definition: unrolledState,
  },
  {
    number: 13,
    name: 'state as a convolution',
    chapter: '12-dense-convolution.ts',
    evidence: ['F', 'R'],
    latex: String.raw`h_t^l = ((x_1,\ldots,x_t) * (\bar{B}, \bar{A}\bar{B}, \ldots, \bar{A}^{t-1}\bar{B}))_t`,
    shapes: 'x [t], Ā [n][n], B̄ [n] -> [n]',
    definition: convolvedState,
  },
  {
    number: 14,
    name: 'dense output, convolution mode',
    chapter: '12-dense-convolution.ts',
    evidence: ['F', 'R'],
    latex: String.raw`y_t^l = C\,\mathrm{Fuse}((x_1,\ldots,x_t) * (\bar{B}, \bar{A}\bar{B}, \ldots, \bar{A}^{t-1}\bar{B}), H_t^l)`,
    shapes: 'x [t], h0 [n], H [j][n] -> number',
    definition: denseOutput,
  },
];
