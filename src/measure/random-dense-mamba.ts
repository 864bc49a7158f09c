/** @file Draws random DenseMambas that have read a prompt, and runs them with a changed state of layer 0. */
import { f64 } from '../executors/f64/index.ts';
import { type DenseMambaParams, denseMamba } from '../models/dense-mamba.ts';
import { type DenseMambaConfig, denseMambaConfig, paperStates } from '../models/dense-mamba-config.ts';
import { initialise, type ModelState } from '../models/language-model.ts';
import type { MambaLayerState } from '../models/mamba-block.ts';
import { indexInput } from '../tensor/input.ts';
import { slice } from '../tensor/primitives/slice.ts';
import type { Rng } from '../tensor/random.ts';
import type { Value } from '../tensor/value.ts';
import { type Changeable, type Connection, normals } from './network.ts';

/** Number of tokens of the vocabulary and of the prompt. */
const [vocabulary, prompt] = [64, 32];

/**
 * Builds the configuration. With m = 0 there are no gates. All other m have the same gates, because the sources of a layer share
 * one gate.
 */
const configFor = (layers: number, { denseLayers, pass = 'raw' }: Omit<Connection, 'residual'>): DenseMambaConfig =>
  denseMambaConfig({
    vocabulary,
    width: 16,
    layers: layers + 1,
    stateSize: 4,
    gateRank: 4,
    denseLayers,
    // with carry 'fused', the state after the last token is the fused state; a fresh linear projection would pass almost nothing
    readings: { ...paperStates, projection: 'identity', carry: 'fused', pass },
  });

/** Draws fresh weights of Mamba, and gates of order 1. Fresh gates, N(0, 0.02²), would let nothing measurable pass. */
function randomParams(layers: number, random: Rng): DenseMambaParams {
  const fresh = initialise(denseMamba, configFor(layers, { denseLayers: 1 }), {
    on: f64,
    seed: random.integer(2 ** 31),
  });
  const redrawn = ({ shape }: Value, spread: number): Value => normals(random, shape, spread);
  return {
    ...fresh,
    layers: fresh.layers.map(({ fusion, ...layer }) => {
      if (fusion === undefined) return layer;
      const gates = fusion.gates.map(({ down, up }) => ({
        down: redrawn(down, down.shape[1]! ** -0.5),
        up: redrawn(up, 2 * up.shape[1]! ** -0.5),
      }));
      return { ...layer, fusion: { ...fusion, gates } };
    }),
  };
}

const withoutFusion = (params: DenseMambaParams): DenseMambaParams => ({
  ...params,
  layers: params.layers.map(({ fusion: _, ...layer }) => layer),
});

/** Draws a model and a prompt that it has read. `states` then replaces the state of layer 0 and reads one more token. */
export function randomDenseMamba(layers: number, random: Rng): (connection: Connection) => Changeable {
  const params = randomParams(layers, random);
  const ids = Array.from({ length: prompt + 1 }, () => random.integer(vocabulary));
  const tokens = indexInput(f64, ids, [1, prompt + 1]);
  return (connection) => {
    const config = configFor(layers, connection);
    const weights = connection.denseLayers === 0 ? withoutFusion(params) : params;
    const run = (part: Value, state: ModelState<MambaLayerState>): ModelState<MambaLayerState> =>
      denseMamba.forward(weights, config, part, state, { name: 'recurrent' }).state;
    const before = run(slice(tokens, 1, 0, prompt), denseMamba.start(weights, config, 1));
    const [lowest, ...others] = before.layers as [MambaLayerState, ...MambaLayerState[]];
    const last = slice(tokens, 1, prompt, prompt + 1);
    return {
      bottom: lowest.ssm,
      states: (ssm) => run(last, { ...before, layers: [{ ...lowest, ssm }, ...others] }).layers.map((left) => left.ssm),
    };
  };
}
