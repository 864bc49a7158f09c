/** @file RetNet and DenseRetNet as operators, under every reading. */
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
import { type RetNetConfig, retNet } from '../../models/retnet.ts';
import type { RotationPhase } from '../../nn/multi-head-retention.ts';
import type { RetentionNorm } from '../../nn/retention/normalised.ts';
import { treeOf } from '../../tensor/tree.ts';
import { type Case, fromLists, type Lists, type Tensor, type Tensors, toLists } from '../case.ts';
import { small } from '../draw.ts';
import { stripped } from '../named.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { type AnyConfig, type ModelSettings, modelOperator, modelProgram } from './language-models.ts';
import type { ModeName } from './shared/modes.ts';

interface RotatedConfig extends AnyConfig {
  readonly heads: number;
}

const norms: fc.Arbitrary<RetentionNorm> = fc.constantFrom('none', 'decay', 'torchscale');
const phases = fc.constantFrom('p', 'p-1');

/** Every combination of readings of DenseRetNet, drawn. */
export const denseRetNetReadings: fc.Arbitrary<DenseRetNetReadings> = fc.record({
  pass: fc.constantFrom('raw', 'fused'),
  projection: fc.constantFrom('identity', 'linear'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  fusion: fc.constantFrom('add', 'concat', 'attention'),
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

function define<C extends RotatedConfig & (Normed | { readonly readings: Normed })>(
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
function statesOf(states: readonly (readonly Matrix[])[], { layers, heads }: RotatedConfig): Tensors {
  const ofLayer = (l: number): Tensor => {
    const lists = states.map((ofSequence) => ofSequence.slice(l * heads, (l + 1) * heads));
    const [first] = lists[0]!;
    return fromLists(lists, [lists.length, heads, first!.length, first![0]!.length]);
  };
  return Object.fromEntries(Array.from({ length: layers }, (_, l) => [`state.${l}`, ofLayer(l)]));
}

/** What both have as operators: modes that may be different functions, and a definition from the first token on. */
const retentive = <C>(
  normOf: (config: C) => RetentionNorm,
): Pick<Operator<ModelSettings<C>>, 'modesAgree' | 'admits' | 'defines' | 'splits'> => ({
  modesAgree: ({ config }) => normOf(config) !== 'torchscale',
  admits: ({ config, position }, mode) => position === 0 || mode !== 'parallel' || normOf(config) !== 'torchscale',
  defines: ({ position }) => position === 0,
  splits: ({ config, chunkSize }, mode, s) =>
    normOf(config) !== 'torchscale' || mode !== 'chunkwise' || s % chunkSize === 0,
});

/** Plain RetNet (torchscale) with every named normalisation. */
export const retNetOperator = modelOperator(
  retNet,
  retNetConfigs,
  ({ heads, width, valueWidth }, b) => ({ '': [b, heads, width / heads, valueWidth / heads] }),
  { places: [''] },
  {
    ...retentive(({ retentionNorm }) => retentionNorm),
    name: 'retNet',
    chapter: 'spec/retnet.ts',
    definition: (inputs, settings, mode, frozen) =>
      define(retNetDefinition as Network<RetNetConfig>, inputs, settings, mode, frozen),
  },
);

type DenseCase = Case<ModelSettings<DenseRetNetConfig>>;

/** The same settings with a fusion that leaves what nothing is let into: by addition or attention, and un-normed. */
const leavingOwn = (c: DenseCase): DenseCase['settings'] => {
  const { config } = c.settings;
  const fusion = config.readings.fusion === 'concat' ? 'add' : config.readings.fusion;
  return { ...c.settings, config: { ...config, readings: { ...config.readings, fusedNorm: 'none', fusion } } };
};

const withoutFusion = (inputs: Named): Named =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.includes('Fusion')));

/** The stack of blocks without any dense connection: no fusion weights, m = 0. */
const plainBlocks = (mode: string): Program<ModelSettings<DenseRetNetConfig>> => {
  const run = modelProgram(denseRetNet, mode as ModeName);
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
          .filter(([name]) => !/Fusion\.(norm|merge)$/.test(name))
          .map(([name, x]) => [name, name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]),
      ),
      settings: leavingOwn(c),
    }),
    program: plainBlocks,
    ignores: (name) => name.includes('Fusion'),
  },
};

/** DenseRetNet under every reading that concerns keys and values. */
export const denseRetNetOperator = modelOperator(
  denseRetNet,
  denseRetNetConfigs,
  ({ heads, keyWidth, valueWidth }, b) => ({ '': [b, heads, keyWidth / heads, valueWidth / heads] }),
  { places: [''] },
  {
    ...retentive(({ readings }) => readings.retentionNorm),
    name: 'denseRetNet',
    chapter: 'spec/dense-retnet.ts',
    reductions,
    definition: (inputs, settings, mode, frozen) =>
      define(denseRetNetDefinition as Network<DenseRetNetConfig>, inputs, settings, mode, frozen),
  },
);
