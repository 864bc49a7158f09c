/** @file Linear attention, gated, plain and normalised, and state space duality, as operators. */
import * as fc from 'fast-check';
import * as spec from '../../../spec/gated-linear-attention.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { stateSpaceDuality as dualDefinition, groupOfHead } from '../../../spec/state-space-duality.ts';
import { chunkwiseLinearAttention } from '../../nn/linear-attention/chunkwise.ts';
import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import { normalisedLinearAttention as normalised } from '../../nn/linear-attention/normalised.ts';
import { parallelLinearAttention } from '../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../nn/linear-attention/recurrent.ts';
import { stateSpaceDuality as dual } from '../../nn/state-space-duality.ts';
import type { Case, Layout, Slot, Tensors } from '../case.ts';
import { chunkDraws, chunkSizeOf, lengths, small } from '../draw.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { joinedResults, partsOf } from './per-sequence.ts';
import { type ModeName, modeNames } from './shared/modes.ts';

/** Settings of linear attention: the chunk size of chunkwise mode. */
export type AttentionSettings = { readonly chunkSize: number };

/** A mode by its name. */
export const attentionIn = (name: ModeName, { chunkSize }: AttentionSettings): LinearAttention =>
  ({
    parallel: () => parallelLinearAttention,
    chunkwise: () => chunkwiseLinearAttention(chunkSize),
    recurrent: () => recurrentLinearAttention,
  })[name]();

/** A program for every mode. */
const modesOf = (
  run: (attention: LinearAttention, inputs: Named) => Named,
): Record<string, Program<AttentionSettings>> =>
  Object.fromEntries(
    modeNames.map((name) => [name, (inputs, settings) => run(attentionIn(name, settings), inputs)] as const),
  );

interface Axes {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly d: number;
  readonly e: number;
}

const layouts =
  (inputs: (axes: Axes) => Record<string, Slot>, outputs: (axes: Axes) => Record<string, readonly number[]>) =>
  (size: Size): fc.Arbitrary<Layout<AttentionSettings>> =>
    fc
      .record({ b: small(2), h: small(3), t: lengths(size), d: small(4), e: small(4), chunk: chunkDraws })
      .map(({ chunk, ...axes }) => ({
        inputs: inputs(axes),
        outputs: outputs(axes),
        settings: { chunkSize: chunkSizeOf(chunk, axes.t) },
      }));

/** Inputs of every linear attention; its weights positive where the outputs are divided by their sum. */
const slots = ({ b, h, t, d, e }: Axes, positive?: { readonly centre: number; readonly spread: number }) => ({
  q: { shape: [b, h, t, d], ...positive },
  k: { shape: [b, h, t, d], ...positive },
  v: { shape: [b, h, t, e] },
  state: { shape: [b, h, d, e] },
});

const results = ({ b, h, t, d, e }: Axes) => ({ output: [b, h, t, e], state: [b, h, d, e] });

/** A definition for one head, applied to every head of every sequence. */
function everyHead(
  { q, v, state }: Tensors,
  define: (b: number, h: number) => { readonly output: Matrix; readonly state: Matrix },
): Tensors {
  const counts = q!.shape.slice(0, 2);
  const shapes = { output: v!.shape, state: state!.shape };
  return joinedResults(counts, shapes, (b, h) => ({ ...define(b!, h!) }));
}

const time = {
  inputs: { q: 2, k: 2, v: 2, gate: 2 },
  outputs: { output: 2 },
  states: { state: 'state' },
  after: (settings: AttentionSettings) => settings,
};
const all = (axis: number): Record<string, number> =>
  Object.fromEntries(['q', 'k', 'v', 'gate', 'state', 'keySum', 'output'].map((name) => [name, axis]));

const shared = {
  ...plain,
  chapter: 'spec/gated-linear-attention.ts',
  evidence: ['T'],
  reference: 'recurrent',
  linearIn: ['v', 'state'],
  timeInvariant: true,
  exact: true,
  time,
  axes: { batch: all(0), head: all(1) },
} as const;

/** Linear attention without a gate. */
export const linearAttention: Operator<AttentionSettings> = {
  ...shared,
  name: 'linearAttention',
  layouts: layouts(slots, results),
  definition: (inputs) => {
    const part = partsOf(inputs);
    return everyHead(inputs, (b, h) => {
      const [q, k, v, s] = ['q', 'k', 'v', 'state'].map((name) => part<Matrix>(name, b, h)) as Matrix[];
      return spec.linearAttention(q!, k!, v!, s);
    });
  },
  modes: modesOf((attention, { q, k, v, state }) => ({ ...attention({ q: q!, k: k!, v: v! }, state!) })),
};

/** Gates of 0, which forget nothing. */
const openGates = (c: Case<AttentionSettings>): Case<AttentionSettings> => ({
  ...c,
  inputs: { ...c.inputs, gate: { ...c.inputs.gate!, data: c.inputs.gate!.data.map(() => 0) } },
});

