/** @file Faults of all delta rules: what is subtracted, which state is read, triangles, chunks, norms, scales. */
import { chunkProducts, chunkwiseDeltaRule, deltaRuleInChunks } from '../../../nn/delta-rule/chunkwise.ts';
import {
  type DeltaRule,
  type DeltaRuleInputs,
  type DeltaRuleResult,
  decaysOf,
  prepared,
} from '../../../nn/delta-rule/inputs.ts';
import { recurrentDeltaRule } from '../../../nn/delta-rule/recurrent.ts';
import { unitLowerInverse } from '../../../nn/delta-rule/triangular.ts';
import { constantLike } from '../../../tensor/operand.ts';
import { at, chunks, stack, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { reshape } from '../../../tensor/primitives/reshape.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Wrong } from '../../fault.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import type { DeltaRuleSettings } from './delta-rule.ts';

/** What a wrong step reads: the token's rows, β that broadcasts against values, decays [b, h, d, 1], and the state before and decayed. */
interface Token {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly beta: Value;
  readonly decay: Value | null;
  readonly before: Value;
  readonly kept: Value;
}

/** A delta rule token by token, with this step. */
export const stepwise =
  (step: (token: Token) => { readonly state: Value; readonly output: Value }): DeltaRule =>
  (inputs, state) => {
    const { q, k, v, beta, gate } = prepared('stepwise', inputs, state);
    const steps = beta.shape.length === 3 ? reshape(beta, [...beta.shape, 1]) : beta;
    const outputs: Value[] = [];
    let s = state;
    for (let i = 0; i < q.shape[2]!; i++) {
      const row = (x: Value): Value => at(x, 2, i);
      const decays = gate && decaysOf(row(gate));
      const decay = decays === undefined ? null : reshape(decays, [...decays.shape, 1]);
      const kept = decay === null ? s : mul(decay, s);
      const token = { q: row(q), k: row(k), v: row(v), beta: row(steps), decay, before: s, kept };
      const result = step(token);
      s = result.state;
      outputs.push(result.output);
    }
    return { output: stack(outputs, 2), state: s };
  };

export const read = (x: Value, s: Value): Value => einsum('bhd,bhde->bhe', x, s);
export const written = (k: Value, u: Value): Value => einsum('bhd,bhe->bhde', k, u);

/** Runs chunks one after another, with the state between chunks changed by `handOver`. */
const inParts =
  (chunkSize: number, handOver: (left: Value, start: Value) => Value): DeltaRule =>
  (inputs, state) => {
    const names = Object.keys(inputs).filter((name) => inputs[name as keyof DeltaRuleInputs] !== undefined);
    const cut = names.map((name) => chunks(inputs[name as keyof DeltaRuleInputs]!, 2, chunkSize));
    const count = cut[0]!.length;
    const outputs: Value[] = [];
    let s = state;
    for (let i = 0; i < count; i++) {
      const part = Object.fromEntries(names.map((name, n) => [name, cut[n]![i]!])) as unknown as DeltaRuleInputs;
      const result: DeltaRuleResult = recurrentDeltaRule(part, s);
      s = i + 1 < count ? handOver(result.state, state) : result.state;
      outputs.push(result.output);
    }
    return { output: concat(outputs, 2), state: s };
  };

/** In chunks, with a wrong inverse. */
const inverting = (inverse: (m: Value) => Value) => deltaRuleInChunks('inverting', { ...chunkProducts, inverse });

/** A mask [t, s] of the tokens before each token, with the token itself if `diagonal` is 1, and the identity beside it. */
const masks = (m: Value, diagonal: number): { lower: Value; identity: Value } => {
  const t = m.shape[2]!;
  const table = (of: (row: number, column: number) => number): Value =>
    constantLike(
      m,
      Float64Array.from({ length: t * t }, (_, i) => of(Math.floor(i / t), i % t)),
      [t, t],
    );
  return {
    lower: table((row, column) => (column < row ? 1 : column === row ? diagonal : 0)),
    identity: table((row, column) => (column === row ? 1 : 0)),
  };
};

/** `I − M`: the first two terms of the inverse. */
const firstOrder = (m: Value): Value => {
  const { lower, identity } = masks(m, 0);
  return sub(identity, mul(lower, m));
};

/** The inverse of `I + diag(M) + M`, to first order in the diagonal. */
const withDiagonal = (m: Value): Value => {
  const t = unitLowerInverse(m);
  const { identity } = masks(m, 0);
  return sub(t, einsum('bhtr,bhrs->bhts', mul(m, identity), t));
};

/** A wrong rule of a mode. */
interface WrongRule {
  readonly mode: 'recurrent' | 'chunkwise';
  readonly name: string;
  readonly says: string;
  readonly rejectedBy: readonly string[];
  readonly rule: (chunkSize: number) => DeltaRule;
}

const always = ['definition', 'derivative'];
const inChunks = ['definition', 'modes', 'chunks'];

const wrongRules: readonly WrongRule[] = [
  {
    mode: 'recurrent',
    name: 'nothing-subtracted',
    says: 'writes β v, as linear attention does, and not what the state does not yet say',
    rejectedBy: [...always, 'dyadic'],
    rule: () =>
      stepwise(({ q, k, v, beta, kept }) => {
        const state = add(kept, written(k, mul(beta, v)));
        return { state, output: read(q, state) };
      }),
  },
  {
    mode: 'recurrent',
    name: 'read-before-written',
    says: 'a token reads the state before it is written',
    rejectedBy: [...always, 'dyadic'],
    rule: () =>
      stepwise(({ q, k, v, beta, kept }) => ({
        state: add(kept, written(k, mul(beta, sub(v, read(k, kept))))),
        output: read(q, kept),
      })),
  },
  {
    mode: 'recurrent',
    name: 'step-size-of-values-only',
    says: 'β scales the value, not what is read for its key',
    rejectedBy: [...always, 'dyadic'],
    rule: () =>
      stepwise(({ q, k, v, beta, kept }) => {
        const state = add(kept, written(k, sub(mul(beta, v), read(k, kept))));
        return { state, output: read(q, state) };
      }),
  },
  {
    mode: 'recurrent',
    name: 'no-gradient-through-residual',
    says: 'forward exact, but what is read for the key is detached',
    rejectedBy: ['derivative', 'resumable'],
    rule: () =>
      stepwise(({ q, k, v, beta, kept }) => {
        const state = add(kept, written(k, mul(beta, sub(v, stopGradient(read(k, kept))))));
        return { state, output: read(q, state) };
      }),
  },
  {
    mode: 'chunkwise',
    name: 'inverse-of-first-order',
    says: 'I − M for the inverse of I + M: exact in chunks of two tokens only',
    rejectedBy: [...inChunks, 'derivative'],
    rule: inverting(firstOrder),
  },
  {
    mode: 'chunkwise',
    name: 'diagonal-kept',
    says: 'the triangle that is inverted has its diagonal',
    rejectedBy: [...inChunks, 'derivative'],
    rule: inverting(withDiagonal),
  },
  {
    mode: 'chunkwise',
    name: 'inverse-detached',
    says: 'forward exact, but no gradient goes through the inverse',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    rule: inverting((m) => stopGradient(unitLowerInverse(m))),
  },
  {
    mode: 'chunkwise',
    name: 'carry-lost',
    says: 'every chunk starts from the initial state',
    rejectedBy: [...inChunks, 'resumable', 'decoding'],
    rule: (chunkSize) => inParts(chunkSize, (_left, start) => start),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    rule: (chunkSize) => inParts(chunkSize, stopGradient),
  },
];

/** Faults of an operator that runs a delta rule; `run` is how it does. */
export const deltaRuleFaultsOf = <Text extends string, S extends DeltaRuleSettings>(
  run: (rule: DeltaRule, inputs: InputsOf<Text, Value>, settings: S) => OutputsOf<Text, Value>,
): Wrong<S, Text>[] => [
  ...wrongRules.map(
    ({ rule, ...description }): Wrong<S, Text> => ({
      ...description,
      program: (inputs, settings) => run(rule(settings.chunkSize), inputs, settings),
    }),
  ),
  {
    mode: 'chunkwise',
    name: 'scaled-before-norm',
    says: 'queries are scaled before their l2 norm, which takes the scale away',
    rejectedBy: [...inChunks, 'derivative'],
    program: (inputs, settings) =>
      run(
        chunkwiseDeltaRule(settings.chunkSize),
        inputs,
        settings.l2norm === 'none' ? settings : { ...settings, scale: 1 },
      ),
  },
  {
    mode: 'chunkwise',
    name: 'keys-scaled-too',
    says: 'the scale of the queries scales the keys as well',
    rejectedBy: [...inChunks, 'dyadic'],
    program: (inputs, settings) =>
      run(
        (one, state) => {
          const keyed = { ...one, k: mul(one.k, constantLike(one.k, Float64Array.of(settings.scale), [1])) };
          return chunkwiseDeltaRule(settings.chunkSize)(keyed, state);
        },
        inputs,
        settings,
      ),
  },
  {
    mode: 'recurrent',
    name: 'norm-of-the-other-kind',
    says: 'ε of the l2 norm stands under a maximum where it is added to the squares, and the other way round',
    rejectedBy: ['definition'],
    program: (inputs, settings) => {
      const l2norm = { none: 'none', max: 'sum', sum: 'max' } as const;
      return run(recurrentDeltaRule, inputs, { ...settings, l2norm: l2norm[settings.l2norm] });
    },
  },
];
