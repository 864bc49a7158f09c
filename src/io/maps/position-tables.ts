/** @file Places of the tables that RetNet's projects store beside the weights: angles of the rotation, logarithms of the decays. */
import { retnetDecays } from '../../nn/multi-head-retention.ts';
import { retnetFrequencies } from '../../nn/rotary.ts';
import type { Place } from './places.ts';

/** Tables for a number of heads with d key channels each; every angle stands there for both channels of a pair. */
export const tablePlaces = (prefix: string, heads: number, d: number): Place[] => [
  {
    name: `${prefix}retnet_rel_pos.angle`,
    shape: [d],
    holds: { table: Float64Array.from(retnetFrequencies(d / 2).flatMap((angle) => [angle, angle])) },
  },
  {
    name: `${prefix}retnet_rel_pos.decay`,
    shape: [heads],
    holds: { table: Float64Array.from(retnetDecays(heads), Math.log) },
  },
];
