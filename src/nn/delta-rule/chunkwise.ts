/** @file The delta rule in chunkwise mode: the triangular systems of all chunks at once (WY form), then one chunk after another. */
import { fail } from '../../tensor/errors.ts';
import { filledLike } from '../../tensor/operand.ts';
import { at, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { tapped } from '../../tensor/primitives/site.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { repeatGroups } from '../groups.ts';
import { segmentDecays } from '../segment-decays.ts';
import { type DeltaRule, type DeltaRuleResult, decaysOf, type Prepared, prepared } from './inputs.ts';
import { unitLowerInverse } from './triangular.ts';

/** Products of decays up to each token: from each earlier token, [b, h, t, s, 1], and from the chunk's start, [b, h, t, 1]. With d for 1 if each key channel has a gate. */
export interface Left {
  readonly ofTokens: Value;
  readonly ofState: Value;
}

/** Formulas for what a chunk computes of its gates and its triangle. */
export interface ChunkFormula {
  /** Returns the numbers of gates [b, h, t, 1] from which `left` computes. */
  of(gate: Value): Value;
  /** The number of a token that keeps the whole state. */
  readonly neutral: number;
  /** Computes the products of decays from the numbers of at least one token, along axis 2. */
  left(numbers: Value): Left;
  /** Inverts `I + M` [b, h, t, s] for a strictly lower triangular M, of which only s < t may be read. */
  inverse(m: Value): Value;
}

/** Multiplies decays, and inverts by forward substitution in blocks. */
export const chunkProducts: ChunkFormula = {
  of: decaysOf,
  neutral: 1,
  left(decays) {
    const ofTokens = segmentDecays(decays, 2);
    return { ofTokens, ofState: mul(at(ofTokens, 3, 0), slice(decays, 2, 0, 1)) };
  },
  inverse: unitLowerInverse,
};

/** The delta rule over chunks of a size, with these formulas. `call` names it in errors. */
export const deltaRuleInChunks =
  (call: string, formula: ChunkFormula) =>
  (chunkSize: number): DeltaRule => {
    if (!Number.isInteger(chunkSize) || chunkSize < 1) {
      fail(`${call}: a chunk of ${chunkSize}; a chunk is an integer ≥ 1`);
    }
    return (inputs, state) => {
      const given = prepared(call, inputs, state);
      if (given.q.shape[2] === 0) return { output: given.v, state };
      const run = (one: Prepared, before: Value) => inChunks(formula, chunkSize, one, before);
      return given.beta.shape.length === 3 ? run(given, state) : perValueChannel(run, given, state);
    };
  };

/**
 * The delta rule over chunks of `chunkSize` tokens. In a chunk, the rows `u_t = β_t (v_t − k_t P_t)` that are written solve a unit lower
 * triangular system, `u_t = β_t (v_t − Γ_t k_t S_0 − Σ_{s<t} (k_t · L_ts k_s) u_s)` with the products of decays Γ from the chunk's start
 * and L from token s. Its inverse times the values and the keys gives `u = U − W S_0`, the WY form, before the state S_0 is known. Pads the
 * last chunk with tokens that keep the state: key, query, value and β 0, decay 1. Throws unless the chunk size is an integer ≥ 1, and on
 * wrong shapes.
 * @example
 * const one = tensor([[[[2], [2]]]]);
 * read(chunkwiseDeltaRule(2)({ q: one, k: one, v: one, beta: tensor([[[0.5, 0.25]]]) }, tensor([[[[3]]]])).output) // [-2, 2]
 */
export const chunkwiseDeltaRule: (chunkSize: number) => DeltaRule = deltaRuleInChunks(
  'chunkwiseDeltaRule',
  chunkProducts,
);

/** Runs each value channel as a head of its own, as it has step sizes of its own. */
function perValueChannel(
  run: (given: Prepared, state: Value) => DeltaRuleResult,
  { q, k, reads, v, beta, gate }: Prepared,
  state: Value,
): DeltaRuleResult {
  const [b, h, t, e] = v.shape as readonly [number, number, number, number];
  const shared = (x: Value): Value => repeatGroups('chunkwiseDeltaRule', 'a head', x, h * e);
  const keys = shared(k);
  // the channels of a head follow each other
  const own = (x: Value): Value => reshape(einsum('bhte->bhet', x), [b, h * e, t]);
  const d = q.shape[3]!;
  const result = run(
    {
      q: shared(q),
      k: keys,
      // the same value, so that its products with itself are known as squares
      reads: reads === k ? keys : shared(reads),
      v: reshape(own(v), [b, h * e, t, 1]),
      beta: own(beta),
      gate: gate && shared(gate),
    },
    reshape(einsum('bhde->bhed', state), [b, h * e, d, 1]),
  );
  return {
    output: einsum('bhet->bhte', reshape(result.output, [b, h, e, t])),
    state: einsum('bhed->bhde', reshape(result.state, [b, h, e, d])),
  };
}

function inChunks(formula: ChunkFormula, chunkSize: number, given: Prepared, state: Value): DeltaRuleResult {
  const [b, h, t] = given.q.shape as readonly [number, number, number];
  const [d, e] = state.shape.slice(2) as [number, number];
  const count = Math.ceil(t / chunkSize);
  const missing = count * chunkSize - t;
  // heads and chunks share one axis
  const blocks = (x: Value, fill = 0): Value => {
    const still = filledLike(x, fill, x.shape.with(2, missing));
    return reshape(missing === 0 ? x : concat([x, still], 2), [b, h * count, chunkSize, ...x.shape.slice(3)]);
  };
  const [q, k, v] = [blocks(given.q), blocks(given.k), blocks(given.v)];
  const readers = given.reads === given.k ? k : blocks(given.reads);
  const beta = blocks(reshape(given.beta, [...given.beta.shape, 1]));
  const open = (): Value => filledLike(k, formula.neutral, [b, h * count, chunkSize, 1]);
  const { ofTokens, ofState } = formula.left(
    given.gate === undefined ? open() : blocks(formula.of(given.gate), formula.neutral),
  );
  const toEnd = at(ofTokens, 2, chunkSize - 1);
  const weights = mul(beta, products(readers, k, ofTokens));
  const scores = stored(products(q, k, ofTokens), 'score');
  const inverse = stored(formula.inverse(weights), 'score');
  const rows = einsum('bhts,bhsw->bhtw', inverse, mul(beta, concat([v, mul(readers, ofState)], 3)));

  // one chunk after another: [b, h, count, …] to [b, h, …]
  const of = (x: Value): ((i: number) => Value) => {
    const all = reshape(x, [b, h, count, ...x.shape.slice(2)]);
    return (i) => at(all, 2, i);
  };
  const [values, keys] = [of(slice(rows, 3, 0, e)), of(slice(rows, 3, e, e + d))];
  const [reads, writes] = [of(mul(q, ofState)), of(mul(k, toEnd))];
  const [own, kept] = [of(scores), of(at(ofState, 2, chunkSize - 1))];
  const outputs: Value[] = [];
  let s = state;
  for (let i = 0; i < count; i++) {
    const written = tapped(stored(sub(values(i), einsum('bhtd,bhde->bhte', keys(i), s)), 'value'), 'written');
    outputs.push(add(einsum('bhtd,bhde->bhte', reads(i), s), einsum('bhts,bhse->bhte', own(i), written)));
    const factor = kept(i);
    const next = add(mul(reshape(factor, [...factor.shape, 1]), s), einsum('bhtd,bhte->bhde', writes(i), written));
    s = tapped(stored(next, 'state'), 'state');
  }
  return { output: slice(concat(outputs, 2), 2, 0, t), state: s };
}

/** `x_t · L_ts y_s` for s ≤ t, else 0, [b, h, t, s]. The products of decays L are [b, h, t, s, 1], or have one for each channel. */
function products(x: Value, y: Value, left: Value): Value {
  if (left.shape[4] === 1) return mul(einsum('bhtd,bhsd->bhts', x, y), reshape(left, left.shape.slice(0, 4)));
  return einsum('bhtd,bhtsd,bhsd->bhts', x, left, y);
}
