/** @file Family packed: operators on several sequences in one row, with a state for each, of which some are empty. */
import { packedBatch } from '../nn/batches/batch.ts';
import { eachSequence } from '../nn/batches/each-sequence.ts';
import { chunkwiseDeltaRule } from '../nn/delta-rule/chunkwise.ts';
import type { DeltaRule } from '../nn/delta-rule/inputs.ts';
import { recurrentDeltaRule } from '../nn/delta-rule/recurrent.ts';
import { chunkwiseLinearAttention } from '../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../nn/linear-attention/inputs.ts';
import { parallelLinearAttention } from '../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../nn/linear-attention/recurrent.ts';
import { headsLast } from '../nn/multi-head-retention.ts';
import { zerosLike } from '../tensor/operand.ts';
import { concat } from '../tensor/primitives/concat.ts';
import { scale } from '../tensor/primitives/scale.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { transpose } from '../tensor/primitives/transpose.ts';
import type { Shape } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';
import { type Adapter, givenIn, type VectorCase } from './case.ts';
import { booleanIn, choiceIn, integerIn, numberIn } from './config.ts';
import { inputShapes, scanOf } from './mamba2-scan.ts';
import { type NamedValues, probedInModes } from './probed-outputs.ts';

type Config = VectorCase['config'];

/** Runs one sequence, time before heads, from a state. */
type Piece = (piece: NamedValues, state: Value) => { readonly output: Value; readonly state: Value };

/** An operator on packed sequences. */
interface Packed {
  /** The shapes of the inputs with an entry for each token. */
  readonly tokens: Readonly<Record<string, Shape>>;
  /** The shapes of the inputs that all sequences share. */
  readonly shared?: Readonly<Record<string, Shape>>;
  /** The shape of the state of one sequence. */
  readonly state: Shape;
  /** The name of the output. */
  readonly output: string;
  readonly modes: Readonly<Record<string, Piece>>;
}

/** Chunks that do not divide most lengths. */
const chunkSize = 5;

/** The modes of linear attention, which other operators are computed by. */
const attentionModes = (of: (attention: LinearAttention) => Piece): Packed['modes'] => ({
  recurrent: of(recurrentLinearAttention),
  parallel: of(parallelLinearAttention),
  chunkwise: of(chunkwiseLinearAttention(chunkSize)),
});

/** Exchanges time and heads. */
const swapped = (x: Value): Value => (x.shape.length === 4 ? headsLast(x) : transpose(x, [0, 2, 1]));

/** Inputs that kernels of flash-linear-attention have beside queries, keys and values, by their shapes. */
type More = (sizes: { readonly t: number; readonly h: number; readonly d: number }) => Readonly<Record<string, Shape>>;

/** An operator of flash-linear-attention: queries and keys for groups of heads, and a rule for one sequence. */
const rule =
  (more: More, modes: (factor: number) => Packed['modes']) =>
  (config: Config): Packed => {
    choiceIn(config, 'layout', ['BTHD']);
    const [t, g, h] = [integerIn(config, 'seq_len'), integerIn(config, 'heads'), integerIn(config, 'value_heads')];
    const [d, e] = [integerIn(config, 'dk'), integerIn(config, 'dv')];
    return {
      tokens: { q: [1, t, g, d], k: [1, t, g, d], v: [1, t, h, e], ...more({ t, h, d }) },
      state: [h, d, e],
      output: 'o',
      modes: modes(numberIn(config, 'scale')),
    };
  };

/** Queries, scaled, keys and values, heads before time. */
const attended = ({ q, k, v }: NamedValues, factor: number) => ({
  q: scale(swapped(q!), factor),
  k: swapped(k!),
  v: swapped(v!),
});

const backInTime = ({ output, state }: ReturnType<Piece>): ReturnType<Piece> => ({ output: swapped(output), state });

/** The gate has this name in the sources. */
const byAttention = (gate: 'g' | 'gk') => (factor: number) =>
  attentionModes(
    (attention) => (piece, state) =>
      backInTime(attention({ ...attended(piece, factor), gate: swapped(piece[gate]!) }, state)),
  );

