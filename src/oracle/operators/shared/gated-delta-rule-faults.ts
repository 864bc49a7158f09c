/** @file Faults of delta rules with gates: which state is read, gates, filled chunks, raw numbers. */
import { given } from '../../../../spec/notation.ts';
import { chunkwiseDeltaRule } from '../../../nn/delta-rule/chunkwise.ts';
import type { DeltaRule } from '../../../nn/delta-rule/inputs.ts';
import { recurrentDeltaRule } from '../../../nn/delta-rule/recurrent.ts';
import { filledLike, zerosLike } from '../../../tensor/operand.ts';
import { chunks, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { exp } from '../../../tensor/primitives/exp.ts';
import { maximum } from '../../../tensor/primitives/maximum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import { sum } from '../../../tensor/primitives/sum.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Wrong } from '../../fault.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { deltaRuleFaultsOf, read, stepwise, written } from './delta-rule-faults.ts';
import type { GatedDeltaSettings } from './gated-delta-rule.ts';
import { filling } from './linear-attention-faults.ts';

/** Replaces the gates that a rule gets. */
const gating =
  (rule: DeltaRule, change: (gate: Value) => Value): DeltaRule =>
  ({ gate, ...inputs }, state) =>
    rule({ ...inputs, gate: gate && change(gate) }, state);

/** The last chunk is filled with tokens that decay as the last one does. */
const filled =
  (chunkSize: number): DeltaRule =>
  ({ q, k, v, beta, gate }, state) => {
    const t = v.shape[2]!;
    const { zeros, gates } = filling(t, chunkSize);
    const whole = { q: zeros(q), k: zeros(k), v: zeros(v), beta: zeros(beta), gate: gate && gates(gate) };
    const result = chunkwiseDeltaRule(chunkSize)(whole, state);
    return { output: slice(result.output, 2, 0, t), state: result.state };
  };

/** Chunks one after another, whose whole decays [b, h, 1 or d, 1] of the state between them become what `carry` makes of them. */
const carrying =
  (chunkSize: number, carry: (decay: Value) => Value): DeltaRule =>
  ({ q, k, v, beta, gate }, state) => {
    const cut = (x: Value): Value[] => chunks(x, 2, chunkSize);
    const [qs, ks, vs, betas, gates] = [cut(q), cut(k), cut(v), cut(beta), cut(given(gate, 'a gate'))];
    let s = state;
    const outputs = qs.map((q, i) => {
      const [k, v, beta, gate] = [ks[i]!, vs[i]!, betas[i]!, gates[i]!];
      const result = recurrentDeltaRule({ q, k, v, beta, gate }, s);
      const total = exp(sum(gate, [2]));
      const decay = reshape(total, [...total.shape.slice(0, 2), total.shape[2] ?? 1, 1]);
      s = add(result.state, mul(sub(carry(decay), decay), s));
      return result.output;
    });
    return { output: concat(outputs, 2), state: s };
  };

/** Faults of an operator that runs a delta rule with gates; `run` is how it does. */
export const gatedDeltaFaultsOf = <Text extends string, S extends GatedDeltaSettings>(
  run: (rule: DeltaRule, inputs: InputsOf<Text, Value>, settings: S) => OutputsOf<Text, Value>,
): Wrong<S, Text>[] => [
  ...deltaRuleFaultsOf<Text, S>(run),
  {
    mode: 'recurrent',
    name: 'residual-of-undecayed-state',
    says: 'what is missing is taken from the state before it decays',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: (inputs, settings) =>
      run(
        stepwise(({ q, k, v, beta, before, kept }) => {
          const state = add(kept, written(k, mul(beta, sub(v, read(k, before)))));
          return { state, output: read(q, state) };
        }),
        inputs,
        settings,
      ),
  },
  {
    mode: 'recurrent',
    name: 'decays-after-writing',
    says: 'the state decays after a token is written, and not before',
    rejectedBy: ['definition', 'derivative', 'dyadic'],
    program: (inputs, settings) =>
      run(
        stepwise(({ q, k, v, beta, decay, before }) => {
          const state = add(before, written(k, mul(beta, sub(v, read(k, before)))));
          return { state: decay === null ? state : mul(decay, state), output: read(q, state) };
        }),
        inputs,
        settings,
      ),
  },
  {
    mode: 'recurrent',
    name: 'first-gate-spares-state',
    says: 'the gate of the first token does not decay the initial state',
    rejectedBy: ['definition', 'resumable', 'derivative', 'dyadic'],
    program: (inputs, settings) => {
      const later = (gate: Value): Value => {
        const [first, rest] = [slice(gate, 2, 0, 1), slice(gate, 2, 1, gate.shape[2]!)];
        return concat([zerosLike(first), rest], 2);
      };
      return run(gating(recurrentDeltaRule, later), inputs, settings);
    },
  },
  {
    mode: 'chunkwise',
    name: 'resets-clamped',
    says: 'gates are clamped at −20, so that a reset leaves 2·10⁻⁹ of the state',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: (inputs, settings) =>
      run(
        gating(chunkwiseDeltaRule(settings.chunkSize), (gate) => maximum(gate, -20)),
        inputs,
        settings,
      ),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'tokens that fill the last chunk decay the state like the last one',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    program: (inputs, settings) => run(filled(settings.chunkSize), inputs, settings),
  },
  {
    mode: 'chunkwise',
    name: 'state-not-decayed',
    says: 'the state between chunks does not decay',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: (inputs, settings) =>
      run(
        carrying(settings.chunkSize, (decay) => filledLike(decay, 1, decay.shape)),
        inputs,
        settings,
      ),
  },
  {
    mode: 'chunkwise',
    name: 'state-decays-twice',
    says: 'the state between chunks decays twice by all gates of a chunk',
    rejectedBy: ['definition', 'modes', 'chunks', 'dyadic'],
    program: (inputs, settings) =>
      run(
        carrying(settings.chunkSize, (decay) => mul(decay, decay)),
        inputs,
        settings,
      ),
  },
  {
    mode: 'chunkwise',
    name: 'gate-detached',
    says: 'no gradient reaches the gates, nor what they come from',
    rejectedBy: ['modes', 'derivative'],
    program: (inputs, settings) => run(gating(chunkwiseDeltaRule(settings.chunkSize), stopGradient), inputs, settings),
  },
  {
    mode: 'recurrent',
    name: 'rate-of-one',
    says: 'raw gates are not multiplied by exp(aLog)',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings) => {
      const { aLog } = inputs as { readonly aLog?: Value };
      if (aLog === undefined) return run(recurrentDeltaRule, inputs, settings);
      return run(recurrentDeltaRule, { ...inputs, aLog: zerosLike(aLog) }, settings);
    },
  },
  {
    mode: 'recurrent',
    name: 'bias-of-gates-ignored',
    says: 'raw gates have no bias',
    rejectedBy: ['definition', 'derivative'],
    program: (inputs, settings) => {
      const { gateBias } = inputs as { readonly gateBias?: Value };
      if (gateBias === undefined) return run(recurrentDeltaRule, inputs, settings);
      return run(recurrentDeltaRule, { ...inputs, gateBias: zerosLike(gateBias) }, settings);
    },
  },
];
