/** @file Families delta, gated_delta and kda: the delta rules of flash-linear-attention in their plain, unoptimised form. */
import { chunkwiseDeltaRule } from '../nn/delta-rule/chunkwise.ts';
import { boundedGates, rawGates } from '../nn/delta-rule/gates.ts';
import type { DeltaRule } from '../nn/delta-rule/inputs.ts';
import { recurrentDeltaRule } from '../nn/delta-rule/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { unitLength } from '../nn/unit-length.ts';
import { once } from '../tensor/once.ts';
import { zerosLike } from '../tensor/operand.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, type Answers, answer, realIn, type VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn, numberIn, numbersOrNullIn } from './config.ts';
import { type NamedValues, probedOutputs } from './probed-outputs.ts';
import { softplusBelow20 } from './softplus.ts';

/** Makes an adapter of a source's layout. */
interface Source {
  /** The shapes of the inputs, by their names without `in/`. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** Runs a mode on the inputs. */
  readonly run: (rule: DeltaRule, given: NamedValues) => NamedValues;
  /** The gates that raw numbers give, as the source stores them. */
  readonly gates?: (given: NamedValues) => Value;
}

const probes = { o: 'probe_o', final_state: 'probe_final_state' };

/** Chunks that do not divide most lengths, so that the last one is shorter. */
const chunkSize = 5;

/**
 * Outputs, states and gradients token by token and in chunks; outputs and states in chunks of the case's sizes; and the parallel form as one
 * chunk. Throws on another layout and on shapes unlike the config's.
 */
function answers(testCase: VectorCase, { inputs, run, gates }: Source): Answers {
  const { config } = testCase;
  const again = once(() => {
    const given = Object.entries(inputs).map(([name, shape]) => [name, realIn(testCase, `in/${name}`, shape)] as const);
    return Object.fromEntries(given);
  });
  const chunked = (numbersOrNullIn(config, 'chunk_sizes') ?? []).flatMap((size) => {
    const results = once(() => run(chunkwiseDeltaRule(size), again()));
    return [
      [`out/o_chunk.${size}`, () => answer(results().o!)],
      [`out/final_state_chunk.${size}`, () => answer(results().final_state!)],
    ] as const;
  });
  const whole = (): Value => run(chunkwiseDeltaRule(integerIn(config, 'seq_len')), again()).o!;
  const probed = (rule: DeltaRule): Answers['tensors'] =>
    probedOutputs(testCase, { inputs, probes, run: (given) => run(rule, given) });
  return {
    tensors: {
      ...probed(recurrentDeltaRule),
      ...Object.fromEntries(chunked),
      'out/o_parallel': () => answer(whole()),
      ...(gates && { 'inter/g': () => answer(gates(again())) }),
    },
    modes: { chunkwise: probed(chunkwiseDeltaRule(chunkSize)) },
  };
}

/** Family delta: heads before time, a step size for each head or value channel. */
export const deltaRule: Adapter = (testCase) => {
  const { config } = testCase;
  choiceIn(config, 'layout', ['BHTD']);
  const [b, h, t] = [integerIn(config, 'batch'), integerIn(config, 'heads'), integerIn(config, 'seq_len')];
  const [d, e] = [integerIn(config, 'dk'), integerIn(config, 'dv')];
  const factor = numberIn(config, 'scale');
  const beta = choiceIn(config, 'beta_width', ['head', 'value']) === 'head' ? [b, h, t] : [b, h, t, e];
  return answers(testCase, {
    inputs: {
      ...{ q: [b, h, t, d], k: [b, h, t, d], v: [b, h, t, e], beta },
      ...(booleanIn(config, 'initial_state') && { initial_state: [b, h, d, e] }),
    },
    run(rule, { q, k, v, beta, initial_state: state = zerosLike(q!, [b, h, d, e]) }) {
      const result = rule({ q: scale(q!, factor), k: k!, v: v!, beta: beta! }, state);
      return { o: result.output, final_state: result.state };
    },
  });
};

/** A family with gates: time before heads, queries and keys for groups of value heads. `channels`: whether each key channel has a gate. */
const gated =
  (channels: boolean): Adapter =>
  (testCase) => {
    const { config } = testCase;
    choiceIn(config, 'layout', ['BTHD']);
    const [b, g, t] = [integerIn(config, 'batch'), integerIn(config, 'heads'), integerIn(config, 'seq_len')];
    const [h, d, e] = [integerIn(config, 'value_heads'), integerIn(config, 'dk'), integerIn(config, 'dv')];
    const factor = numberIn(config, 'scale');
    const norm = choiceIn(config, 'qk_l2norm', ['none', 'max', 'sum']);
    const epsilon = norm === 'none' ? 0 : numberIn(config, 'l2norm_eps');
    const source = choiceIn(config, 'gate_input', ['log_decay', 'raw', 'raw_lower_bound']);
    const isRaw = source !== 'log_decay';
    const ofGate = channels ? [b, t, h, d] : [b, t, h];
    /** Exchanges time and heads. */
    const swapped = (x: Value): Value => (x.shape.length === 4 ? headsLast(x) : transpose(x, [0, 2, 1]));
    const gate = ({ g, g_raw: raw, A_log: aLog, dt_bias: bias }: NamedValues): Value => {
      if (!isRaw) return swapped(g!);
      const params = { aLog: aLog!, gateBias: channels ? reshape(bias!, [h, d]) : bias! };
      const own = swapped(raw!);
      return source === 'raw'
        ? rawGates(own, params, softplusBelow20)
        : boundedGates(own, params, numberIn(config, 'lower_bound'));
    };
    return answers(testCase, {
      inputs: {
        ...{ q: [b, t, g, d], k: [b, t, g, d], v: [b, t, h, e], beta: [b, t, h] },
        ...(isRaw ? { g_raw: ofGate, A_log: [h], dt_bias: [channels ? h * d : h] } : { g: ofGate }),
        ...(booleanIn(config, 'initial_state') && { initial_state: [b, h, d, e] }),
      },
      run(rule, given) {
        const { initial_state: state = zerosLike(given.q!, [b, h, d, e]) } = given;
        const [q, k, v] = [given.q!, given.k!, given.v!].map(swapped) as [Value, Value, Value];
        const result = rule(
          {
            q: scale(unitLength(q, norm, epsilon), factor),
            k: unitLength(k, norm, epsilon),
            v,
            beta: swapped(given.beta!),
            gate: gate(given),
          },
          state,
        );
        return { o: swapped(result.output), final_state: result.state };
      },
      ...(isRaw && { gates: (given: NamedValues) => swapped(gate(given)) }),
    });
  };

/** Family gated_delta: a gate for each value head. */
export const gatedDeltaRule: Adapter = gated(false);

/** Family kda: a gate for each key channel. */
export const kda: Adapter = gated(true);
