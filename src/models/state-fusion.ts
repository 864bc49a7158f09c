/** @file Readings that models with dense states share, and the shapes of a fusion's weights. */
import type { StateReadings } from '../nn/dense-states/fuse.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Choices } from './check.ts';
import { fusionShapes } from './fusion-shapes.ts';

/** Readings of the paper's equations where they decide. The other defaults are our choice. */
export const paperStateReadings: StateReadings = {
  carry: 'raw',
  pass: 'raw',
  projection: 'linear',
  projectionWidth: 'state',
  gate: 'shared',
  gateActivation: 'silu',
  gateWidth: 'channel',
  fusion: 'add',
  stateNorm: 'none',
};

/** Choices of each reading. */
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

/** Sizes that determine the weights of a fusion: e channels, n states, the width of the gates' input, the rank of the gates. */
export interface StateFusionSizes {
  readonly e: number;
  readonly n: number;
  readonly input: number;
  readonly gateRank: number;
}

/** Shapes of a fusion's weights with J sources, by path. There are none if J = 0. */
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
    ...fusionShapes(path, sources, readings, { input, gateRank, gate, projection, fused: n }),
    ...(readings.stateNorm === 'rms' && { [`${path}.norm`]: [e, n] }),
  };
}
