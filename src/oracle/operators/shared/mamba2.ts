/** @file Draws what Mamba-2's scan and its update of one token share: step sizes and skips of heads or of channels, groups, options. */
import * as fc from 'fast-check';
import { biasedDelta, type StepInputs } from '../../../nn/mamba2/steps.ts';
import type { Case } from '../../case.ts';
import { among, axis, groupedHeads } from '../../draw.ts';
import { identityFrom, softplusByLogarithm } from '../../forms/softplus-by-logarithm.ts';
import type { Details } from '../../layout.ts';
import type { Form, Size } from '../../operator.ts';

/** Whether a head has one number for all of its channels. */
export type Per = 'head' | 'channel';

/** Settings of the options: what step sizes and D are for, and whether softplus is applied to δ. */
export type Mamba2Settings = {
  readonly deltaPer: Per;
  readonly skipPer: Per;
  readonly deltaSoftplus: boolean;
};

/** The groups of heads, which share B and C. */
export const groups = { g: 'h' } as const;

/** Draws the options and the lengths of b, g, h, e and n. */
export const mamba2Draws = (size: Size) =>
  fc.record({
    b: axis(size, 'b', 2),
    heads: groupedHeads(size),
    e: axis(size, 'e', 4),
    n: axis(size, 'n', 4),
    settings: fc.record({
      deltaPer: among<Per>(size, 'deltaPer', 'head', 'channel'),
      skipPer: among<Per>(size, 'skipPer', 'head', 'channel'),
      deltaSoftplus: among(size, 'deltaSoftplus', false, true),
    }),
    // PyTorch's softplus becomes the identity above 20
    centre: fc.constantFrom(0, 0, 20),
    skip: among(size, 'skip', false, true),
    z: among(size, 'z', false, true),
    deltaBias: among(size, 'deltaBias', false, true),
  });

/** The type of what `mamba2Draws` draws. */
type Drawn = ReturnType<typeof mamba2Draws> extends fc.Arbitrary<infer T> ? T : never;

/** The inputs of a layout: their signs and centres, and the shapes of those that a head may share. `time` are the axes of tokens. */
export function mamba2Inputs(
  size: Size,
  { b, e, heads: { h }, settings, centre, skip, z, deltaBias }: Drawn,
  time: readonly number[],
): Record<string, Details> {
  const { deltaPer, skipPer, deltaSoftplus } = settings;
  const channels = (per: Per): number[] => (per === 'channel' ? [e] : []);
  // without softplus, a negative step would let the state grow
  const positive = deltaSoftplus ? {} : ({ sign: 1 } as const);
  return {
    x: {},
    delta: { shape: [b, h, ...time, ...channels(deltaPer)], ...(deltaSoftplus ? { centre } : positive) },
    // of the order of 1/t for decays that last: steps are of order 1, or 20
    a: { sign: -1, ...(size.lasting && { spread: 1 / (size.longest * Math.max(1, centre)) }) },
    b: {},
    c: {},
    ...(skip && { skip: { shape: [h, ...channels(skipPer)] } }),
    ...(z && { z: {} }),
    ...(deltaBias && { deltaBias: { shape: [h, ...channels(deltaPer)], ...positive } }),
    state: {},
  };
}

/** What a form with softplus as a logarithm says and loses. */
export const softplusText = {
  says: 'softplus as log(1 + e^x)',
  loses: 'in steps softplus(x) for x < −10: in single precision they are 0 from x < −17 on',
  isFaultThere: true,
  agrees: ({ inputs: { delta, deltaBias } }: Case) =>
    Math.max(...delta!.data) + Math.max(0, ...(deltaBias?.data ?? [])) <= identityFrom,
} satisfies Omit<Form, 'program'>;

/** Computes softplus of steps as a logarithm, so that no softplus is left to do. */
export function withStepsByLogarithm<T extends StepInputs>(inputs: T): T {
  if (!inputs.deltaSoftplus) return inputs;
  return { ...inputs, delta: softplusByLogarithm(biasedDelta(inputs)), deltaBias: undefined, deltaSoftplus: false };
}
