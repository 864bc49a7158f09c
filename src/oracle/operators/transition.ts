/** @file Selective transition and addition, one equation each (Eqs. 15–18). */
import * as fc from 'fast-check';
import * as spec from '../../../spec/15-selective-transition.ts';
import { fuseByAddition as addition } from '../../../spec/18-dense-fusion.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { fuseByAddition as fuse } from '../../nn/dense-fusion.ts';
import * as nn from '../../nn/selective-transition.ts';
import { type Layout, type Settings, type Tensor, toLists } from '../case.ts';
import { lengths, small } from '../draw.ts';
import { under } from '../named.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import { perToken, tokenModes } from './tokens.ts';

/** A tensor [rows, columns] as a matrix. */
export const matrixOf = (x: Tensor): Matrix => toLists(x) as Matrix;

const axes = (size: Size): fc.Arbitrary<{ b: number; t: number; w: number; d: number; r: number; j: number }> =>
  fc.record({ b: small(3), t: lengths(size), w: small(6), d: small(5), r: small(3, 0), j: small(4, 0) });

/** Time and batch axes of inputs and outputs that are sequences [b, t, ·]. */
export const sequenceAxes = <S extends Settings>(
  inputs: readonly string[],
  outputs: readonly string[],
): Required<Pick<Operator<S>, 'time' | 'axes'>> => {
  const all = (names: readonly string[], axis: number): Record<string, number> =>
    Object.fromEntries(names.map((name) => [name, axis]));
  return {
    time: { inputs: all(inputs, 1), outputs: all(outputs, 1), states: {}, after: (settings) => settings },
    axes: { batch: { ...all(inputs, 0), ...all(outputs, 0) } },
  };
};

type Projection = { readonly projection: 'identity' | 'linear' };

/** Eq. 15 */
export const project: Operator<Projection> = {
  ...plain,
  reference: 'whole',
  ...sequenceAxes(['h'], ['projected']),
  name: 'project',
  equations: [15],
  layouts: (size) =>
    fc.tuple(axes(size), fc.constantFrom<Projection['projection']>('identity', 'linear')).map(
      ([{ b, t, w }, projection]): Layout<Projection> => ({
        inputs: { h: { shape: [b, t, w] }, ...(projection === 'linear' && { 'param.projection': { shape: [w, w] } }) },
        outputs: { projected: [b, t, w] },
        settings: { projection },
      }),
    ),
  definition: (inputs, { projection }) => {
    const map = projection === 'identity' ? projection : matrixOf(inputs['param.projection']!);
    return perToken(inputs, ({ h }) => ({ projected: spec.project(h!, map) }));
  },
  modes: tokenModes((inputs) => ({ projected: nn.project(inputs.h!, inputs['param.projection']) })),
  linearIn: ['h'],
  exact: true,
};

type Activation = { readonly activation: 'silu' | 'none' };

/** Eq. 16 */
export const gate: Operator<Activation> = {
  ...plain,
  reference: 'whole',
  ...sequenceAxes(['x'], ['g']),
  name: 'gate',
  equations: [16],
  layouts: (size) =>
    fc.tuple(axes(size), fc.constantFrom<Activation['activation']>('silu', 'none')).map(
      ([{ b, t, w, d, r }, activation]): Layout<Activation> => ({
        inputs: { x: { shape: [b, t, d] }, 'param.down': { shape: [r, d] }, 'param.up': { shape: [w, r] } },
        outputs: { g: [b, t, w] },
        settings: { activation },
      }),
    ),
  definition: (inputs, { activation }) => {
    const weights = { down: matrixOf(inputs['param.down']!), up: matrixOf(inputs['param.up']!) };
    return perToken(inputs, ({ x }) => ({ g: spec.gate(x!, weights, activation) }));
  },
  modes: tokenModes((inputs, { activation }) => ({
    g: nn.gate(inputs.x!, { down: inputs['param.down']!, up: inputs['param.up']! }, activation),
  })),
};

/** Eq. 17 */
export const select: Operator = {
  ...plain,
  reference: 'whole',
  ...sequenceAxes(['projected', 'g'], ['selected']),
  name: 'select',
  equations: [17],
  layouts: (size) =>
    axes(size).map(({ b, t, w }) => ({
      inputs: { projected: { shape: [b, t, w] }, g: { shape: [b, t, w] } },
      outputs: { selected: [b, t, w] },
      settings: {},
    })),
  definition: (inputs) => perToken(inputs, ({ projected, g }) => ({ selected: spec.select(projected!, g!) })),
  modes: tokenModes(({ projected, g }) => ({ selected: nn.select(projected!, g!) })),
  linearIn: ['projected'],
  exact: true,
};

/** Eq. 18 */
export const fuseByAddition: Operator = {
  ...plain,
  reference: 'whole',
  name: 'fuseByAddition',
  equations: [18],
  layouts: (size) =>
    axes(size).map(({ b, t, w, j }) => ({
      inputs: Object.fromEntries(
        ['h', ...Array.from({ length: j }, (_, i) => `selected.${i}`)].map((name) => [name, { shape: [b, t, w] }]),
      ),
      outputs: { fused: [b, t, w] },
      settings: {},
    })),
  definition: (inputs) => perToken(inputs, (token) => ({ fused: addition(token.h!, under(token, 'selected.')) })),
  modes: tokenModes((inputs) => ({ fused: fuse(inputs.h!, under(inputs, 'selected.')) })),
  exact: true,
  ...sequenceAxes(['h', 'selected.0', 'selected.1', 'selected.2', 'selected.3'], ['fused']),
};
