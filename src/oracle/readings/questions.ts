/** @file The operators that show what each open reading changes. */
import type { Case, Layout, Settings } from '../case.ts';
import type { Operator } from '../operator.ts';
import { attention, feedForward } from '../operators/attention.ts';
import { fusedKeys } from '../operators/dense-features.ts';
import { denseSsm } from '../operators/dense-ssm.ts';
import { denseRetNetOperator, retNetOperator } from '../operators/models.ts';
import { decayRetention, retention, torchscaleRetention } from '../operators/retention.ts';
import { transformerOperator } from '../operators/transformer.ts';
import type { Question } from './apart.ts';

/** Settings with one field changed, at whatever depth it stands. */
function changed(settings: Settings, field: string, value: unknown): Settings {
  const isRecord = (x: unknown): x is Settings => typeof x === 'object' && x !== null && !Array.isArray(x);
  return Object.fromEntries(
    Object.entries(settings).map(([name, x]) => {
      if (name === field) return [name, value];
      return [name, isRecord(x) ? changed(x, field, value) : x];
    }),
  );
}

/** A field of settings, at whatever depth it stands. */
function fieldOf(settings: Settings, field: string): unknown {
  for (const [name, x] of Object.entries(settings)) {
    if (name === field) return x;
    const inner = typeof x === 'object' && x !== null ? fieldOf(x as Settings, field) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A question of an operator whose settings name the reading. `field` is their word for it, the reading's own unless given. */
interface Asked {
  readonly name?: string;
  readonly reading: Question['reading'];
  readonly between: Question['between'];
  readonly operator: Operator;
  readonly mode: string;
  readonly field?: string;
  readonly looksAt?: Question['looksAt'];
  readonly fixed?: Question['fixed'];
  /** Which weights the first reading has no use for; cases are then drawn as the second has them. */
  readonly without?: RegExp;
  /** Fields of the settings that are to have a value. */
  readonly where?: Settings;
  readonly admits?: (settings: Settings, inputs: Layout['inputs']) => boolean;
}

function asked({ field, without, where = {}, admits = () => true, fixed = [], ...rest }: Asked): Question {
  const word = field ?? rest.reading;
  const [first, second] = rest.between;
  return {
    name: rest.reading,
    word,
    fixed,
    ...rest,
    admits: (settings, inputs) =>
      fieldOf(settings, word) === (without === undefined ? first : second) &&
      Object.entries(where).every(([name, value]) => name === word || fieldOf(settings, name) === value) &&
      admits(settings, inputs),
    under(c: Case, reading) {
      const isLess = without !== undefined && reading === first;
      const inputs = Object.entries(c.inputs).filter(([name]) => !(isLess && without.test(name)));
      return { ...c, inputs: Object.fromEntries(inputs), settings: changed(c.settings, word, reading) };
    },
  };
}

const norms: Readonly<Record<string, Operator>> = {
  none: retention as Operator,
  decay: decayRetention as Operator,
  torchscale: torchscaleRetention as Operator,
};

const normQuestion = (name: string, between: Question['between']): Question => ({
  name,
  reading: 'retentionNorm',
  word: 'retentionNorm',
  between,
  operator: retention as Operator,
  mode: 'parallel',
  // the parallel form of torchscale starts a sequence
  fixed: [{ inputs: /^state$/, to: 0 }],
  admits: () => true,
  under: (c) => c,
  program: (reading) => norms[reading]!.modes.parallel!,
});

const isState = (output: string): boolean => output.startsWith('state');

const sourcesIn = (inputs: Layout['inputs'], prefix: string): number =>
  Object.keys(inputs).filter((name) => name.startsWith(prefix)).length;

/** The readings of the equations. */
const plain = {
  pass: 'raw',
  projection: 'identity',
  gate: 'shared',
  gateActivation: 'silu',
  fusedNorm: 'none',
  firstLayer: 'plain',
  retentionNorm: 'none',
  rotationPhase: 'p',
};

const normsOfOne: NonNullable<Question['fixed']> = [{ inputs: /norm$/i, to: 1 }];

/** One feature of a layer, fused with those of others before it. */
const ofFusion = {
  operator: fusedKeys as Operator,
  mode: 'whole',
  fixed: normsOfOne,
  where: { projection: 'identity', gate: 'shared', gateActivation: 'silu', fusedNorm: 'none' },
  admits: (_: Settings, inputs: Layout['inputs']) => sourcesIn(inputs, 'source.') > 0,
};

/** A network from its first token on. */
const ofNetwork = { mode: 'recurrent', fixed: normsOfOne };

/** A question for each reading that can be told apart from the default, in the order of spec/readings.ts. */
export const questions: readonly Question[] = [
  asked({ reading: 'carry', between: ['raw', 'fused'], operator: denseSsm as Operator, mode: 'recurrent' }),
  asked({
    name: 'carry state',
    reading: 'carry',
    between: ['raw', 'fused'],
    operator: denseSsm as Operator,
    mode: 'recurrent',
    looksAt: isState,
  }),
  asked({
    ...ofNetwork,
    reading: 'pass',
    between: ['raw', 'fused'],
    operator: denseRetNetOperator as Operator,
    where: { ...plain, position: 0 },
  }),
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
    where: { ...plain, fusedNorm: 'rms', layers: 1, position: 0 },
  }),
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
