/** @file Lists, for each open reading, the operators that show its effect. */
import type { Case, Layout, Settings, Tensor } from '../case.ts';
import type { Operator } from '../operator.ts';
import { attention } from '../operators/attention/operator.ts';
import { decayRetention } from '../operators/decay-retention/operator.ts';
import { denseMambaOperator } from '../operators/dense-mamba/operator.ts';
import { denseRetNetOperator } from '../operators/dense-retnet/operator.ts';
import { denseSsm } from '../operators/dense-ssm/operator.ts';
import { denseSsmStackOperator } from '../operators/dense-ssm-stack/operator.ts';
import { feedForward } from '../operators/feed-forward/operator.ts';
import { fusedKeys } from '../operators/fused-keys/operator.ts';
import { retention } from '../operators/retention/operator.ts';
import { retNetOperator } from '../operators/retnet/operator.ts';
import { torchscaleRetention } from '../operators/torchscale-retention/operator.ts';
import { transformerOperator } from '../operators/transformer/operator.ts';
import type { ReadingQuestion } from './apart.ts';

/** Changes one field of settings, at any depth. */
function changed(settings: Settings, field: string, value: unknown): Settings {
  const isRecord = (x: unknown): x is Settings => typeof x === 'object' && x !== null && !Array.isArray(x);
  return Object.fromEntries(
    Object.entries(settings).map(([name, x]) => {
      if (name === field) return [name, value];
      return [name, isRecord(x) ? changed(x, field, value) : x];
    }),
  );
}

