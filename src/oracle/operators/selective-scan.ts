/** @file The selective scan of Mamba as an operator: all layouts of B and C, everything that can be left out. */
import * as fc from 'fast-check';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { selectiveScan as definition, type StateMap } from '../../../spec/selective-ssm.ts';
import { constantMap, type SelectiveScan, type SelectiveScanInputs, tokenMap } from '../../nn/selective-scan/inputs.ts';
import {
  chunkwiseSelectiveScan,
  logStepSelectiveScan,
  recurrentSelectiveScan,
  scanSelectiveScan,
} from '../../nn/selective-scan/modes.ts';
import type { Value } from '../../tensor/value.ts';
import type { Layout, Slot, Tensors } from '../case.ts';
import { anyAssociation, chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { joinedResults, type Part, partsOf } from './per-sequence.ts';

/** How B or C is given: the same at all tokens, per token, or per token and group. */
export const mapLayouts = ['constant', 'token', 'group'] as const;
export type MapLayout = (typeof mapLayouts)[number];

/** Settings of a selective scan. */
export type SelectiveScanSettings = {
  readonly b: MapLayout;
  readonly c: MapLayout;
  readonly deltaSoftplus: boolean;
  readonly chunkSize: number;
};

/** The inputs that a program of the scan takes, made of the operator's, whose names of B and C say their layouts. */
export function scanInputs(inputs: Named, { b, c, deltaSoftplus }: SelectiveScanSettings): SelectiveScanInputs {
  const { u, delta, a, skip, z, deltaBias } = inputs;
  const map = (layout: MapLayout, name: 'B' | 'C'): Value => {
    const rows = inputs[`${layout}${name}`]!;
    if (layout === 'constant') return constantMap(rows, u!);
    return layout === 'token' ? tokenMap(rows) : rows;
  };
  return { u: u!, delta: delta!, a: a!, b: map(b, 'B'), c: map(c, 'C'), skip, z, deltaBias, deltaSoftplus };
}

const program =
  (modeOf: (settings: SelectiveScanSettings) => SelectiveScan): Program<SelectiveScanSettings> =>
  (inputs, settings) => ({ ...modeOf(settings)(scanInputs(inputs, settings), inputs.state!) });

const axes = (size: Size) =>
  fc.record({
    b: small(2),
    t: lengths(size),
    perGroup: small(3),
    groupsOfB: small(2),
    groupsOfC: small(2),
    n: small(4),
    chunk: chunkDraws,
    layouts: fc.tuple(fc.constantFrom(...mapLayouts), fc.constantFrom(...mapLayouts)),
    deltaSoftplus: fc.boolean(),
    // about 20 PyTorch's softplus becomes the identity
    centre: fc.constantFrom(0, 0, 20),
    optional: fc.record({ skip: fc.boolean(), z: fc.boolean(), deltaBias: fc.boolean() }),
  });

const layouts = (size: Size): fc.Arbitrary<Layout<SelectiveScanSettings>> =>
  axes(size).map(
    ({ b, t, perGroup, groupsOfB, groupsOfC, n, chunk, layouts: [ofB, ofC], deltaSoftplus, centre, optional }) => {
      const e = perGroup * groupsOfB * groupsOfC;
      const map = (layout: MapLayout, name: string, groups: number): Record<string, Slot> => {
        const shapes = { constant: [e, n], token: [b, t, n], group: [b, t, groups, n] };
        return { [`${layout}${name}`]: { shape: shapes[layout] } };
      };
      // without softplus a step must not be negative, or the state grows
      const step: Slot = { shape: [b, t, e], ...(deltaSoftplus ? { centre } : { sign: 1 }) };
      return {
        inputs: {
          u: { shape: [b, t, e] },
          delta: step,
          a: { shape: [e, n], sign: -1 },
          ...map(ofB, 'B', groupsOfB),
          ...map(ofC, 'C', groupsOfC),
          ...(optional.skip && { skip: { shape: [e] } }),
          ...(optional.z && { z: { shape: [b, t, e] } }),
          ...(optional.deltaBias && { deltaBias: { shape: [e], ...(!deltaSoftplus && { sign: 1 as const }) } }),
          state: { shape: [b, e, n] },
        },
        outputs: { output: [b, t, e], state: [b, e, n] },
        settings: { b: ofB, c: ofC, deltaSoftplus, chunkSize: chunkSizeOf(chunk, t) },
      };
    },
  );

function mapAt(part: Part, layout: MapLayout, name: 'B' | 'C', b: number): StateMap {
  const full = `${layout}${name}`;
  if (layout === 'constant') return { layout, rows: part<Matrix>(full) };
  return layout === 'token'
    ? { layout, rows: part<Matrix>(full, b) }
    : { layout, rows: part<readonly Matrix[]>(full, b) };
}

function define(inputs: Tensors, settings: SelectiveScanSettings): Tensors {
  const part = partsOf(inputs);
  const optional = <L extends Matrix | Vector>(name: string, ...at: readonly number[]) =>
    name in inputs ? { [name]: part<L>(name, ...at) } : {};
  const shapes = { output: inputs.u!.shape, state: inputs.state!.shape };
  return joinedResults([inputs.u!.shape[0]!], shapes, (b) => {
    const scan = {
      u: part<Matrix>('u', b!),
      delta: part<Matrix>('delta', b!),
      a: part<Matrix>('a'),
      b: mapAt(part, settings.b, 'B', b!),
      c: mapAt(part, settings.c, 'C', b!),
      ...optional<Vector>('skip'),
      ...optional<Matrix>('z', b!),
      ...optional<Vector>('deltaBias'),
      deltaSoftplus: settings.deltaSoftplus,
    };
    return { ...definition(scan, part<Matrix>('state', b!)) };
  });
}

/** The selective scan from an initial state, in every mode. */
export const selectiveScan: Operator<SelectiveScanSettings> = {
  ...plain,
  name: 'selectiveScan',
  chapter: 'spec/selective-ssm.ts',
  evidence: ['T'],
  layouts,
  definition: define,
  modes: {
    recurrent: program(() => recurrentSelectiveScan),
    scan: program(() => scanSelectiveScan),
    logStep: program(() => logStepSelectiveScan),
    chunkwise: program(({ chunkSize }) => chunkwiseSelectiveScan(chunkSize)),
  },
  reference: 'recurrent',
  boundsOf: anyAssociation,
  linearIn: ['u', 'state'],
  timeInvariant: true,
  time: {
    inputs: { u: 1, delta: 1, z: 1, tokenB: 1, groupB: 1, tokenC: 1, groupC: 1 },
    outputs: { output: 1 },
    states: { state: 'state' },
    after: (settings) => settings,
  },
  axes: { batch: { u: 0, delta: 0, z: 0, tokenB: 0, groupB: 0, tokenC: 0, groupC: 0, state: 0, output: 0 } },
};
