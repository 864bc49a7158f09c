/** @file Family state_update: the update of a selective scan's state, token after token. */
import { selectiveStateUpdate, type TokenInputs } from '../nn/mamba2/update.ts';
import type { SelectiveScan } from '../nn/selective-scan/inputs.ts';
import { chunkwiseSelectiveScan, scanSelectiveScan } from '../nn/selective-scan/modes.ts';
import { once } from '../tensor/once.ts';
import { at, stack } from '../tensor/ops.ts';
import { add } from '../tensor/primitives/add.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, answer, realIn, type VectorCase } from './case.ts';
import { booleanIn, integerIn, integerOrNullIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';
import { softplusBelow20 } from './softplus.ts';

interface Sizes {
  readonly b: number;
  readonly t: number;
  readonly g: number;
  readonly h: number;
  readonly e: number;
  readonly n: number;
}

/**
 * Kind state_update: the update of one token, once a step, and the whole sequence by selective scans of h·e channels. Gradients are of Σ out ∘
 * probe_out + Σ final_state ∘ probe_final_state. Throws on sizes that make no sequence, on missing and misshaped tensors.
 */
export const stateUpdateCase: Adapter = (testCase) => {
  const { config } = testCase;
  const [heads, groups] = [integerOrNullIn(config, 'heads', 1), integerOrNullIn(config, 'groups', 1)];
  const sizes: Sizes = {
    b: integerIn(config, 'batch'),
    t: integerIn(config, 'steps'),
    g: groups ?? 1,
    h: heads ?? 1,
    e: integerIn(config, 'dim'),
    n: integerIn(config, 'dstate'),
  };
  const inputs = inputShapes(testCase, sizes, heads !== null);
  const outputs = { out: inputs.x!, final_state: inputs.initial_state! };
  const isSoftplus = booleanIn(config, 'dt_softplus');
  const answers = (run: (given: NamedValues) => NamedValues) =>
    probedOutputs(testCase, {
      inputs,
      probes: { out: 'probe_out', final_state: 'probe_final_state' },
      run: (given) => {
        const results = run(withHeads(given, sizes, isSoftplus));
        return { out: reshape(results.out!, outputs.out), final_state: reshape(results.state!, outputs.final_state) };
      },
    });
  const states = once(() => {
    const given = Object.entries(inputs).map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)] as const);
    return steps(withHeads(Object.fromEntries(given), sizes, isSoftplus)).states;
  });
  const [b, ...rest] = inputs.initial_state as readonly [number, ...number[]];
  return {
    tensors: {
      ...answers((given) => {
        const { out, state } = steps(given);
        return { out, state };
      }),
      'inter/states': () => answer(reshape(stack(states(), 1), [b, sizes.t, ...rest])),
    },
    modes: {
      scan: answers(scanned(sizes, scanSelectiveScan)),
      chunkwise: answers(scanned(sizes, chunkwiseSelectiveScan(2))),
    },
  };
};

/** The shapes of all inputs; without heads these axes are missing. */
function inputShapes({ config }: VectorCase, { b, t, g, h, e, n }: Sizes, hasHeads: boolean): Record<string, Shape> {
  const [head, group] = hasHeads ? [[h], [g]] : [[], []];
  const token = [b, t, ...head, e];
  return {
    ...{ initial_state: [b, ...head, e, n], x: token, dt: token, A: [...head, e, n] },
    ...{ B: [b, t, ...group, n], C: [b, t, ...group, n] },
    ...(booleanIn(config, 'has_D') && { D: [...head, e] }),
    ...(booleanIn(config, 'has_z') && { z: token }),
    ...(booleanIn(config, 'has_dt_bias') && { dt_bias: [...head, e] }),
  };
}

/** All inputs with heads, time as axis 1, and step sizes in place of dt. */
function withHeads(given: NamedValues, { b, t, g, h, e, n }: Sizes, isSoftplus: boolean): NamedValues {
  const of = (name: string, shape: Shape): Record<string, Value> =>
    given[name] === undefined ? {} : { [name]: reshape(given[name], shape) };
  const delta = reshape(given.dt!, [b, t, h, e]);
  const biased = given.dt_bias === undefined ? delta : add(delta, reshape(given.dt_bias, [h, e]));
  const token = [b, t, h, e];
  return {
    ...of('initial_state', [b, h, e, n]),
    ...of('x', token),
    ...of('A', [h, e, n]),
    ...of('B', [b, t, g, n]),
    ...of('C', [b, t, g, n]),
    ...of('D', [h, e]),
    ...of('z', token),
    steps: isSoftplus ? softplusBelow20(biased) : biased,
  };
}

/** One update for each token. */
function steps(given: NamedValues) {
  const token = (t: number): TokenInputs => ({
    x: at(given.x!, 1, t),
    delta: at(given.steps!, 1, t),
    a: given.A!,
    b: at(given.B!, 1, t),
    c: at(given.C!, 1, t),
    skip: given.D,
    z: given.z && at(given.z, 1, t),
    deltaSoftplus: false,
  });
  const [outputs, states]: [Value[], Value[]] = [[], []];
  let state = given.initial_state!;
  for (let t = 0; t < given.x!.shape[1]!; t++) {
    const result = selectiveStateUpdate(token(t), state);
    state = result.state;
    outputs.push(result.output);
    states.push(state);
  }
  return { out: stack(outputs, 1), state, states };
}

/** All tokens by a selective scan whose channels are those of all heads. */
const scanned =
  ({ b, t, h, e, n }: Sizes, scan: SelectiveScan) =>
  (given: NamedValues): NamedValues => {
    const flat = (x: Value): Value => reshape(x, [b, t, h * e]);
    const inputs = {
      u: flat(given.x!),
      delta: flat(given.steps!),
      a: reshape(given.A!, [h * e, n]),
      b: given.B!,
      c: given.C!,
      skip: given.D && reshape(given.D, [h * e]),
      z: given.z && flat(given.z),
      deltaSoftplus: false,
    };
    const { output, state } = scan(inputs, reshape(given.initial_state!, [b, h * e, n]));
    return { out: output, state };
  };
