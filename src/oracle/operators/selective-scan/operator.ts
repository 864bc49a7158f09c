/** @file Declares the selective scan of Mamba, with all layouts of B and C and all optional inputs. */
import * as fc from 'fast-check';
import { given, type Matrix } from '../../../../spec/notation.ts';
import { selectiveScan as definition, type StateMap } from '../../../../spec/selective-ssm.ts';
import {
  constantMap,
  type SelectiveScanInputs,
  type SelectiveScanResult,
  tokenMap,
} from '../../../nn/selective-scan/inputs.ts';
import {
  chunkwiseSelectiveScan,
  logStepSelectiveScan,
  recurrentSelectiveScan,
  scanFrom,
  scanSelectiveScan,
} from '../../../nn/selective-scan/modes.ts';
import { type Recurrence, scanStates } from '../../../nn/selective-scan/recurrences.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case, Layout } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import {
  among,
  anyAssociation,
  axis,
  chunkDraws,
  chunkSizeOf,
  dividedAxis,
  groupsIn,
  lengths,
  small,
} from '../../draw.ts';
import { byCumulatedLogarithms, cumulated } from '../../forms/cumulated-logarithms.ts';
import { byPairs, byQuotients, withCarriedDifferences, withDecayDifferences } from '../../forms/recurrences.ts';
import { bySegmentSums } from '../../forms/segment-sums.ts';
import { identityFrom, softplusByLogarithm } from '../../forms/softplus-by-logarithm.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf, Size } from '../../operator.ts';
import { over } from '../../over.ts';

const signature =
  "u bte, delta bte, a en, constantB? en, tokenB? btn, groupB? btgn, constantC? en, tokenC? btn, groupC? btg'n, skip? e, z? bte, deltaBias? e, state ben -> output bte, state ben";

/** The layouts of B or C: the same for all tokens, per token, or per token and group. */
const mapLayouts = ['constant', 'token', 'group'] as const;
type MapLayout = (typeof mapLayouts)[number];

/** Settings of a selective scan: the layouts of B and C, whether softplus is applied to δ, and the chunk size of chunkwise mode. */
export type SelectiveScanSettings = {
  readonly b: MapLayout;
  readonly c: MapLayout;
  readonly deltaSoftplus: boolean;
  readonly chunkSize: number;
};

/** Makes a program from a function of nn: converts the operator's inputs, in which the names of B and C depend on their layouts. */
export const scanning =
  (
    run: (inputs: SelectiveScanInputs, state: Value, settings: SelectiveScanSettings) => SelectiveScanResult,
  ): ProgramOf<typeof signature, SelectiveScanSettings> =>
  (inputs, settings) => {
    const { u, delta, a, skip, z, deltaBias, state } = inputs;
    const map = (layout: MapLayout, name: 'B' | 'C'): Value => {
      const rows = given(inputs[`${layout}${name}`], `${layout}${name}`);
      if (layout === 'constant') return constantMap(rows, u);
      return layout === 'token' ? tokenMap(rows) : rows;
    };
    const maps = { b: map(settings.b, 'B'), c: map(settings.c, 'C') };
    const { deltaSoftplus } = settings;
    return run({ u, delta, a, ...maps, skip, z, deltaBias, deltaSoftplus }, state, settings);
  };

const layouts = (size: Size): fc.Arbitrary<Layout<SelectiveScanSettings>> =>
  fc
    .record({
      b: axis(size, 'b', 2),
      t: lengths(size),
      perGroup: small(3),
      g: axis(size, 'g', 2),
      "g'": axis(size, "g'", 2),
      n: axis(size, 'n', 4),
      e: dividedAxis(size, 'e', 12),
      chunk: chunkDraws,
      layouts: fc.tuple(among(size, 'b', ...mapLayouts), among(size, 'c', ...mapLayouts)),
      deltaSoftplus: among(size, 'deltaSoftplus', false, true),
      // PyTorch's softplus becomes the identity above 20
      centre: fc.constantFrom(0, 0, 20),
      optional: fc.record({
        skip: among(size, 'skip', false, true),
        z: among(size, 'z', false, true),
        deltaBias: among(size, 'deltaBias', false, true),
      }),
    })
    .map(({ perGroup, chunk, layouts: [b, c], deltaSoftplus, centre, optional, ...drawn }) => {
      const { e = perGroup * drawn.g * drawn["g'"] } = drawn;
      const letters = { ...drawn, e, g: groupsIn(e, drawn.g), "g'": groupsIn(e, drawn["g'"]) };
      // without softplus, a negative step would let the state grow
      const positive = deltaSoftplus ? {} : ({ sign: 1 } as const);
      return layoutOf(signature, {
        lengths: letters,
        inputs: {
          u: {},
          delta: deltaSoftplus ? { centre } : positive,
          // of the order of 1/t for decays that last: steps are of order 1, or 20
          a: { sign: -1, ...(size.lasting && { spread: 1 / (size.longest * Math.max(1, centre)) }) },
          [`${b}B`]: {},
          [`${c}C`]: {},
          ...(optional.skip && { skip: {} }),
          ...(optional.z && { z: {} }),
          ...(optional.deltaBias && { deltaBias: positive }),
          state: {},
        },
        settings: { b, c, deltaSoftplus, chunkSize: chunkSizeOf(chunk, letters.t) },
      });
    });

