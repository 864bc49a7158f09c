/** @file What every dense hidden connection has in its configuration: which layers it reads, and the shapes of gates and projections. */
import type { Shape } from '../tensor/shape.ts';

/** The layers that layer l draws on, nearest first: the m before it, or as many as there are. */
export const sourcesOf = ({ denseLayers }: { readonly denseLayers: number }, l: number): number[] =>
  Array.from({ length: Math.min(l, denseLayers) }, (_, j) => l - 1 - j);

/** How many rows and columns the weights of a fusion have. */
export interface FusionWidths {
  /** Channels that gates read. */
  readonly input: number;
  readonly gateRank: number;
  /** Numbers that a gate gives. */
  readonly gate: number;
  /** What a projection maps, to as many. */
  readonly projection: number;
}

/** The shapes of the gates (one if shared, one for each source if not) and projections of a fusion with some sources, by path. */
export function fusionShapes(
  path: string,
  sources: number,
  readings: { readonly gate: 'shared' | 'perLayer'; readonly projection: 'identity' | 'linear' },
  { input, gateRank, gate, projection }: FusionWidths,
): Record<string, Shape> {
  const gates = readings.gate === 'shared' ? Math.min(1, sources) : sources;
  const shapes: Record<string, Shape> = {};
  for (let j = 0; j < gates; j++) {
    shapes[`${path}.gates.${j}.down`] = [gateRank, input];
    shapes[`${path}.gates.${j}.up`] = [gate, gateRank];
  }
  if (readings.projection === 'linear') {
    for (let j = 0; j < sources; j++) shapes[`${path}.projections.${j}`] = [projection, projection];
  }
  return shapes;
}
