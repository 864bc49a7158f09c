/**
 * @file Retention with the row normalisation of torchscale and of the authors' code, before the group norm. [C]
 *
 * Its modes are different functions. Parallel mode divides a row by the sum of its scores, chunkwise mode by another sum, recurrent
 * mode by neither. They agree only after a norm without ε. Gradients treat the divisors as constants.
 */
import { fail } from '../../tensor/errors.ts';
import { constantLike, tableLike } from '../../tensor/operand.ts';
import { abs } from '../../tensor/primitives/abs.ts';
import { add } from '../../tensor/primitives/add.ts';
import { div } from '../../tensor/primitives/div.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { maxReduce } from '../../tensor/primitives/max-reduce.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { minimum } from '../../tensor/primitives/minimum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { site } from '../../tensor/primitives/site.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Meaning, Value } from '../../tensor/value.ts';
import { overChunks } from './chunkwise.ts';
import { decayMatrix, decaySums, type PowerTable, powerSlack, powerTable } from './decay-tables.ts';
import { type Retention, type RetentionInputs, type RetentionResult, retentionAxes } from './inputs.ts';
import { carriedOutput, carriedState } from './parallel.ts';

/**
 * Decay matrix with normalised rows: `D[h, t, s] = γ^{t−s} / √(Σ_{j≤t} γ^{t−j})` for s ≤ t, else 0. The divisor is the root of the
 * row's sum.
 */
export function normalisedDecayMatrix(decay: readonly number[], t: number): Float64Array {
  const sums = decaySums(decay, 0, t);
  return decayMatrix(decay, t).map((power, i) => power / Math.sqrt(sums[Math.floor(i / t)]!));
}

/** Formulas for powers of γ, and for the normalised decay matrix [h, t, t]. */
export interface DecayTables {
  readonly powers: PowerTable;
  matrix(like: Value, decay: readonly number[], t: number): Value;
}

const tables: DecayTables = {
  powers: powerTable,
  matrix(like, decay, t) {
    const divisors = decaySums(decay, 0, t).map((total) => 1 / Math.sqrt(total));
    const meaning: Meaning = (i) => {
      const [row, n] = [Math.floor(i / t), (Math.floor(i / t) % t) - (i % t)];
      return n < 0 ? undefined : ['power', decay[Math.floor(row / t)]!, n, divisors[row]!];
    };
    return tableLike(like, `normalised decays ${decay}, ${t} tokens`, () =>
      constantLike(like, normalisedDecayMatrix(decay, t), [decay.length, t, t], powerSlack(2 * t), meaning),
    );
  },
};

const scoresOf = ({ q, k, decay }: RetentionInputs, t: number, { matrix }: DecayTables): Value =>
  mul(einsum('bhtd,bhsd->bhts', q, k), stored(matrix(q, decay, t), 'decay'));

/**
 * Parallel mode: `S[t, s] = (q_t · k_s) D[t, s]`, `c_t = clamp(Σ_s |S[t, s]|, 1, 5·10⁴)`, `y_t = Σ_s S[t, s] v_s / c_t`. Throws on
 * a position other than 0, because c_t needs the keys of all earlier tokens.
 * @example
 * const [two, zero] = [tensor([[[[2]]]]), tensor([[[[0]]]])];
 * read(torchscaleParallel(0, '')({ q: two, k: two, v: two, decay: [0.5] }, zero).output) // [2]
 */
export const torchscaleParallel = (position: number, path: string): Retention =>
  torchscaleAtOnce(position, path, tables);

/** {@link torchscaleParallel} with formulas for its tables. */
export const torchscaleAtOnce =
  (position: number, path: string, by: DecayTables): Retention =>
  (inputs, state) => {
    const { t } = retentionAxes('torchscaleParallel', inputs, state);
    if (position !== 0) {
      fail(
        `torchscaleParallel: position ${position}; this form's row sums need the keys of all earlier tokens, so it can only start a sequence: continue in recurrent or chunkwise mode`,
      );
    }
    const scores = scoresOf(inputs, t, by);
    const divisor = stopGradient(minimum(maximum(sum(abs(scores), [3]), 1), 5e4));
    const shares = stored(site(div(scores, reshape(divisor, [...divisor.shape, 1])), `${path}scores`), 'score');
    return {
      output: einsum('bhts,bhse->bhte', shares, inputs.v),
      state: carriedState(inputs.k, inputs.v, inputs.decay, state, by.powers),
    };
  };

/**
 * Chunkwise mode: computes a chunk as parallel mode does, from the chunk's first token and without the upper clamp. The
 * contribution of the state has the same divisors. Row i of a chunk is divided by `max(a_i, κ)`, `a_i = max(1, Σ|S_i|)`, `κ =
 * max(1, max_e Σ_d |S_{d e}| / R)`, `R = Σ_{j<C} γ^j`.
 * @example
 * const [two, zero] = [tensor([[[[2]]]]), tensor([[[[0]]]])];
 * read(torchscaleChunkwise(4)({ q: two, k: two, v: two, decay: [0.5] }, zero).output) // [2]
 */
export const torchscaleChunkwise = (chunkSize: number): Retention => torchscaleInChunks(chunkSize, tables);

/** {@link torchscaleChunkwise} with formulas for its tables. */
export const torchscaleInChunks =
  (chunkSize: number, by: DecayTables): Retention =>
  (inputs, state) => {
    retentionAxes('torchscaleChunkwise', inputs, state);
    return overChunks(chunkSize, (part, s) => torchscaleChunk(chunkSize, by, part, s), inputs, state);
  };

function torchscaleChunk(chunkSize: number, by: DecayTables, inputs: RetentionInputs, state: Value): RetentionResult {
  const { b, h, t } = retentionAxes('torchscaleChunkwise', inputs, state);
  const { q, k, v, decay } = inputs;
  const scores = scoresOf(inputs, t, by);
  const rows = decaySums(decay, 0, t).map((total) => 1 / Math.sqrt(total));
  const carried = mul(carriedOutput(q, decay, state, by.powers), constantLike(q, rows, [h, t, 1], powerSlack(t)));
  const total = add(einsum('bhts,bhse->bhte', stored(scores, 'score'), v), carried);

  const full = decaySums(decay, chunkSize - 1, 1).map((r) => 1 / r);
  const stateSize = mul(maxReduce(sum(abs(state), [2]), 2), constantLike(q, full, [h], powerSlack(chunkSize)));
  const kappa = reshape(maximum(stateSize, 1), [b, h, 1]);
  const divisor = stopGradient(maximum(maximum(sum(abs(scores), [3]), 1), kappa));
  return { output: div(total, reshape(divisor, [b, h, t, 1])), state: carriedState(k, v, decay, state, by.powers) };
}
