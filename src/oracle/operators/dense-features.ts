/** @file Dense keys and values, and retention over them, under every reading (Eqs. 21–25). */
import * as fc from 'fast-check';
import { sourceCount } from '../../../spec/10-dense-hidden.ts';
import { retention as recurrence } from '../../../spec/19-retention.ts';
import * as spec from '../../../spec/21-dense-keys-and-values.ts';
import { denseRetention as doubleSum } from '../../../spec/25-dense-retention.ts';
import type { Vector } from '../../../spec/notation.ts';
import { rmsNorm as rmsNormDefinition } from '../../../spec/rms-norm.ts';
import { collect, denseFusion, type FusionParams } from '../../nn/dense-fusion.ts';
import { headsLast, splitHeads } from '../../nn/multi-head-retention.ts';
import { rmsNorm } from '../../nn/norms.ts';
import { retentionIn } from '../../nn/retention/modes.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { treeOf } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import { batchable } from '../batchable.ts';
import { type Case, type Lists, type Settings, type Slot, type Tensor, type Tensors, toLists } from '../case.ts';
import { chunkDraws, chunkSizeOf, decays, lengths, small } from '../draw.ts';
import { stripped, under } from '../named.ts';
import { type Operator, plain, type Size } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { perHead } from './per-head.ts';
import { type ModeName, modeNames, modeOf } from './shared/modes.ts';
import { perToken, tokenModes } from './tokens.ts';
import { sequenceAxes } from './transition.ts';

/** The readings that concern one layer's keys and values. */
export type FusionReadings = {
  readonly projection: 'identity' | 'linear';
  readonly gate: 'shared' | 'perLayer';
  readonly gateActivation: 'silu' | 'none';
  readonly fusedNorm: 'rms' | 'none';
};

/** Settings of a fusion: m, and the readings. */
export type FusionSettings = {
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: FusionReadings;
};

