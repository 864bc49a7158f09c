/** @file The dense hidden connection over state space models (Eqs. 10, 11 and 14). */
import * as fc from 'fast-check';
import * as dense from '../../../spec/10-dense-hidden.ts';
import { denseOutput, denseRecurrence } from '../../../spec/12-dense-convolution.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { type Carry, type DenseSsmInputs, denseSsm as denseOnEngine } from '../../nn/ssm/dense.ts';
import type { StateValue } from '../../nn/ssm/form.ts';
import { type Layout, mapTensors, toLists } from '../case.ts';
import { anyAssociation, small } from '../draw.ts';
import { under } from '../named.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { collected, fusedFeature } from './dense-features.ts';
import {
  diagonalSsm,
  outputsOf,
  perChannel,
  type SsmModeName,
  type SsmSettings,
  ssmMode,
  ssmModes,
  ssmTree,
} from './ssm.ts';

/** Eq. 10: what a layer collects from the states of the layers before it. */
export const collect = collected('collect', 10, dense.collect);

/** Eq. 11: a layer's own state with what it collected. */
export const inject = fusedFeature('inject', 11, dense.collect, dense.inject);

/** Settings of Eq. 14: what is carried to the next token. */
export type DenseSsmSettings = SsmSettings & { readonly carry: Carry };

const mostSources = 3;
const sources = Array.from({ length: mostSources }, (_, j) => `selected.${j}`);

const program =
  (name: SsmModeName): Program<DenseSsmSettings> =>
  (inputs, { chunkSize, carry }) => {
    const { state, ...rest } = { selected: [], ...ssmTree(inputs) };
    return outputsOf(denseOnEngine(ssmMode(name, chunkSize), carry)(rest as DenseSsmInputs<StateValue>, state));
  };

function layouts(size: Size): fc.Arbitrary<Layout<DenseSsmSettings>> {
  const carries = fc.constantFrom<Carry>('raw', 'fused');
  return fc.tuple(diagonalSsm.layouts(size), small(mostSources, 0), carries).map(([layout, count, carry]) => {
    const [b, t, e] = layout.inputs.x!.shape as readonly [number, number, number];
    const n = layout.inputs.a!.shape[1]!;
    const selected = sources.slice(0, count).map((name) => [name, { shape: [b, t, e, n] }]);
    return {
      ...layout,
      inputs: { ...layout.inputs, ...Object.fromEntries(selected) },
      settings: { ...layout.settings, carry },
    };
  });
}

const along = (axis: number): Record<string, number> => Object.fromEntries(sources.map((name) => [name, axis]));
const { time, axes } = diagonalSsm as Required<typeof diagonalSsm>;

/** Eq. 14 under both readings of what is carried; the sources are already selected (Eqs. 15–17). */
export const denseSsm: Operator<DenseSsmSettings> = {
  ...plain,
  name: 'denseSsm',
  equations: [14],
  reference: 'recurrent',
  boundsOf: anyAssociation,
  spectral: ['fft'],
  timeInvariant: true,
  exact: true,
  layouts,
  // Eq. 14 itself where the mode is a convolution and the state is carried raw, Eqs. 5, 11 and 6 elsewhere
  definition: (inputs, { carry }, mode) => {
    const lists = under(inputs, 'selected.').map((x) => toLists(x) as unknown as readonly (readonly Matrix[])[]);
    return perChannel('real', inputs, ({ x, ssm, h0 }, { b, e }) => {
      const collectedAt = x.map((_, t) => lists.map((source) => source[b]![t]![e]!));
      const result = denseRecurrence(x, ssm, collectedAt, h0, carry);
      if (carry === 'fused' || (mode !== 'direct' && mode !== 'fft')) return result;
      return { ...result, output: x.map((_, t) => denseOutput(x.slice(0, t + 1), ssm, collectedAt[t]!, h0)) };
    });
  },
  modes: Object.fromEntries(ssmModes.map((mode) => [mode, program(mode)])),
  linearIn: ['x', 'state', ...sources],
  time: { ...time, inputs: { ...time.inputs, ...along(1) }, after: (settings) => settings },
  axes: { batch: { ...axes.batch, ...along(0) }, head: { ...axes.head, ...along(2) } },
  reductions: {
    'closed gates': {
      change: (c) => ({
        ...c,
        inputs: mapTensors(c.inputs, (x, name) => (sources.includes(name) ? { ...x, data: x.data.map(() => 0) } : x)),
      }),
      program: (mode) => (inputs, settings) => denseSsm.modes[mode]!(withoutSources(inputs), settings),
      ignores: (name) => name.startsWith('gradient.selected.'),
    },
  },
};

const withoutSources = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !sources.includes(name)));
