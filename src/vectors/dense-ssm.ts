/** @file Family dense_ssm: a stack of time-invariant state space models with a dense hidden connection, in every mode. */
import { type DenseSsmConfig, type DenseSsmParams, denseSsmStack } from '../models/dense-ssm.ts';
import { sourcesOf } from '../models/fusion-shapes.ts';
import type { SsmMode } from '../nn/ssm/modes.ts';
import type { Value } from '../tensor/value.ts';
import type { Adapter, Answers, VectorCase } from './case.ts';
import { booleanIn, integerIn } from './config.ts';
import { honouredIn } from './honoured.ts';
import { fusionOf, probedBy, probedRun, stateReadingsIn, total } from './state-fusion.ts';
import { type Weights, weightOf } from './weights.ts';

const modes: readonly SsmMode[] = [
  { name: 'recurrent' },
  { name: 'scan' },
  { name: 'logStep' },
  { name: 'direct' },
  { name: 'fft' },
  { name: 'chunkwise', chunkSize: 4 },
];

/** The stack in every mode; gradients are of `out/objective`. Throws on a config that makes no stack, on missing and misshaped tensors. */
export const denseSsmCase: Adapter = (testCase) => {
  honouredIn(testCase.config, { discretization: ['zoh'], gate_input: ['x'] });
  const config = configIn(testCase.config);
  denseSsmStack.check(config);
  const [first, ...others] = modes.map((mode) => answersIn(testCase, config, mode));
  return { tensors: first!, modes: Object.fromEntries(others.map((tensors, i) => [modes[i + 1]!.name, tensors])) };
};

const isInput = (name: string): boolean => name === 'in/x' || name.startsWith('in/state.');

function answersIn(testCase: VectorCase, config: DenseSsmConfig, mode: SsmMode): Answers['tensors'] {
  const [b, t] = [integerIn(testCase.config, 'batch'), integerIn(testCase.config, 'seq_len')];
  const { width, stateSize, layers: count } = config;
  const layers = Array.from({ length: count }, (_, l) => l);
  const named = (l: number): [string, string] => [`out/y.${l}`, `out/state.${l}`];
  const outputs = [`out/x.${count}`, ...layers.flatMap(named)];
  return probedRun(testCase, isInput, count, outputs, (variables) => {
    const params = paramsOf(variables, config);
    const before = booleanIn(testCase.config, 'initial_state')
      ? layers.map((l) => weightOf(variables, `in/state.${l}`, [b, width, stateSize]))
      : denseSsmStack.start(params, config, b);
    const x = weightOf(variables, 'in/x', [b, t, width]);
    const { output, reads, states } = denseSsmStack.forward(params, config, x, before, mode);
    const probed = states.map((state, l) => probedBy(testCase, `in/probe.state.${l}`, state));
    const inside = layers.flatMap((l): [string, Value][] => {
      const [y, state] = named(l);
      return [
        [y, reads[l]!],
        [state, states[l]!],
      ];
    });
    return {
      outputs: { [`out/x.${count}`]: output, ...Object.fromEntries(inside) },
      objective: total([probedBy(testCase, 'in/probe', output), ...probed]),
    };
  });
}

function paramsOf(weights: Weights, config: DenseSsmConfig): DenseSsmParams {
  const { width: e, stateSize: n, gateRank, readings } = config;
  const layers = Array.from({ length: config.layers }, (_, l) => {
    const of = (name: string, shape: readonly number[]): Value => weightOf(weights, `layers.${l}.${name}`, shape);
    const sources = sourcesOf(config, l).length;
    const sizes = { e, n, input: e, gateRank };
    return {
      a: of('A', [e, n]),
      b: of('B', [e, n]),
      c: of('C', [e, n]),
      delta: of('Delta', [e]),
      output: of('out.weight', [e, e]),
      ...(sources > 0 && { fusion: fusionOf(weights, `layers.${l}.`, sources, readings, sizes) }),
    };
  });
  return { layers };
}

const configIn = (config: VectorCase['config']): DenseSsmConfig => ({
  width: integerIn(config, 'd_inner'),
  stateSize: integerIn(config, 'd_state'),
  layers: integerIn(config, 'n_layer'),
  denseLayers: integerIn(config, 'm', 0),
  gateRank: integerIn(config, 'gate_rank', 0),
  epsilon: 1e-5,
  readings: stateReadingsIn(config),
});
