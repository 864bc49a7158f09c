/** @file Whole language models as operators: their parameters are inputs, so every one of them gets a gradient. */
import * as fc from 'fast-check';
import { retention as recurrence } from '../../../spec/19-retention.ts';
import { denseRetNet as denseRetNetDefinition } from '../../../spec/dense-retnet.ts';
import {
  decayNormalised,
  type Retain,
  retainBy,
  torchscaleChunkDivisors,
  torchscaleChunkwise,
  torchscaleDivisors,
  torchscaleParallel,
} from '../../../spec/normalised-retention.ts';
import type { Matrix, Vector } from '../../../spec/notation.ts';
import { retNet as retNetDefinition } from '../../../spec/retnet.ts';
import { rotate } from '../../../spec/rotary.ts';
import { denseRetNet } from '../../models/dense-retnet.ts';
import type { DenseRetNetConfig, DenseRetNetReadings } from '../../models/dense-retnet-config.ts';
import type { LanguageModel, ModelState } from '../../models/language-model.ts';
import { type RetNetConfig, retNet } from '../../models/retnet.ts';
import type { RotationPhase } from '../../nn/multi-head-retention.ts';
import type { RetentionNorm } from '../../nn/retention/normalised.ts';
import { type Tree, treeOf } from '../../tensor/tree.ts';
import {
  type Case,
  fromLists,
  type Layout,
  type Lists,
  type Slot,
  type Tensor,
  type Tensors,
  toLists,
} from '../case.ts';
import type { Operator, Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { chunkSizes, lengths, small } from './draw.ts';
import { type ModeName, modeNames, modeOf } from './retention.ts';
import { stripped, under } from './tokens.ts';

/** Settings of a model: its configuration, the chunk size, and how many tokens came before. */
export type ModelSettings<C> = { readonly config: C; readonly chunkSize: number; readonly position: number };

interface AnyConfig {
  readonly vocabulary: number;
  readonly heads: number;
  readonly layers: number;
  readonly width: number;
}

const norms: fc.Arbitrary<RetentionNorm> = fc.constantFrom('none', 'decay', 'torchscale');
const phases = fc.constantFrom('p', 'p-1');

/** Every combination of readings of DenseRetNet, drawn. */
export const denseRetNetReadings: fc.Arbitrary<DenseRetNetReadings> = fc.record({
  pass: fc.constantFrom('raw', 'fused'),
  projection: fc.constantFrom('identity', 'linear'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  fusedNorm: fc.constantFrom('rms', 'none'),
  firstLayer: fc.constantFrom('plain', 'normed'),
  retentionNorm: norms,
  rotationPhase: phases,
});

const denseRetNetConfigs: fc.Arbitrary<DenseRetNetConfig> = fc
  .record({
    vocabulary: small(7, 2),
    // norms of a single channel leave nothing but a sign, and gradients that cancel to ε
    width: small(6, 3),
    heads: small(2),
    pairs: small(2),
    e: small(4, 2),
    layers: small(4),
    denseLayers: small(3, 0),
    gateRank: small(2, 0),
    readings: denseRetNetReadings,
  })
  .map(({ pairs, e, ...sizes }) => ({
    ...sizes,
    keyWidth: 2 * pairs * sizes.heads,
    valueWidth: e * sizes.heads,
    epsilon: 1e-6,
    padToken: null,
  }));

const retNetConfigs: fc.Arbitrary<RetNetConfig> = fc
  .record({
    vocabulary: small(7, 2),
    heads: small(2),
    pairs: small(2),
    e: small(4, 2),
    ffnWidth: small(4),
    layers: small(2),
    embeddingScale: fc.constantFrom(1, 2),
    residualScale: fc.constantFrom(1, 1.5),
    retentionNorm: norms,
    rotationPhase: phases,
  })
  .map(({ pairs, e, ...sizes }) => ({
    ...sizes,
    width: 2 * pairs * sizes.heads,
    valueWidth: e * sizes.heads,
    epsilon: 1e-6,
  }));

/** A weight's slot: norms around 1, maps scaled so that activations stay of order 1. */
const weightSlot = (path: string, shape: readonly number[]): Slot => {
  const isNorm = path.toLowerCase().endsWith('norm');
  return isNorm ? { shape, centre: 1, spread: 0.3 } : { shape, spread: 1 / Math.sqrt(Math.max(1, shape.at(-1)!)) };
};

function layouts<C extends AnyConfig, P extends Tree>(
  model: LanguageModel<C, P>,
  configs: fc.Arbitrary<C>,
  stateShape: (config: C, b: number) => readonly number[],
  size: Size,
): fc.Arbitrary<Layout<ModelSettings<C>>> {
  return fc
    .record({ b: small(2), t: lengths(size), config: configs, position: fc.constantFrom(0, 0, 0, 1, 3) })
    .chain((drawn) => fc.tuple(fc.constant(drawn), chunkSizes(drawn.t)))
    .map(([{ b, t, config, position }, chunkSize]) => {
      const shapes = Object.entries(model.shapes(config));
      const states = Array.from({ length: config.layers }, (_, l) => [`state.${l}`, stateShape(config, b)] as const);
      const initial: [string, Slot][] = position === 0 ? [] : states.map(([name, shape]) => [name, { shape }]);
      return {
        inputs: {
          tokens: { shape: [b, t], below: config.vocabulary },
          ...Object.fromEntries(shapes.map(([path, shape]) => [`param.${path}`, weightSlot(path, shape)])),
          ...Object.fromEntries(initial),
        },
        outputs: { logits: [b, t, config.vocabulary], ...Object.fromEntries(states) },
        settings: { config, chunkSize, position },
      };
    });
}

const program =
  <C, P extends Tree>(model: LanguageModel<C, P>, name: ModeName): Program<ModelSettings<C>> =>
  (inputs, { config, chunkSize, position }) => {
    const params = treeOf(stripped(inputs, 'param.')) as P;
    const tokens = inputs.tokens!;
    const given = under(inputs, 'state.');
    const empty = model.start(params, config, tokens.shape[0]!);
    const state: ModelState = { position, layers: given.length > 0 ? given : empty.layers };
    const result = model.forward(params, config, tokens, state, modeOf(name, chunkSize));
    return { logits: result.logits, ...Object.fromEntries(result.state.layers.map((s, l) => [`state.${l}`, s])) };
  };

/** A scalar retention whose rows may be divided by given divisors, and its own divisors unless it divides by nothing. */
interface Division {
  readonly retain: (q: Matrix, k: Matrix, v: Matrix, gamma: number, divisors?: Vector) => Matrix;
  readonly divisors?: (q: Matrix, k: Matrix, v: Matrix, gamma: number) => Vector;
}

/** The scalar retention that a normalisation means in a mode. */
function retainIn(norm: RetentionNorm, mode: string, chunkSize: number): Division {
  if (norm === 'none') return { retain: (q, k, v, gamma) => retainBy.none(q, k, v, gamma) };
  if (norm === 'torchscale' && mode === 'parallel') {
    return { retain: torchscaleParallel, divisors: (q, k, _v, gamma) => torchscaleDivisors(q, k, gamma) };
  }
  if (norm === 'torchscale' && mode === 'chunkwise') {
    const chunkwise = torchscaleChunkwise(chunkSize);
    return {
      retain: (q, k, v, gamma, constants) => chunkwise(q, k, v, gamma, undefined, constants),
      divisors: torchscaleChunkDivisors(chunkSize),
    };
  }
  return { retain: (q, k, v, gamma) => decayNormalised(q, k, v, gamma) };
}

interface Normed {
  readonly retentionNorm: RetentionNorm;
  readonly rotationPhase: RotationPhase;
}

type Network<C> = (params: unknown, config: C, tokens: readonly number[], retain: Retain) => Matrix;

function define<C extends AnyConfig & (Normed | { readonly readings: Normed })>(
  network: Network<C>,
  inputs: Tensors,
  { config, chunkSize }: ModelSettings<C>,
  mode: string,
  frozen: Tensors = inputs,
): Tensors {
  const { retentionNorm, rotationPhase } = 'readings' in config ? config.readings : config;
  const { retain, divisors } = retainIn(retentionNorm, mode, chunkSize);
  const sequences = toLists(inputs.tokens!) as readonly (readonly number[])[];
  const run = (at: Tensors, tokens: readonly number[], retained: Retain): Matrix => {
    const weights = Object.entries(stripped(at, 'param.')).map(([path, x]): [string, Lists] => [path, toLists(x)]);
    return network(treeOf(Object.fromEntries(weights)), config, tokens, retained);
  };
  // the networks call their retention layer by layer, and in a layer head by head: so come divisors and states
  const states: Matrix[][] = [];
  const rows = sequences.map((tokens, b) => {
    const constants: Vector[] = [];
    if (divisors !== undefined) {
      run(frozen, tokens, (q, k, v, gamma) => {
        const own = divisors(q, k, v, gamma);
        constants.push(own);
        return retain(q, k, v, gamma, own);
      });
    }
    const ofSequence: Matrix[] = [];
    states[b] = ofSequence;
    return run(inputs, tokens, (q, k, v, gamma) => {
      const stored = rotationPhase === 'p' ? k : k.map((row) => rotate(row, -1));
      const call = ofSequence.push(recurrence(q, stored, v, gamma).state) - 1;
      return retain(q, k, v, gamma, constants[call]);
    });
  });
  return { logits: fromLists(rows, [...inputs.tokens!.shape, config.vocabulary]), ...statesOf(states, config) };
}

/** The states of layers and heads as they came, sequence by sequence, as `state.0`, `state.1`, … [b, h, d, e]. */
function statesOf(states: readonly (readonly Matrix[])[], { layers, heads }: AnyConfig): Tensors {
  const ofLayer = (l: number): Tensor => {
    const lists = states.map((ofSequence) => ofSequence.slice(l * heads, (l + 1) * heads));
    const [first] = lists[0]!;
    return fromLists(lists, [lists.length, heads, first!.length, first![0]!.length]);
  };
  return Object.fromEntries(Array.from({ length: layers }, (_, l) => [`state.${l}`, ofLayer(l)]));
}

const modelOperator = <C extends AnyConfig, P extends Tree>(
  model: LanguageModel<C, P>,
  normOf: (config: C) => RetentionNorm,
  rest: Pick<Operator<ModelSettings<C>>, 'name' | 'chapter' | 'evidence' | 'layouts' | 'definition' | 'reductions'>,
): Operator<ModelSettings<C>> => {
  const states = Array.from({ length: 4 }, (_, l) => `state.${l}`);
  return {
    ...rest,
    // the norms between layers blow up what wide or sparse numbers lose, until bounds say nothing
    values: ['normal'],
    modes: Object.fromEntries(modeNames.map((name) => [name, program(model, name)])),
    reference: 'recurrent',
    modesAgree: ({ config }) => normOf(config) !== 'torchscale',
    admits: ({ config, position }, mode) => position === 0 || mode !== 'parallel' || normOf(config) !== 'torchscale',
    // the networks are defined from the first token on
    defines: ({ position }) => position === 0,
    splits: ({ config, chunkSize }, mode, s) =>
      normOf(config) !== 'torchscale' || mode !== 'chunkwise' || s % chunkSize === 0,
    time: {
      inputs: { tokens: 1 },
      outputs: { logits: 1 },
      states: Object.fromEntries(states.map((name) => [name, name])),
      after: (settings, tokens) => ({ ...settings, position: settings.position + tokens }),
    },
    axes: { batch: { tokens: 0, logits: 0, ...Object.fromEntries(states.map((name) => [name, 0])) } },
  };
};

/** Plain RetNet (torchscale) with every named normalisation. */
export const retNetOperator = modelOperator(retNet, (config) => config.retentionNorm, {
  name: 'retNet',
  chapter: 'spec/retnet.ts',
  evidence: ['C'],
  layouts: (size) =>
    layouts(
      retNet,
      retNetConfigs,
      ({ heads, width, valueWidth }, b) => [b, heads, width / heads, valueWidth / heads],
      size,
    ),
  definition: (inputs, settings, mode, frozen) =>
    define(retNetDefinition as Network<RetNetConfig>, inputs, settings, mode, frozen),
});

type DenseCase = Case<ModelSettings<DenseRetNetConfig>>;

/** The same settings with un-normed features: a norm stays where nothing is fused. */
const unnormed = (c: DenseCase): DenseCase['settings'] => {
  const { config } = c.settings;
  return { ...c.settings, config: { ...config, readings: { ...config.readings, fusedNorm: 'none' } } };
};

const withoutFusion = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.includes('Fusion')));

