/** @file Retention as an operator: un-normalised (Eqs. 19, 20), and with each named normalisation. */
import * as fc from 'fast-check';
import { retention as recurrence } from '../../../spec/19-retention.ts';
import { denseRetention } from '../../../spec/25-dense-retention.ts';
import {
  decayNormalised,
  torchscaleChunkDivisors,
  torchscaleChunkwise,
  torchscaleDivisors,
  torchscaleParallel,
} from '../../../spec/normalised-retention.ts';
import type { Matrix } from '../../../spec/notation.ts';
import { batchedRetention } from '../../nn/batches/retention.ts';
import type { Mode } from '../../nn/mode.ts';
import { normalisedRetention, type RetentionNorm } from '../../nn/retention/normalised.ts';
import { batchable, type InBatch, ownOf, statesByName } from '../batchable.ts';
import { fromLists, type Layout, type Lists, type Tensors, toLists } from '../case.ts';
import { chunkDraws, chunkSizeOf, decays, lengths, small } from '../draw.ts';
import type { Operator, Size } from '../operator.ts';
import type { Program } from '../program.ts';

/** Settings of retention: γ of each head, the chunk size of chunkwise mode, how many tokens came before. */
export type RetentionSettings = {
  readonly decay: readonly number[];
  readonly chunkSize: number;
  readonly position: number;
};

/** The modes of retention, with the chunk size of the settings. */
export const modeNames = ['parallel', 'chunkwise', 'recurrent'] as const;

/** A mode's name. */
export type ModeName = (typeof modeNames)[number];

/** A mode by its name. */
export const modeOf = (name: ModeName, chunkSize: number): Mode =>
  name === 'chunkwise' ? { name, chunkSize } : { name };

const program =
  (norm: RetentionNorm, name: ModeName): Program<RetentionSettings> =>
  ({ q, k, v, state }, { decay, chunkSize, position }) => ({
    ...normalisedRetention(norm, modeOf(name, chunkSize), { q: q!, k: k!, v: v!, decay }, state!, {
      position,
      path: '',
    }),
  });

function layouts(size: Size, continued: boolean): fc.Arbitrary<Layout<RetentionSettings>> {
  const axes = fc.record({
    b: small(3),
    h: small(3),
    t: lengths(size),
    d: small(5),
    e: small(5),
    decay: decays(3, size),
    chunk: chunkDraws,
    position: continued ? fc.constantFrom(0, 1, 5) : fc.constant(0),
  });
  return axes.map(({ b, h, t, d, e, decay, chunk, position }) => ({
    inputs: {
      q: { shape: [b, h, t, d] },
      k: { shape: [b, h, t, d] },
      v: { shape: [b, h, t, e] },
      state: { shape: [b, h, d, e] },
    },
    outputs: { output: [b, h, t, e], state: [b, h, d, e] },
    settings: { decay: decay.slice(0, h), chunkSize: chunkSizeOf(chunk, t), position },
  }));
}

/** One head's sequence, as the definitions take it. */
interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly state: Matrix;
  readonly gamma: number;
}

/** A definition for one head, applied to every head of every sequence. */
export function perHead(
  inputs: Tensors,
  decay: readonly number[],
  define: (head: Head, frozen: Head) => Readonly<Record<'output' | 'state', Matrix>>,
  frozen: Tensors = inputs,
): Tensors {
  type Grid = readonly (readonly Matrix[])[];
  const headsOf = (tensors: Tensors): ((b: number, h: number) => Head) => {
    const [q, k, v, state] = ['q', 'k', 'v', 'state'].map((name) => toLists(tensors[name]!)) as unknown as [
      Grid,
      Grid,
      Grid,
      Grid,
    ];
    return (b, h) => ({ q: q[b]![h]!, k: k[b]![h]!, v: v[b]![h]!, state: state[b]![h]!, gamma: decay[h]! });
  };
  const [own, others] = [headsOf(inputs), headsOf(frozen)];
  const batch = inputs.q!.shape[0]!;
  const results = Array.from({ length: batch }, (_, b) => decay.map((_gamma, h) => define(own(b, h), others(b, h))));
  const gather = (name: 'output' | 'state'): Lists => results.map((heads) => heads.map((result) => result[name]));
  return {
    output: fromLists(gather('output'), inputs.v!.shape),
    state: fromLists(gather('state'), inputs.state!.shape),
  };
}

