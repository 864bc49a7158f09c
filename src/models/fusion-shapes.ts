/** @file Weights of a dense hidden connection: the source layers, the shapes of the weights, and their initial numbers. */
import type { Fusion } from '../nn/dense-fusion.ts';
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';

/** Source layers of layer l, nearest first: the m preceding layers, or fewer if l < m. */
export const sourcesOf = ({ denseLayers }: { readonly denseLayers: number }, l: number): number[] =>
  Array.from({ length: Math.min(l, denseLayers) }, (_, j) => l - 1 - j);

/** Widths that determine the shapes of a fusion's weights. */
export interface FusionWidths {
  /** Channels of the gates' input. */
  readonly input: number;
  readonly gateRank: number;
  /** Width of a gate's output. */
  readonly gate: number;
  /** Width of a projection's input and output. */
  readonly projection: number;
  /** w: width of the fused features. */
  readonly fused: number;
}

/** Shapes of a fusion's gates, projections and maps, by path. There is one shared gate, or one for each source. */
export function fusionShapes(
  path: string,
  sources: number,
  readings: {
    readonly gate: 'shared' | 'perLayer';
    readonly projection: 'identity' | 'linear';
    readonly fusion: Fusion;
  },
  { input, gateRank, gate, projection, fused }: FusionWidths,
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
  if (sources === 0) return shapes;
  if (readings.fusion === 'concat') shapes[`${path}.merge`] = [fused, (sources + 1) * fused];
  if (readings.fusion === 'attention') for (const map of ['query', 'key']) shapes[`${path}.${map}`] = [fused, fused];
  return shapes;
}

/**
 * Initial numbers of a merge, our choice: [I | N(0, 0.02²)], so that a model starts near the model without fusion. Null for all
 * other weights.
 */
export function freshFusion(path: string, shape: Shape, random: Rng): Float64Array | null {
  if (!path.endsWith('.merge')) return null;
  const [rows, columns] = shape as [number, number];
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return column < rows ? +(row === column) : 0.02 * random.normal();
  });
}
