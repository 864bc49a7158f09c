/** @file Retention of a batch of sequences. In parallel and chunkwise mode, boundaries and padding are part of the decay matrix. */
import { fail } from '../../tensor/errors.ts';
import { constantLike } from '../../tensor/operand.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import type { Value } from '../../tensor/value.ts';
import { checkAxes } from '../check.ts';
import { checkMode, type Mode } from '../mode.ts';
import { overChunks } from '../retention/chunkwise.ts';
import { powerTable } from '../retention/decay-tables.ts';
import { inputAxes, type RetentionInputs, type RetentionResult } from '../retention/inputs.ts';
import { recurrentRetention } from '../retention/recurrent.ts';
import { alongRows, type Batch, checkRows, checkStates, isToken, membership, within } from './batch.ts';
import { type BatchResult, eachSequence } from './each-sequence.ts';

/**
 * Retention of a batch in the given mode, without normalisation. `inputs` have rows [b, h, t, ·]. Each sequence has its own state
 * [1, h, d, e]. Parallel and chunkwise mode compute all sequences together: the decay matrix is 0 between sequences and at padding.
 * Throws on wrong shapes, decays and modes, and where inputs or states do not fit the batch.
 * @example
 * const one = tensor([[[[1], [1]]]]);
 * const [zero, six] = [tensor([[[[0]]]]), tensor([[[[6]]]])];
 * const inputs = { q: one, k: one, v: one, decay: [0.5] };
 * read(batchedRetention({ name: 'parallel' }, packedBatch([0, 1, 2]), inputs, [zero, six]).output) // [1, 4]
 */
export function batchedRetention(
  mode: Mode,
  batch: Batch,
  inputs: RetentionInputs,
  states: readonly Value[],
): BatchResult<Value> {
  checkMode('batchedRetention', mode);
  checkBatch(batch, inputs, states);
  const { decay, ...sequences } = inputs;
  if (mode.name === 'recurrent') {
    return eachSequence(batch, 2, (one, s) => recurrentRetention({ ...one, decay }, s), sequences, states);
  }
  const tokens = withoutPadding(batch, inputs);
  const all = concat(states, 0);
  const { output, state } =
    mode.name === 'parallel'
      ? boundedRetention(batch, tokens, all)
      : overChunks(
          mode.chunkSize,
          (part, s, start) => boundedRetention(within(batch, start, part.q.shape[2]!), part, s),
          tokens,
          all,
        );
  return { output, states: batch.spans.map((_, n) => slice(state, 0, n, n + 1)) };
}

function checkBatch(batch: Batch, inputs: RetentionInputs, states: readonly Value[]): void {
  const { h, d, e } = inputAxes('batchedRetention', inputs);
  checkRows('batchedRetention', 'q', batch, inputs.q, 2);
  checkStates('batchedRetention', batch, states);
  states.forEach((state, n) => {
    checkAxes('batchedRetention', `state ${n}`, state, ['1', 'h', 'd', 'e']);
    if (sameShape(state.shape, [1, h, d, e])) return;
    fail(`batchedRetention: state ${n} has shape ${show(state.shape)}; for these q and v it is ${show([1, h, d, e])}`);
  });
}

/** Selects zeros at padding. A product with a mask would not work, because 0 · NaN is NaN. */
function withoutPadding(batch: Batch, { q, k, v, decay }: RetentionInputs): RetentionInputs {
  const mask = constantLike(q, isToken(batch), alongRows(batch, 4, 2));
  const [qs, ks, vs] = [q, k, v].map((x) => select(mask, x, 0)) as [Value, Value, Value];
  return { q: qs, k: ks, v: vs, decay };
}

/**
 * Eq. 25 with boundaries, for a place t that holds token p of sequence n, p from 0: `y_t = q_t (γ^{p+1} S_n + Σ_s D[t, s] k_sᵀ
 * v_s)`. `D[t, s] = γ^{t−s}` if s holds a token of the same sequence and s ≤ t, else 0. The states [n, h, d, e] become `S'_n = γ^L
 * S_n + Σ_p γ^{L−1−p} k_pᵀ v_p`, where L is the length of sequence n.
 */
function boundedRetention(batch: Batch, { q, k, v, decay }: RetentionInputs, states: Value): RetentionResult {
  const [b, , t] = q.shape as readonly [number, number, number, number];
  const n = batch.spans.length;
  const lengths = batch.spans.map(({ length }) => length);
  /** Table [h, n, b, t] of γ to the power of `exponent`, 0 where a place is outside the sequence. */
  const table = (exponent: (sequence: number, p: number) => number): Value => {
    const exponents = membership(batch, (sequence, p) => exponent(sequence, p) + 1);
    return powerTable(
      q,
      decay,
      Array.from(exponents, (above) => above - 1),
      [n, b, t],
    );
  };
  const weights = transpose(powerTable(q, decay, boundedExponents(batch), [b, t, t]), [1, 0, 2, 3]);
  const scores = stored(mul(einsum('bhtd,bhsd->bhts', q, k), weights), 'score');
  const fromStart = table((_sequence, p) => p + 1);
  const toEnd = table((sequence, p) => lengths[sequence]! - 1 - p);
  const whole = transpose(powerTable(q, decay, lengths, [n, 1, 1]), [1, 0, 2, 3]);
  return {
    output: add(einsum('bhts,bhse->bhte', scores, v), einsum('bhtd,nhde,hnbt->bhte', q, states, fromStart)),
    state: stored(add(mul(states, whole), einsum('bhtd,bhte,hnbt->nhde', k, v, toEnd)), 'state'),
  };
}

/** Exponents [b, t, s] of the decay matrix: t − s where t and s are tokens of one sequence and s ≤ t, else −1. */
function boundedExponents({ rows, places, spans }: Batch): number[] {
  const table = new Array<number>(rows * places * places).fill(-1);
  for (const { row, start, length } of spans) {
    for (let t = start; t < start + length; t++) {
      const at = (row * places + t) * places;
      for (let s = start; s <= t; s++) table[at + s] = t - s;
    }
  }
  return table;
}