/** The stack of blocks without any dense connection: no fusion weights, m = 0. */
const plainBlocks = (mode: string): Program<ModelSettings<DenseRetNetConfig>> => {
  const run = program(denseRetNet, mode as ModeName);
  return (inputs, settings) =>
    run(withoutFusion(inputs), { ...settings, config: { ...settings.config, denseLayers: 0 } });
};

/** Gates whose last maps are 0 are no dense connections, m = 0. */
const reductions: Operator<ModelSettings<DenseRetNetConfig>>['reductions'] = {
  'closed gates': {
    change: (c) => ({
      ...c,
      inputs: Object.fromEntries(
        Object.entries(c.inputs)
          .filter(([name]) => !name.includes('Fusion.norm'))
          .map(([name, x]) => [name, name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]),
      ),
      settings: unnormed(c),
    }),
    program: plainBlocks,
    ignores: (name) => name.includes('Fusion'),
  },
};

/** DenseRetNet under every reading that concerns keys and values. */
export const denseRetNetOperator = modelOperator(denseRetNet, (config) => config.readings.retentionNorm, {
  name: 'denseRetNet',
  chapter: 'spec/dense-retnet.ts',
  evidence: ['C'],
  reductions,
  layouts: (size) =>
    layouts(
      denseRetNet,
      denseRetNetConfigs,
      ({ heads, keyWidth, valueWidth }, b) => [b, heads, keyWidth / heads, valueWidth / heads],
      size,
    ),
  definition: (inputs, settings, mode, frozen) =>
    define(denseRetNetDefinition as Network<DenseRetNetConfig>, inputs, settings, mode, frozen),
});