/** Finds a field of settings, at any depth. */
function fieldOf(settings: Settings, field: string): unknown {
  for (const [name, x] of Object.entries(settings)) {
    if (name === field) return x;
    const inner = typeof x === 'object' && x !== null ? fieldOf(x as Settings, field) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A question about an operator whose settings select the reading, in the setting `field`; by default the reading's own name. */
interface Asked {
  readonly name?: string;
  readonly reading: ReadingQuestion['reading'];
  readonly between: ReadingQuestion['between'];
  readonly operator: Operator;
  readonly mode: string;
  readonly field?: string;
  readonly looksAt?: ReadingQuestion['looksAt'];
  readonly symbols?: NonNullable<ReadingQuestion['symbols']>;
  readonly fixed?: ReadingQuestion['fixed'];
  /** The weights that only the second reading uses. Cases are drawn with them, and `under` removes them for the first reading. */
  readonly without?: RegExp;
  /** Required values of settings. */
  readonly where?: Settings;
  readonly admits?: (settings: Settings, inputs: Layout['inputs']) => boolean;
  /** Converts a weight of the second reading to a weight of the first. */
  readonly instead?: (x: Tensor, name: string, settings: Settings) => Tensor;
}

function asked({
  field,
  without,
  instead,
  where = {},
  admits = () => true,
  fixed = [],
  ...rest
}: Asked): ReadingQuestion {
  const word = field ?? rest.reading;
  const [first, second] = rest.between;
  return {
    name: rest.reading,
    word,
    fixed,
    ...rest,
    admits: (settings, inputs) =>
      fieldOf(settings, word) === (without === undefined && instead === undefined ? first : second) &&
      Object.entries(where).every(([name, value]) => name === word || fieldOf(settings, name) === value) &&
      admits(settings, inputs),
    under(c: Case, reading) {
      const settings = changed(c.settings, word, reading);
      if (reading !== first) return { ...c, settings };
      const kept = Object.entries(c.inputs).filter(([name]) => !without?.test(name));
      const inputs = kept.map(([name, x]) => [name, instead?.(x, name, c.settings) ?? x]);
      return { ...c, inputs: Object.fromEntries(inputs), settings };
    },
  };
}

const norms: Readonly<Record<string, Operator>> = {
  none: retention as Operator,
  decay: decayRetention as Operator,
  torchscale: torchscaleRetention as Operator,
};

const normQuestion = (name: string, between: ReadingQuestion['between']): ReadingQuestion => ({
  name,
  reading: 'retentionNorm',
  word: 'retentionNorm',
  between,
  operator: retention as Operator,
  mode: 'parallel',
  symbols: { inputs: { decay: 'γ', state: 'S_0' }, outputs: { output: 'y', state: 'S_T' } },
  // the parallel form of torchscale cannot continue from a state
  fixed: [{ inputs: /^state$/, to: 0 }],
  admits: () => true,
  under: (c) => c,
  program: (reading) => norms[reading]!.modes.parallel!,
});

const isState = (output: string): boolean => output.startsWith('state');

const sourcesIn = (inputs: Layout['inputs'], prefix: string): number =>
  Object.keys(inputs).filter((name) => name.startsWith(prefix)).length;

const normsOfOne: NonNullable<ReadingQuestion['fixed']> = [{ inputs: /norm$/i, to: 1 }];

/** Common fields of questions about the fusion of one layer's keys. */
const ofFusion = {
  operator: fusedKeys as Operator,
  mode: 'whole',
  fixed: normsOfOne,
  where: { projection: 'identity', gate: 'shared', gateActivation: 'silu', fusedNorm: 'none' },
  symbols: {
    inputs: {
      own: 'k^l',
      'source.0': 'k^{l-1}',
      'source.1': 'k^{l-2}',
      'gates.0.down': 'W_down',
      'gates.0.up': 'W_up',
      'projections.0': 'Proj',
    },
    outputs: { fused: "k'" },
  },
  admits: (_: Settings, inputs: Layout['inputs']) => sourcesIn(inputs, 'source.') > 0,
};

/** Common fields of questions about whole networks. */
const ofNetwork = { mode: 'recurrent', fixed: normsOfOne };

/** Common fields of questions about the stack of state space models. */
const ofStack = { operator: denseSsmStackOperator as Operator, mode: 'recurrent', fixed: normsOfOne };

/** Whether the width equals the state size. Weights then have the same shapes under both readings. */
const isSquare = (settings: Settings): boolean => fieldOf(settings, 'width') === fieldOf(settings, 'stateSize');

/** Reduces a gate over all entries of the state, [e·n, r], to the rows of each channel's first state, [e, r]. */
function channelRows(x: Tensor, name: string, settings: Settings): Tensor {
  if (!/gates\.\d+\.up$/.test(name)) return x;
  const [e, n] = [fieldOf(settings, 'width') as number, fieldOf(settings, 'stateSize') as number];
  const r = x.shape[1]!;
  return { shape: [e, r], data: x.data.filter((_, i) => Math.floor(i / r) % n === 0) };
}

/** The questions. Each reading that differs from its default on some operator has at least one. */
export const questions: readonly ReadingQuestion[] = [
  asked({
    reading: 'carry',
    between: ['raw', 'fused'],
    operator: denseSsm as Operator,
    mode: 'recurrent',
    // κ is the state carried to the next token
    symbols: {
      inputs: { a: 'Ā', b: 'B̄', c: 'C', state: 'κ_0', 'selected.0': 'Φ' },
      outputs: { output: 'y', state: 'κ_T' },
    },
  }),
  asked({ ...ofStack, reading: 'pass', between: ['raw', 'fused'] }),
  asked({ ...ofFusion, reading: 'projection', between: ['identity', 'linear'], without: /projections/ }),
  asked({ ...ofFusion, reading: 'gate', between: ['shared', 'perLayer'], without: /gates\.[1-9]/ }),
  asked({ ...ofFusion, reading: 'gateActivation', between: ['silu', 'none'] }),
  asked({ ...ofFusion, reading: 'fusedNorm', between: ['none', 'rms'], without: /norm$/, admits: () => true }),
  asked({
    ...ofNetwork,
    reading: 'firstLayer',
    between: ['plain', 'normed'],
    operator: denseRetNetOperator as Operator,
    without: /layers\.0\..*Fusion/,
    where: { fusedNorm: 'rms', layers: 1, position: 0 },
  }),
  asked({
    ...ofStack,
    name: 'fusion concat',
    reading: 'fusion',
    between: ['add', 'concat'],
    without: /\.merge$/,
  }),
  asked({
    ...ofStack,
    name: 'fusion attention',
    reading: 'fusion',
    between: ['add', 'attention'],
    without: /fusion\.(query|key)$/,
  }),
  asked({
    ...ofStack,
    reading: 'projectionWidth',
    between: ['state', 'channel'],
    where: { projection: 'linear' },
    admits: isSquare,
  }),
  asked({
    ...ofNetwork,
    reading: 'gateInput',
    between: ['normed', 'u'],
    operator: denseMambaOperator as Operator,
    where: { position: 0 },
    admits: (settings) => fieldOf(settings, 'width') === fieldOf(settings, 'innerWidth'),
  }),
  asked({
    ...ofStack,
    name: 'gateWidth state',
    reading: 'gateWidth',
    between: ['channel', 'state'],
    admits: isSquare,
  }),
  asked({
    ...ofStack,
    name: 'gateWidth full',
    reading: 'gateWidth',
    between: ['channel', 'full'],
    instead: channelRows,
  }),
  asked({ ...ofStack, reading: 'stateNorm', between: ['none', 'rms'], without: /fusion\.norm$/ }),
  normQuestion('retentionNorm decay', ['none', 'decay']),
  normQuestion('retentionNorm torchscale', ['decay', 'torchscale']),
  asked({
    ...ofNetwork,
    reading: 'rotationPhase',
    between: ['p', 'p-1'],
    operator: retNetOperator as Operator,
    where: { retentionNorm: 'none', position: 0, layers: 1 },
    looksAt: isState,
  }),
  asked({
    reading: 'scoreScaling',
    between: ['none', 'rootKeyWidth'],
    operator: attention as Operator,
    mode: 'recurrent',
  }),
  asked({
    reading: 'ffnActivation',
    between: ['silu', 'gelu'],
    operator: feedForward as Operator,
    mode: 'whole',
    field: 'activation',
  }),
  asked({
    ...ofNetwork,
    reading: 'rotaryPairs',
    between: ['halves', 'neighbours'],
    operator: transformerOperator as Operator,
    where: { position: 0, layers: 1, tiedHead: true, scoreScaling: 'none', rotaryBase: 10000 },
  }),
];