/** Linear attention with a gate per token and head, resets among them. */
export const simpleGla: Operator<AttentionSettings> = {
  ...shared,
  name: 'simpleGla',
  layouts: layouts(
    ({ b, h, t, ...rest }) => ({ ...slots({ b, h, t, ...rest }), gate: { shape: [b, h, t], logDecay: true } }),
    results,
  ),
  definition: (inputs) => {
    const part = partsOf(inputs);
    return everyHead(inputs, (b, h) => {
      const [q, k, v, s] = ['q', 'k', 'v', 'state'].map((name) => part<Matrix>(name, b, h)) as Matrix[];
      return spec.gatedLinearAttention(q!, k!, v!, part<Vector>('gate', b, h), s);
    });
  },
  modes: modesOf((attention, { q, k, v, gate, state }) => ({ ...attention({ q: q!, k: k!, v: v!, gate }, state!) })),
  reductions: {
    'gates 0': {
      change: openGates,
      program: (mode) => linearAttention.modes[mode]!,
      ignores: (name) => name === 'gradient.gate',
    },
  },
};

/** Linear attention divided by the sum of its weights, from a state and a sum of keys. */
export const normalisedLinearAttention: Operator<AttentionSettings> = {
  ...shared,
  name: 'normalisedLinearAttention',
  // the sum of wide or sparse weights may vanish, and what is divided by it be anything
  values: ['normal'],
  layouts: layouts(
    (axes) => {
      const positive = { centre: 2, spread: 0.25 };
      return { ...slots(axes, positive), keySum: { shape: [axes.b, axes.h, axes.d], ...positive } };
    },
    (axes) => ({ ...results(axes), keySum: [axes.b, axes.h, axes.d] }),
  ),
  definition: (inputs) => {
    const part = partsOf(inputs);
    const shapes = { output: inputs.v!.shape, state: inputs.state!.shape, keySum: inputs.keySum!.shape };
    return joinedResults(inputs.q!.shape.slice(0, 2), shapes, (b, h) => {
      const [q, k, v, s] = ['q', 'k', 'v', 'state'].map((name) => part<Matrix>(name, b!, h!)) as Matrix[];
      return { ...spec.normalisedLinearAttention(q!, k!, v!, s, part<Vector>('keySum', b!, h!)) };
    });
  },
  modes: modesOf((attention, { q, k, v, state, keySum }) => {
    const result = normalised(attention)({ q: q!, k: k!, v: v! }, { state: state!, keySum: keySum! });
    return { output: result.output, ...result.state };
  }),
  // the sum of keys that is handed over is none of values
  linearIn: [],
  exact: false,
  time: { ...time, states: { state: 'state', keySum: 'keySum' } },
};

/** State space duality, groups of heads sharing B and C. */
export const stateSpaceDuality: Operator<AttentionSettings> = {
  ...plain,
  name: 'stateSpaceDuality',
  chapter: 'spec/state-space-duality.ts',
  evidence: ['T'],
  layouts: (size) =>
    fc
      .record({
        b: small(2),
        g: small(2),
        perGroup: small(3),
        t: lengths(size),
        e: small(4),
        n: small(4),
        chunk: chunkDraws,
      })
      .map(({ b, g, perGroup, t, e, n, chunk }) => {
        const h = g * perGroup;
        return {
          inputs: {
            x: { shape: [b, h, t, e] },
            gate: { shape: [b, h, t], logDecay: true },
            b: { shape: [b, g, t, n] },
            c: { shape: [b, g, t, n] },
            state: { shape: [b, h, e, n] },
          },
          outputs: { output: [b, h, t, e], state: [b, h, e, n] },
          settings: { chunkSize: chunkSizeOf(chunk, t) },
        };
      }),
  definition: (inputs) => {
    const part = partsOf(inputs);
    const { x, b: rows, state } = inputs;
    const [heads, groups] = [x!.shape[1]!, rows!.shape[1]!];
    return joinedResults(x!.shape.slice(0, 2), { output: x!.shape, state: state!.shape }, (b, h) => {
      const g = groupOfHead(h!, heads, groups);
      const [xs, s] = [part<Matrix>('x', b!, h!), part<Matrix>('state', b!, h!)];
      const [bs, cs] = [part<Matrix>('b', b!, g), part<Matrix>('c', b!, g)];
      return { ...dualDefinition(xs, part<Vector>('gate', b!, h!), bs, cs, s) };
    });
  },
  modes: modesOf((attention, { x, gate, b, c, state }) => ({
    ...dual(attention)({ x: x!, gate: gate!, b: b!, c: c! }, state!),
  })),
  reference: 'recurrent',
  linearIn: ['x', 'state'],
  timeInvariant: true,
  exact: true,
  time: {
    inputs: { x: 2, gate: 2, b: 2, c: 2 },
    outputs: { output: 2 },
    states: { state: 'state' },
    after: (settings) => settings,
  },
  axes: { batch: { x: 0, gate: 0, b: 0, c: 0, state: 0, output: 0 } },
};