/** Every combination of readings, drawn. */
export const fusionReadings: fc.Arbitrary<FusionReadings> = fc.record({
  projection: fc.constantFrom('identity', 'linear'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  fusedNorm: fc.constantFrom('rms', 'none'),
});

/** Slots of one fusion's weights under a prefix: `sources` of them, features of a width, inputs of another. */
function fusionSlots(
  prefix: string,
  { readings }: FusionSettings,
  { sources, width, input, rank }: { sources: number; width: number; input: number; rank: number },
): Record<string, Slot> {
  const gates = readings.gate === 'shared' ? Math.min(1, sources) : sources;
  const slots: Record<string, Slot> = {};
  for (let j = 0; j < gates; j++) {
    slots[`${prefix}gates.${j}.down`] = { shape: [rank, input] };
    slots[`${prefix}gates.${j}.up`] = { shape: [width, rank] };
  }
  if (readings.projection === 'linear') {
    for (let j = 0; j < sources; j++) slots[`${prefix}projections.${j}`] = { shape: [width, width], spread: 0.5 };
  }
  if (readings.fusedNorm === 'rms') slots[`${prefix}norm`] = { shape: [width], centre: 1, spread: 0.3 };
  return slots;
}

/** Weights as the engine takes them, and as the definitions do. */
const weightsOf = (inputs: Named, prefix: string): FusionParams => treeOf(stripped(inputs, prefix)) as FusionParams;
const listsOf = (inputs: Tensors, prefix: string): spec.FusionParameters => {
  const lists = Object.entries(stripped(inputs, prefix)).map(([name, x]): [string, Lists] => [name, toLists(x)]);
  return { gates: [], ...(treeOf(Object.fromEntries(lists)) as Partial<spec.FusionParameters>) };
};

/** The layers' features nearest first, m at the most; inputs hold them layer 0 first, as `source.0`, `source.1`, … */
const nearest = <T>(layers: readonly T[], { denseLayers }: FusionSettings): T[] =>
  layers.slice(Math.max(0, layers.length - denseLayers)).reverse();

const axes = (size: Size, least: number) =>
  fc.record({
    b: small(2),
    t: lengths(size),
    width: small(5),
    input: small(4),
    rank: small(3, 0),
    shallow: small(4, least),
    denseLayers: small(5, least),
    readings: fusionReadings,
  });

const sequences = ['own', 'x', 'source.0', 'source.1', 'source.2', 'source.3'];

/** The rule of the definition: Eqs. 23 to 25 as they stand, by addition; the other fusions are readings of whole networks. */
const byAddition = (settings: FusionSettings): spec.FusionRule => ({
  ...settings,
  readings: { ...settings.readings, fusion: 'add' },
});

/** The definition of Eq. 21 or 22. */
type CollectDefinition = typeof spec.denseKeys;

/** What the definition collects for one token, whose sources are `source.0`, `source.1`, … */
function collectByDefinition(
  define: CollectDefinition,
  token: Readonly<Record<string, Vector>>,
  weights: spec.FusionParameters,
  settings: FusionSettings,
): readonly Vector[] {
  const features = under(token, 'source.');
  const count = sourceCount(features.length, settings.denseLayers);
  const rule = byAddition(settings);
  const projections = spec.sourceProjections(weights, rule, count);
  return define(features, settings.denseLayers, projections, spec.sourceGates(token.x!, weights, rule, count));
}

/** Eqs. 21 and 22: what a layer collects from the layers before it, [b, t, width] from each. */
export const collected = (name: string, equation: number, define: CollectDefinition): Operator<FusionSettings> => ({
  ...plain,
  name,
  equations: [equation],
  reference: 'whole',
  layouts: (size) =>
    axes(size, 1).map(({ b, t, width, input, rank, shallow, denseLayers, readings }) => {
      const settings = { denseLayers, epsilon: 1e-6, readings: { ...readings, fusedNorm: 'none' as const } };
      const sources = Math.min(shallow, denseLayers);
      return {
        inputs: {
          x: { shape: [b, t, input] },
          ...Object.fromEntries(Array.from({ length: shallow }, (_, l) => [`source.${l}`, { shape: [b, t, width] }])),
          ...fusionSlots('param.', settings, { sources, width, input, rank }),
        },
        outputs: Object.fromEntries(Array.from({ length: sources }, (_, j) => [`dense.${j}`, [b, t, width]])),
        settings,
      };
    }),
  definition: (inputs, settings) => {
    const weights = listsOf(inputs, 'param.');
    return perToken(inputs, (token) => {
      const dense = collectByDefinition(define, token, weights, settings);
      return Object.fromEntries(dense.map((h, j) => [`dense.${j}`, h]));
    });
  },
  modes: tokenModes((inputs, settings) => {
    const dense = collect(nearest(under(inputs, 'source.'), settings), inputs.x!, weightsOf(inputs, 'param.'), {
      activation: settings.readings.gateActivation,
    });
    return Object.fromEntries(dense.map((h, j) => [`dense.${j}`, h]));
  }),
  ...sequenceAxes<FusionSettings>(sequences, ['dense.0', 'dense.1', 'dense.2', 'dense.3']),
});

/** Fused features of one layer, on the engine. */
function fusedOnEngine(inputs: Named, settings: FusionSettings, own: string, source: string, weights: string): Value {
  const sources = nearest(under(inputs, source), settings);
  const { readings, epsilon } = settings;
  return denseFusion(inputs[own]!, sources, inputs.x!, weightsOf(inputs, weights), {
    activation: readings.gateActivation,
    epsilon,
  });
}

/** Closed gates: every weight of the gates' last maps is 0, so g = 0 and nothing is let in. */
const closeGates = <S extends Settings>(c: Case<S>): Case<S> => ({
  ...c,
  inputs: Object.fromEntries(
    Object.entries(c.inputs).map(([name, x]) => [name, name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]),
  ),
});

/** m = 0: the weights of gates and projections are then not used, and get no gradient. */
const noDenseLayers = <S extends FusionSettings>(c: Case<S>): Case<S> => ({
  ...c,
  inputs: Object.fromEntries(Object.entries(c.inputs).filter(([name]) => !/gates|projections/.test(name))),
  settings: { ...c.settings, denseLayers: 0 },
});

/** Numbers that stay only where there is something to let in. */
const ofGates = (name: string): boolean => /gates|projections/.test(name);

/** What remains of a feature without dense connections: itself, normed where the reading says so. */
const alone = (own: Value, norm: Value | undefined, epsilon: number): Value =>
  norm === undefined ? own : rmsNorm(own, norm, epsilon);

const aloneModes = tokenModes<FusionSettings>((inputs, { epsilon }) => ({
  fused: alone(inputs.own!, inputs['param.norm'], epsilon),
}));

/** Eqs. 23 and 24: a layer's own feature with what it collected, normed where the reading says so. */
export const fusedFeature = (
  name: string,
  equation: number,
  collectFrom: CollectDefinition,
  fuse: (own: Vector, dense: readonly Vector[]) => Vector,
): Operator<FusionSettings> => ({
  ...plain,
  name,
  equations: [equation],
  reference: 'whole',
  layouts: (size) =>
    axes(size, 0).map(({ b, t, width, input, rank, shallow, denseLayers, readings }) => {
      const settings = { denseLayers, epsilon: 1e-6, readings };
      return {
        inputs: {
          own: { shape: [b, t, width] },
          x: { shape: [b, t, input] },
          ...Object.fromEntries(Array.from({ length: shallow }, (_, l) => [`source.${l}`, { shape: [b, t, width] }])),
          ...fusionSlots('param.', settings, { sources: Math.min(shallow, denseLayers), width, input, rank }),
        },
        outputs: { fused: [b, t, width] },
        settings,
      };
    }),
  definition: (inputs, settings) => {
    const weights = listsOf(inputs, 'param.');
    return perToken(inputs, (token) => {
      const fused = fuse(token.own!, collectByDefinition(collectFrom, token, weights, settings));
      return { fused: weights.norm === undefined ? fused : rmsNormDefinition(fused, weights.norm, settings.epsilon) };
    });
  },
  modes: tokenModes((inputs, settings) => ({ fused: fusedOnEngine(inputs, settings, 'own', 'source.', 'param.') })),
  reductions: Object.fromEntries(
    Object.entries({ 'm = 0': noDenseLayers, 'closed gates': closeGates }).map(([special, change]) => [
      special,
      {
        change,
        program: (mode: string) => aloneModes[mode]!,
        ignores: ofGates,
      },
    ]),
  ),
  ...sequenceAxes<FusionSettings>(sequences, ['fused']),
});

export const denseKeys = collected('denseKeys', 21, spec.denseKeys);
export const denseValues = collected('denseValues', 22, spec.denseValues);
export const fusedKeys = fusedFeature('fusedKeys', 23, spec.denseKeys, spec.fusedKeys);
export const fusedValues = fusedFeature('fusedValues', 24, spec.denseValues, spec.fusedValues);

/** Settings of dense retention. */
export type DenseRetentionSettings = FusionSettings & {
  readonly decay: readonly number[];
  readonly chunkSize: number;
};

const heads = (x: Tensor, count: number): Tensor => {
  const [b, t, width] = x.shape as readonly [number, number, number];
  const c = width / count;
  const data = x.data.map((_, i) => {
    const [at, within] = [Math.floor(i / (t * c)), i % (t * c)];
    const [sequence, head] = [Math.floor(at / count), at % count];
    return x.data[(sequence * t + Math.floor(within / c)) * width + head * c + (within % c)]!;
  });
  return { shape: [b, count, t, c], data };
};

/** Retention of keys and values [b, t, h·], heads side by side, in a mode. */
function retain(
  inputs: Named,
  k: Value,
  v: Value,
  { decay, chunkSize }: DenseRetentionSettings,
  name: ModeName,
): Named {
  const [q, ks, vs] = [inputs.q!, k, v].map((x) => splitHeads(x, decay.length)) as [Value, Value, Value];
  const result = retentionIn(modeOf(name, chunkSize))({ q, k: ks, v: vs, decay }, inputs.state!);
  return { output: reshape(headsLast(result.output), v.shape), state: result.state };
}

const denseProgram =
  (name: ModeName): Program<DenseRetentionSettings> =>
  (inputs, settings) => {
    const k = fusedOnEngine(inputs, settings, 'k', 'keys.', 'param.k.');
    const v = fusedOnEngine(inputs, settings, 'v', 'values.', 'param.v.');
    return retain(inputs, k, v, settings, name);
  };

const plainRetention =
  (mode: string): Program<DenseRetentionSettings> =>
  (inputs, settings) => {
    const k = alone(inputs.k!, inputs['param.k.norm'], settings.epsilon);
    const v = alone(inputs.v!, inputs['param.v.norm'], settings.epsilon);
    return retain(inputs, k, v, settings, mode as ModeName);
  };

const denseSequences = ['q', 'k', 'v', 'x', ...[0, 1, 2].flatMap((l) => [`keys.${l}`, `values.${l}`])];

const denseAxes = sequenceAxes<DenseRetentionSettings>(denseSequences, ['output']);

/** Eq. 25: retention over fused keys and values, from an initial state, heads side by side. */
export const denseRetention = batchable<DenseRetentionSettings>({
  ...plain,
  time: { ...denseAxes.time, states: { state: 'state' } },
  axes: { batch: { ...denseAxes.axes.batch, state: 0 } },
  name: 'denseRetention',
  equations: [25],
  timeInvariant: true,
  reference: 'recurrent',
  layouts: (size) =>
    fc
      .record({
        b: small(2),
        h: small(2),
        t: lengths(size),
        d: small(3),
        e: small(3),
        input: small(3),
        rank: small(2, 0),
        shallow: small(3, 0),
        denseLayers: small(3, 0),
        readings: fusionReadings,
        decays: decays(2, size),
        chunk: chunkDraws,
      })
      .map(({ b, h, t, d, e, input, rank, shallow, chunk, ...drawn }) => {
        const { denseLayers, readings } = drawn;
        const [decay, chunkSize] = [drawn.decays.slice(0, h), chunkSizeOf(chunk, t)];
        const settings = { denseLayers, epsilon: 1e-6, readings, decay, chunkSize };
        const sources = Math.min(shallow, denseLayers);
        const layers = (name: string, width: number): [string, Slot][] =>
          Array.from({ length: shallow }, (_, l) => [`${name}.${l}`, { shape: [b, t, width] }]);
        return {
          inputs: {
            q: { shape: [b, t, h * d] },
            k: { shape: [b, t, h * d] },
            v: { shape: [b, t, h * e] },
            x: { shape: [b, t, input] },
            state: { shape: [b, h, d, e] },
            ...Object.fromEntries([...layers('keys', h * d), ...layers('values', h * e)]),
            ...fusionSlots('param.k.', settings, { sources, width: h * d, input, rank }),
            ...fusionSlots('param.v.', settings, { sources, width: h * e, input, rank }),
          },
          outputs: { output: [b, t, h * e], state: [b, h, d, e] },
          settings,
        };
      }),
  definition(inputs, settings) {
    const { decay } = settings;
    const features = Object.fromEntries(Object.entries(inputs).filter(([name]) => denseSequences.includes(name)));
    const [keys, values] = ['param.k.', 'param.v.'].map((prefix) => listsOf(inputs, prefix)) as [
      spec.FusionParameters,
      spec.FusionParameters,
    ];
    const fused = perToken(features, (token) => ({
      k: spec.denseFeature(token.k!, under(token, 'keys.'), token.x!, keys, byAddition(settings)),
      v: spec.denseFeature(token.v!, under(token, 'values.'), token.x!, values, byAddition(settings)),
    }));
    const split = (x: Tensor): Tensor => heads(x, decay.length);
    const perHeads = { q: split(inputs.q!), k: split(fused.k!), v: split(fused.v!), state: inputs.state! };
    const result = perHead(perHeads, decay, ({ q, k, v, gamma, state }) => ({
      output: doubleSum(q, k, v, gamma, state),
      state: recurrence(q, k, v, gamma, state).state,
    }));
    return { output: merge(result.output!), state: result.state! };
  },
  modes: Object.fromEntries(modeNames.map((name) => [name, denseProgram(name)])),
  reductions: Object.fromEntries(
    Object.entries({ 'm = 0': noDenseLayers, 'closed gates': closeGates }).map(([special, change]) => [
      special,
      { change, program: plainRetention, ignores: ofGates },
    ]),
  ),
});

/** [b, h, t, e] as [b, t, h·e]. */
function merge(x: Tensor): Tensor {
  const [b, h, t, e] = x.shape as readonly [number, number, number, number];
  const data = x.data.map((_, i) => {
    const [row, column] = [Math.floor(i / (h * e)), i % (h * e)];
    const [sequence, time] = [Math.floor(row / t), row % t];
    return x.data[((sequence * h + Math.floor(column / e)) * t + time) * e + (column % e)]!;
  });
  return { shape: [b, t, h * e], data };
}
