/** @file What models with dense states have in common: their readings, checked, and the shapes and fresh numbers of a fusion. */
import type { StateReadings } from '../nn/dense-states/fuse.ts';
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import type { Choices } from './check.ts';
import { fusionShapes } from './fusion-shapes.ts';

/** The readings that the paper's equations make, where they speak; the other defaults are our choice. */
export const paperStateReadings: StateReadings = {
  carry: 'raw',
  pass: 'raw',
  projection: 'identity',
  projectionWidth: 'state',
  gate: 'shared',
  gateActivation: 'silu',
  gateWidth: 'channel',
  fusion: 'add',
  stateNorm: 'none',
};

/** What can be chosen. */
export const stateChoices: Choices<StateReadings> = {
  carry: ['raw', 'fused'],
  pass: ['raw', 'fused'],
  projection: ['identity', 'linear'],
  projectionWidth: ['state', 'channel'],
  gate: ['shared', 'perLayer'],
  gateActivation: ['silu', 'none'],
  gateWidth: ['channel', 'state', 'full'],
  fusion: ['add', 'concat', 'attention'],
  stateNorm: ['none', 'rms'],
};

/** The sizes that the weights of a fusion follow from: e channels, n states, and how wide what gates read is. */
export interface StateFusionSizes {
  readonly e: number;
  readonly n: number;
  readonly input: number;
  readonly gateRank: number;
}

/** The shapes of a fusion's weights with J sources, by path; none where J = 0. */
export function stateFusionShapes(
  path: string,
  sources: number,
  readings: StateReadings,
  { e, n, input, gateRank }: StateFusionSizes,
): Record<string, Shape> {
  if (sources === 0) return {};
  const gate = { channel: e, state: n, full: e * n }[readings.gateWidth];
  const projection = { state: n, channel: e }[readings.projectionWidth];
  return {
    ...fusionShapes(path, sources, readings, { input, gateRank, gate, projection }),
    ...(readings.fusion === 'concat' && { [`${path}.merge`]: [n, (sources + 1) * n] }),
    ...(readings.fusion === 'attention' && { [`${path}.query`]: [n, n], [`${path}.key`]: [n, n] }),
    ...(readings.stateNorm === 'rms' && { [`${path}.norm`]: [e, n] }),
  };
}

/** Our choice of a fresh merge: [I | N(0, 0.02²)], so that a model starts near the one without fusion. Null for all other weights. */
export function freshStateFusion(path: string, shape: Shape, random: Rng): Float64Array | null {
  if (!path.endsWith('.merge')) return null;
  const columns = shape[1]!;
  const isOwn = (row: number, column: number): boolean => column < shape[0]! && row === column;
  return Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return column < shape[0]! ? +isOwn(row, column) : 0.02 * random.normal();
  });
}
