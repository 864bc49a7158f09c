/** @file Runs a DenseMamba in two modes, with chosen readings. */
import { f64, indices } from 'densessm';
import { denseMamba, denseMambaConfig, initialise, paperStates } from 'densessm/models';

const readings = { ...paperStates, carry: 'fused', gateWidth: 'full' } as const;
const config = denseMambaConfig({ vocabulary: 16, width: 16, layers: 4, denseLayers: 2, readings });
const params = initialise(denseMamba, config, { on: f64, seed: 1 });
const { logits, state } = denseMamba.forward(
  params,
  config,
  indices([[1, 5, 2]]),
  denseMamba.start(params, config, 1),
  { name: 'parallel' },
);
console.log(
  logits.shape,
  denseMamba.forward(params, config, indices([[7]]), state, { name: 'recurrent' }).logits.shape,
);