const byDeltaRule = (factor: number): Packed['modes'] => {
  const of =
    (delta: DeltaRule): Piece =>
    (piece, state) =>
      backInTime(
        delta(
          {
            ...attended(piece, factor),
            beta: swapped(piece.beta!),
            ...(piece.g && { gate: swapped(piece.g) }),
          },
          state,
        ),
      );
  return { recurrent: of(recurrentDeltaRule), chunkwise: of(chunkwiseDeltaRule(chunkSize)) };
};

/** The scan of Mamba-2, whose parameters all sequences share. */
function mamba2(config: Config): Packed {
  const sizes = {
    b: 1,
    t: integerIn(config, 'seq_len'),
    g: integerIn(config, 'groups'),
    h: integerIn(config, 'heads'),
    e: integerIn(config, 'headdim'),
    n: integerIn(config, 'dstate'),
  };
  const { initial_state: _, ...shapes } = inputShapes({ config }, sizes);
  const isShared = (name: string): boolean => ['A', 'D', 'dt_bias'].includes(name);
  const some = (wanted: boolean): Record<string, Shape> =>
    Object.fromEntries(Object.entries(shapes).filter(([name]) => isShared(name) === wanted));
  const scanned = scanOf(config, sizes);
  return {
    tokens: some(false),
    shared: some(true),
    state: [sizes.h, sizes.e, sizes.n],
    output: 'out',
    modes: attentionModes((attention) => (piece, state) => {
      const { out, final_state } = scanned(attention)({ ...piece, initial_state: state });
      return { output: out!, state: final_state! };
    }),
  };
}

const operators: Readonly<Record<string, (config: Config) => Packed>> = {
  simple_gla: rule(({ t, h }) => ({ g: [1, t, h] }), byAttention('g')),
  gla: rule(({ t, h, d }) => ({ gk: [1, t, h, d] }), byAttention('gk')),
  delta: rule(({ t, h }) => ({ beta: [1, t, h] }), byDeltaRule),
  gated_delta: rule(({ t, h }) => ({ beta: [1, t, h], g: [1, t, h] }), byDeltaRule),
  mamba2_scan: mamba2,
  kda: rule(({ t, h, d }) => ({ beta: [1, t, h], g: [1, t, h, d] }), byDeltaRule),
};

/** Kind packed: each sequence alone, in every mode of the operator. Throws on other operators and on shapes unlike the config's. */
export const packedCase: Adapter = (testCase) => {
  const { config } = testCase;
  const {
    tokens,
    shared = {},
    state,
    output,
    modes,
  } = operators[choiceIn(config, 'operator', Object.keys(operators))]!(config);
  const pieces = integerIn(config, 'pieces');
  const batch = packedBatch([...givenIn(testCase, 'in/cu_seqlens', [pieces + 1]).data]);
  const run =
    (piece: Piece) =>
    ({ initial_state, ...given }: NamedValues): NamedValues => {
      const before = initial_state ?? zerosLike(Object.values(given)[0]!, [pieces, ...state]);
      const states = batch.spans.map((_, i) => slice(before, 0, i, i + 1));
      const [own, common] = [tokens, shared].map((names) =>
        Object.fromEntries(Object.keys(names).map((name) => [name, given[name]!])),
      ) as [NamedValues, NamedValues];
      const results = eachSequence(batch, 1, (one, before) => piece({ ...one, ...common }, before), own, states);
      return { [output]: results.output, final_state: concat(results.states, 0) };
    };
  return probedInModes(testCase, {
    inputs: { ...tokens, ...shared, ...(booleanIn(config, 'initial_state') && { initial_state: [pieces, ...state] }) },
    probes: { [output]: `probe_${output}`, final_state: 'probe_final_state' },
    runs: Object.fromEntries(Object.entries(modes).map(([mode, piece]) => [mode, run(piece)])),
  });
};