const shared = {
  time: {
    inputs: { q: 2, k: 2, v: 2 },
    outputs: { output: 2 },
    states: { state: 'state' },
    after: (settings: RetentionSettings, tokens: number) => ({ ...settings, position: settings.position + tokens }),
  },
  axes: {
    batch: { q: 0, k: 0, v: 0, state: 0, output: 0 },
    head: { q: 1, k: 1, v: 1, state: 1, output: 1 },
    headSettings: ['decay'],
  },
} as const;

const programs = (norm: RetentionNorm): Record<string, Program<RetentionSettings>> =>
  Object.fromEntries(modeNames.map((name) => [name, program(norm, name)]));

/** Un-normalised retention of a batch. */
const batchProgram =
  (name: ModeName): Program<InBatch<RetentionSettings>> =>
  ({ q, k, v, ...own }, { decay, chunkSize, batch }) => {
    const before = batch.spans.map((_, i) => ownOf(own, i).state!);
    const inputs = { q: q!, k: k!, v: v!, decay };
    const { output, states } = batchedRetention(modeOf(name, chunkSize), batch, inputs, before);
    return { output, ...statesByName(states.map((state) => ({ state }))) };
  };

const together = Object.fromEntries(modeNames.map((name) => [name, batchProgram(name)]));

const plainRetention: Operator<RetentionSettings> = {
  name: 'retention',
  layouts: (size) => layouts(size, false),
  // two definitions of one function: the double sum of Eq. 25 for the parallel mode, Eqs. 19 and 20 for the others
  definition: (inputs, { decay }, mode) =>
    perHead(inputs, decay, ({ q, k, v, gamma, state }) => {
      const result = recurrence(q, k, v, gamma, state);
      return mode === 'parallel' ? { ...result, output: denseRetention(q, k, v, gamma, state) } : result;
    }),
  modes: programs('none'),
  reference: 'recurrent',
  modesAgree: () => true,
  admits: () => true,
  defines: () => true,
  linearIn: ['v', 'state'],
  timeInvariant: true,
  exact: true,
  ...shared,
};

/** Eqs. 19, 20: retention without normalisation. All modes are one function, linear in values and state. */
export const retention = batchable({ ...plainRetention, equations: [19, 20] }, together);

/** Retention divided by √λ_t: one function in every mode. */
export const decayRetention = batchable<RetentionSettings>({
  ...plainRetention,
  name: 'decayRetention',
  chapter: 'spec/normalised-retention.ts',
  evidence: ['C'],
  layouts: (size) => layouts(size, true),
  definition: (inputs, { decay, position }) =>
    perHead(inputs, decay, ({ q, k, v, gamma, state }) => ({
      output: decayNormalised(q, k, v, gamma, position, state),
      state: recurrence(q, k, v, gamma, state).state,
    })),
  modes: programs('decay'),
  timeInvariant: false,
  exact: false,
});

/**
 * Torchscale's normalisations: another function in each mode, with divisors that count as constants. The parallel form starts a
 * sequence: a state it is given goes into the next state, not into the outputs.
 */
export const torchscaleRetention = batchable<RetentionSettings>({
  ...plainRetention,
  name: 'torchscaleRetention',
  chapter: 'spec/normalised-retention.ts',
  evidence: ['C'],
  layouts: (size) => layouts(size, false),
  definition: (inputs, { decay, chunkSize }, mode, frozen) =>
    perHead(
      inputs,
      decay,
      ({ q, k, v, gamma, state }, at) => {
        const rows = {
          parallel: () => torchscaleParallel(q, k, v, gamma, torchscaleDivisors(at.q, at.k, gamma)),
          chunkwise: () => {
            const divisors = torchscaleChunkDivisors(chunkSize)(at.q, at.k, at.v, gamma, at.state);
            return torchscaleChunkwise(chunkSize)(q, k, v, gamma, state, divisors);
          },
          recurrent: () => decayNormalised(q, k, v, gamma, 0, state),
        };
        return { output: rows[mode as ModeName](), state: recurrence(q, k, v, gamma, state).state };
      },
      frozen,
    ),
  modes: programs('torchscale'),
  modesAgree: () => false,
  apart: 'each mode of torchscale divides its rows by something else',
  admits: ({ position }, mode) => mode !== 'parallel' || position === 0,
  // rows are counted from their chunk's first token
  splits: ({ chunkSize }, mode, s) => mode !== 'chunkwise' || s % chunkSize === 0,
  linearIn: [],
  timeInvariant: false,
  exact: false,
});
