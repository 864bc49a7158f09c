/** @file Declares state space models with sources from shallower layers (Eq. 14), for both readings of the carried state. */
import * as fc from 'fast-check';
import { diagonal } from '../../../../spec/05-discrete-recurrence.ts';
import { denseOutput, denseRecurrence } from '../../../../spec/12-dense-convolution.ts';
import { type Carry, denseSsm as denseOnEngine } from '../../../nn/ssm/dense.ts';
import { type Layout, mapTensors } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import { anyAssociation, chunkSizeOf, small } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { under } from '../../named.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import { over } from '../../over.ts';
import {
  decayDetails,
  inSsmModes,
  layerDraws,
  type SsmModeName,
  type SsmSettings,
  ssmMode,
  ssmModes,
} from '../shared/ssm.ts';

const signature = 'x bte, a en, b en, c en, state ben, selected.* bten -> output bte, state ben';

/** Settings of Eq. 14: whether the raw or the fused state is carried to the next token, and the chunk size. */
export type DenseSsmSettings = SsmSettings & { readonly carry: Carry };

/** The largest number of sources in a case. */
const mostSources = 3;

const isSource = (name: string): boolean => name.startsWith('selected.');

const layouts = (size: Size): fc.Arbitrary<Layout<DenseSsmSettings>> =>
  fc
    .tuple(layerDraws(size), small(mostSources, 0), fc.constantFrom<Carry>('raw', 'fused'))
    .map(([[axes, chunk], count, carry]) => {
      const sources = Object.fromEntries(Array.from({ length: count }, (_, j) => [`selected.${j}`, {}]));
      return layoutOf(signature, {
        lengths: axes,
        settings: { chunkSize: chunkSizeOf(chunk, axes.t), carry },
        inputs: { x: {}, a: decayDetails(size, 1).a, b: {}, c: {}, state: {}, ...sources },
      });
    });

type DenseSsmProgram = ProgramOf<typeof signature, DenseSsmSettings>;

const program =
  (name: SsmModeName): DenseSsmProgram =>
  ({ x, a, b, c, state, ...sources }, { chunkSize, carry }) => ({
    ...denseOnEngine(ssmMode(name, chunkSize), carry)({ x, a, b, c, selected: under(sources, 'selected.') }, state),
  });

const isConvolution = (mode: string): boolean => mode === 'direct' || mode === 'fft';

// for the reading `raw`; for `fused`, Eqs. 5, 11 and 6 define every mode, because Eq. 14 carries no fused state
const byTokens = { output: [5, 6, 11], state: [5] };
const byConvolution = { output: [14], state: [5] };

/** The dense state space model, Eq. 14. Its sources are already selected (Eqs. 15–17). */
export const denseSsm = defineOperator({
  name: 'denseSsm',
  equations: [14],
  definedBy: inSsmModes(ssmModes, (name) => (isConvolution(name) ? byConvolution : byTokens)),
  signature,
  layouts,
  definition: over('be', signature, ({ x, a, b, c, state, ...rest }, { carry }: DenseSsmSettings, { mode }) => {
    const ssm = { aBar: diagonal(a), bBar: b, c };
    const sources = under(rest, 'selected.');
    const collected = x.map((_, t) => sources.map((source) => source[t]!));
    const result = denseRecurrence(x, ssm, collected, state, carry);
    if (carry === 'fused' || !isConvolution(mode)) return result;
    return { ...result, output: x.map((_, t) => denseOutput(x.slice(0, t + 1), ssm, collected[t]!, state)) };
  }),
  modes: inSsmModes(ssmModes, program),
  reference: 'recurrent',
  boundsOf: anyAssociation,
  laws: {
    heads: 'e',
    linearIn: ['x', 'state', 'selected.*'],
    exact: true,
    spectral: ['fft'],
    timeInvariant: true,
    reductions: {
      'closed gates': {
        change: (c) => ({
          ...c,
          inputs: mapTensors(c.inputs, (x, name) => (isSource(name) ? { ...x, data: x.data.map(() => 0) } : x)),
        }),
        program:
          (mode): DenseSsmProgram =>
          ({ x, a, b, c, state }, settings) =>
            program(mode as SsmModeName)({ x, a, b, c, state }, settings),
        ignores: (name) => name.startsWith('gradient.selected.'),
      },
    },
  },
});
