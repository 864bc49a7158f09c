/** @file Family mamba3: Mamba-3 with a single input and output, of state-spaces/mamba. */
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../nn/linear-attention/parallel.ts';
import { mamba3By } from '../nn/mamba3/by-attention.ts';
import type { Mamba3 } from '../nn/mamba3/inputs.ts';
import { recurrentMamba3 } from '../nn/mamba3/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { read } from '../tensor/input.ts';
import { constantLike, zerosLike } from '../tensor/operand.ts';
import { sub } from '../tensor/ops.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter } from './case.ts';
import { booleanIn, integerIn } from './config.ts';
import { type NamedValues, probedInModes } from './probed-outputs.ts';

/** Chunks that do not divide most lengths, so that the last one is shorter. */
const chunkSize = 5;

/** Angles between 0 and 2π, as the source keeps them. The number of whole turns is a constant. */
function withinOneTurn(angles: Value): Value {
  const turns = read(angles).map((angle) => 2 * Math.PI * Math.floor(angle / (2 * Math.PI)));
  return sub(angles, constantLike(angles, turns, angles.shape));
}

/** Kind mamba3_siso, in every mode: the parallel form is the source's quadratic one. Throws on shapes unlike the config's. */
export const mamba3: Adapter = (testCase) => {
  const { config } = testCase;
  const [b, t, h] = [integerIn(config, 'batch'), integerIn(config, 'seq_len'), integerIn(config, 'heads')];
  const [g, n, e] = [integerIn(config, 'qk_heads'), integerIn(config, 'dstate'), integerIn(config, 'headdim')];
  const p = integerIn(config, 'angles');
  const states: Readonly<Record<string, Shape>> = {
    angle_state: [b, h, p],
    ssm_state: [b, h, e, n],
    k_state: [b, h, n],
    v_state: [b, h, e],
  };
  const by =
    (run: Mamba3) =>
    (given: NamedValues): NamedValues => {
      const of = (name: string): Value => headsLast(given[name]!);
      const stateOf = (name: string): Value => given[name] ?? zerosLike(given.q!, states[name]!);
      const result = run(
        {
          ...{ q: of('q'), k: of('k'), v: of('v'), gate: given.adt!, delta: given.dt!, trap: given.trap! },
          ...{ qBias: given.q_bias!, kBias: given.k_bias!, angles: of('angles') },
          ...{ skip: given.D, z: given.z && headsLast(given.z) },
        },
        {
          angleState: stateOf('angle_state'),
          state: stateOf('ssm_state'),
          keyState: stateOf('k_state'),
          valueState: stateOf('v_state'),
        },
      );
      return {
        out: headsLast(result.output),
        angle_state: withinOneTurn(result.angleState),
        ssm_state: result.state,
        k_state: result.keyState,
        v_state: result.valueState,
      };
    };
  return probedInModes(testCase, {
    inputs: {
      ...{ q: [b, t, g, n], k: [b, t, g, n], v: [b, t, h, e], adt: [b, h, t], dt: [b, h, t], trap: [b, h, t] },
      ...{ q_bias: [h, n], k_bias: [h, n], angles: [b, t, h, p] },
      ...(booleanIn(config, 'has_D') && { D: [h] }),
      ...(booleanIn(config, 'has_z') && { z: [b, t, h, e] }),
      ...(booleanIn(config, 'initial_state') && states),
    },
    probes: Object.fromEntries(['out', ...Object.keys(states)].map((name) => [name, `probe_${name}`])),
    runs: {
      recurrent: by(recurrentMamba3),
      chunkwise: by(mamba3By(chunkwiseLinearAttention(chunkSize))),
      parallel: by(mamba3By(parallelLinearAttention)),
    },
  });
};