/** Converts B or C to the definition's format. A case has exactly one layout of each. */
function mapOf(constant?: Matrix, token?: Matrix, group?: readonly Matrix[]): StateMap {
  if (constant !== undefined) return { layout: 'constant', rows: constant };
  if (token !== undefined) return { layout: 'token', rows: token };
  return { layout: 'group', rows: given(group, 'B or C') };
}

type Program = ProgramOf<typeof signature, SelectiveScanSettings>;

const modes = {
  recurrent: scanning(recurrentSelectiveScan),
  scan: scanning(scanSelectiveScan),
  logStep: scanning(logStepSelectiveScan),
  chunkwise: scanning((inputs, state, { chunkSize }) => chunkwiseSelectiveScan(chunkSize)(inputs, state)),
};

const inEveryMode = <T>(entry: T): Record<keyof typeof modes, T> =>
  Object.fromEntries(Object.keys(modes).map((name) => [name, entry])) as Record<keyof typeof modes, T>;

/** A program whose states are a recurrence of the logarithms of decays. */
const fromLogarithms = (states: Recurrence): Program =>
  scanning(scanFrom('selectiveScan', ({ logDecay, drive }, state) => states(logDecay, drive, state)));

export const selectiveScan = defineOperator({
  name: 'selectiveScan',
  chapter: 'spec/selective-ssm.ts',
  evidence: ['T'],
  signature,
  layouts,
  definition: over(
    'b',
    signature,
    (
      { state, constantB, tokenB, groupB, constantC, tokenC, groupC, ...rest },
      { deltaSoftplus }: SelectiveScanSettings,
    ) => {
      const maps = { b: mapOf(constantB, tokenB, groupB), c: mapOf(constantC, tokenC, groupC) };
      return definition({ ...rest, ...maps, deltaSoftplus }, state);
    },
  ),
  modes,
  taps: inEveryMode({ steps: 'bte', decay: 'bten', drive: 'bten', state: 'bten' }),
  says: inEveryMode('products of decays'),
  forms: inEveryMode({
    segmentSums: {
      ofPairs: true,
      says: 'exponentials of the sum of Δ A over each segment',
      program: fromLogarithms(byPairs(bySegmentSums)),
    },
    carriedDifferences: {
      says: 'products of decays; the gradient of Δ A as λ_t (h_t − b_t), where b_t is the drive',
      loses: 'in the gradients of A and Δ where a state carries little beside the drive',
      program: fromLogarithms(withCarriedDifferences((logs, drive, state) => scanStates(exp(logs), drive, state))),
    },
    cumulatedSteps: {
      ofPairs: true,
      says: 'exponentials of differences of Δ A, cumulated over the sequence',
      loses: 'where Δ A is so large that its rounding outweighs the others',
      program: fromLogarithms(withDecayDifferences(byPairs(byCumulatedLogarithms))),
    },
    quotients: {
      says: 'cumulative sums of drives divided by products of decays',
      loses: 'where a product of decays underflows',
      isFaultThere: true,
      program: fromLogarithms((logs, drive, state) => byQuotients(exp(cumulated(logs, 1)), drive, state)),
    },
    softplusByLogarithm: {
      says: 'softplus as log(1 + e^x)',
      loses: 'in steps softplus(x) for x < −10: in single precision they are 0 from x < −17 on',
      isFaultThere: true,
      agrees: ({ inputs: { delta, deltaBias } }: Case) =>
        Math.max(...delta!.data) + Math.max(0, ...(deltaBias?.data ?? [])) <= identityFrom,
      program: scanning((inputs, state) => {
        const { delta, deltaBias, deltaSoftplus } = inputs;
        if (!deltaSoftplus) return recurrentSelectiveScan(inputs, state);
        const steps = softplusByLogarithm(deltaBias === undefined ? delta : add(delta, deltaBias));
        return recurrentSelectiveScan({ ...inputs, delta: steps, deltaBias: undefined, deltaSoftplus: false }, state);
      }),
    },
  }),
  reference: 'recurrent',
  boundsOf: anyAssociation,
  laws: { linearIn: ['u', 'state'], timeInvariant: true },
});
