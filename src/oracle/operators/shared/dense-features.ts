/** @file Declares the operators of dense features: collection and fusion (Eqs. 10, 11, 21–24), under every reading. */
import * as fc from 'fast-check';
import { sourceCount } from '../../../../spec/10-dense-hidden.ts';
import {
  type denseKeys,
  type FusionParameters,
  type FusionRule,
  sourceGates,
  sourceProjections,
} from '../../../../spec/21-dense-keys-and-values.ts';
import type { Matrix, Vector } from '../../../../spec/notation.ts';
import { rmsNorm as rmsNormDefinition } from '../../../../spec/rms-norm.ts';
import { collect, denseFusion, type FusionParams } from '../../../nn/dense-fusion.ts';
import { rmsNorm } from '../../../nn/norms.ts';
import type { GateParams } from '../../../nn/selective-transition.ts';
import { treeOf } from '../../../tensor/tree.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Case, Lists, Settings } from '../../case.ts';
import { axis, lengths, small } from '../../draw.ts';
import { type Details, layoutOf } from '../../layout.ts';
import { stripped, under } from '../../named.ts';
import type { Operator, ProgramOf, Reduction, Size } from '../../operator.ts';
import { over } from '../../over.ts';
import type { Named, Program } from '../../program.ts';
import type { InputLists } from '../../signature-types.ts';
import { tokenModes } from './tokens.ts';

/** The readings that affect the keys and values of one layer. */
export type FusionReadings = {
  readonly projection: 'identity' | 'linear';
  readonly gate: 'shared' | 'perLayer';
  readonly gateActivation: 'silu' | 'none';
  readonly fusedNorm: 'rms' | 'none';
};

/** Settings of a fusion: m, ε of the norm, and the readings. */
export type FusionSettings = {
  readonly denseLayers: number;
  readonly epsilon: number;
  readonly readings: FusionReadings;
};

/** Draws a combination of readings. */
export const fusionReadings: fc.Arbitrary<FusionReadings> = fc.record({
  projection: fc.constantFrom('identity', 'linear'),
  gate: fc.constantFrom('shared', 'perLayer'),
  gateActivation: fc.constantFrom('silu', 'none'),
  fusedNorm: fc.constantFrom('rms', 'none'),
});

/** Makes `count` names: `name.0`, `name.1`, … */
export const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}.${i}`);

/** Makes inputs without details beyond their letters. */
export const plainInputs = (names: readonly string[]): Record<string, Details> =>
  Object.fromEntries(names.map((name) => [name, {}]));

/** Declares the weights of a fusion of `sources` sources, under a prefix. */
export function fusionInputs(prefix: string, { readings }: FusionSettings, sources: number): Record<string, Details> {
  const gates = readings.gate === 'shared' ? Math.min(1, sources) : sources;
  const maps = readings.projection === 'linear' ? sources : 0;
  return {
    ...plainInputs(numbered(`${prefix}gates`, gates).flatMap((gate) => [`${gate}.down`, `${gate}.up`])),
    ...Object.fromEntries(numbered(`${prefix}projections`, maps).map((map) => [map, { spread: 0.5 }])),
    ...(readings.fusedNorm === 'rms' && { [`${prefix}norm`]: { centre: 1, spread: 0.3 } }),
  };
}

/** Converts the weights under a prefix to the engine's format. */
export const weightsOf = (inputs: Named, prefix: string): FusionParams =>
  treeOf(stripped(inputs, prefix)) as FusionParams;

/** Converts the weights under a prefix to the definitions' format. */
export const parametersOf = (
  inputs: Readonly<Record<string, Lists | undefined>>,
  prefix: string,
): FusionParameters => ({ gates: [], ...(treeOf(stripped(inputs, prefix)) as Partial<FusionParameters>) });

/** Selects the features of the nearest m layers, nearest first. The input order is layer 0 first. */
const nearest = <T>(layers: readonly T[], { denseLayers }: FusionSettings): T[] =>
  layers.slice(Math.max(0, layers.length - denseLayers)).reverse();

/** Makes the definition's rule with fusion by addition, as in Eqs. 23–25. Other fusions are readings of whole networks. */
export const byAddition = (settings: FusionSettings): FusionRule => ({
  ...settings,
  readings: { ...settings.readings, fusion: 'add' },
});

/** How a shared gate is computed for a number of sources. */
type Gated = (params: FusionParams, sources: number) => FusionParams;

const onceForAll: Gated = (params) => params;

/** For each source again, as a module that is called for each. Then matrix products round its cotangents before they are added. */
const forEach: Gated = ({ gates, ...rest }, sources) => ({
  ...rest,
  gates: gates?.length === 1 ? new Array<GateParams>(sources).fill(gates[0]!) : gates,
});

/** Makes the modes and forms of a program without memory. */
function withGateForms<const Text extends string>(
  text: Text,
  programOf: (gated: Gated) => ProgramOf<Text, FusionSettings>,
) {
  const again = tokenModes(text, programOf(forEach));
  const says = 'a shared gate computed once';
  const formOf = (program: ProgramOf<Text, FusionSettings>) => ({
    gateForEach: { says: 'a shared gate computed for each source', program },
  });
  return {
    modes: tokenModes(text, programOf(onceForAll)),
    says: { whole: says, tokenwise: says },
    forms: { whole: formOf(again.whole), tokenwise: formOf(again.tokenwise) },
  };
}

const draws = (size: Size, leastLayers: number) =>
  fc.record({
    b: axis(size, 'b', 2),
    t: lengths(size),
    w: axis(size, 'w', 5),
    i: axis(size, 'i', 4),
    r: axis(size, 'r', 3, 0),
    shallow: small(4, leastLayers),
    denseLayers: small(5, leastLayers),
    readings: fusionReadings,
  });

const weights = 'param.gates.*.down ri, param.gates.*.up wr, param.projections.* ww';

/** The signature of a collection. Sources are ordered from layer 0, collected features from the nearest layer. */
export const collectingSignature = `x bti, source.* btw, ${weights} -> dense.* btw` as const;

/** The signature of a fusion. */
export const fusingSignature = `own btw, x bti, source.* btw, ${weights}, param.norm? w -> fused btw` as const;

/** The definition of Eq. 10, 21 or 22. */
type CollectDefinition = typeof denseKeys;

/** Collects the features for one token by the definition. */
function collectByDefinition(
  define: CollectDefinition,
  token: InputLists<typeof collectingSignature, 'bt'>,
  settings: FusionSettings,
): Matrix {
  const features = under(token, 'source.');
  const count = sourceCount(features.length, settings.denseLayers);
  const [rule, parameters] = [byAddition(settings), parametersOf(token, 'param.')];
  const gates = sourceGates(token.x, parameters, rule, count);
  return define(features, settings.denseLayers, sourceProjections(parameters, rule, count), gates);
}

/** Declares a collection, Eq. 10, 21 or 22: one feature [b, t, w] from each of the nearest m layers. */
export const collecting = (define: CollectDefinition) => ({
  signature: collectingSignature,
  layouts: (size: Size) =>
    draws(size, 1).map(({ shallow, denseLayers, readings, ...letters }) => {
      const settings = { denseLayers, epsilon: 1e-6, readings: { ...readings, fusedNorm: 'none' as const } };
      const sources = Math.min(shallow, denseLayers);
      return layoutOf<FusionSettings>(collectingSignature, {
        lengths: letters,
        settings,
        inputs: { ...plainInputs(['x', ...numbered('source', shallow)]), ...fusionInputs('param.', settings, sources) },
        outputs: numbered('dense', sources),
      });
    }),
  definition: over('bt', collectingSignature, (token, settings: FusionSettings) =>
    Object.fromEntries(collectByDefinition(define, token, settings).map((h, j) => [`dense.${j}`, h])),
  ),
  ...withGateForms(collectingSignature, (gated) => ({ x, ...inputs }, settings: FusionSettings) => {
    const rule = { activation: settings.readings.gateActivation };
    const sources = nearest(under(inputs, 'source.'), settings);
    const dense = collect(sources, x, gated(weightsOf(inputs, 'param.'), sources.length), rule);
    return Object.fromEntries(dense.map((h, j) => [`dense.${j}`, h]));
  }),
  reference: 'whole',
  laws: { linearIn: ['source.*'] },
});

/** Fuses a feature with those of shallower layers, on the engine. */
export function fusedOnEngine(
  own: Value,
  shallow: readonly Value[],
  x: Value,
  params: FusionParams,
  settings: FusionSettings,
  gated: Gated = onceForAll,
): Value {
  const sources = nearest(shallow, settings);
  return denseFusion(own, sources, x, gated(params, sources.length), {
    activation: settings.readings.gateActivation,
    epsilon: settings.epsilon,
  });
}

/** Computes the fused feature without any sources: applies only the norm, if there is one. */
export const alone = (own: Value, norm: Value | undefined, epsilon: number): Value =>
  norm === undefined ? own : rmsNorm(own, norm, epsilon);

const aloneModes: Operator<FusionSettings, typeof fusingSignature>['modes'] = tokenModes(
  fusingSignature,
  ({ own, 'param.norm': norm }, { epsilon }: FusionSettings) => ({ fused: alone(own, norm, epsilon) }),
);

/** Declares a fusion, Eq. 11, 23 or 24: fuses a layer's own feature with the collected ones, then applies the norm, if any. */
export const fusing = (define: CollectDefinition, fuse: (own: Vector, dense: Matrix) => Vector) => ({
  signature: fusingSignature,
  layouts: (size: Size) =>
    draws(size, 0).map(({ shallow, denseLayers, readings, ...letters }) => {
      const settings = { denseLayers, epsilon: 1e-6, readings };
      const sources = Math.min(shallow, denseLayers);
      return layoutOf<FusionSettings>(fusingSignature, {
        lengths: letters,
        settings,
        inputs: {
          ...plainInputs(['own', 'x', ...numbered('source', shallow)]),
          ...fusionInputs('param.', settings, sources),
        },
      });
    }),
  definition: over('bt', fusingSignature, (token, settings: FusionSettings) => {
    const fused = fuse(token.own, collectByDefinition(define, token, settings));
    const norm = token['param.norm'];
    return { fused: norm === undefined ? fused : rmsNormDefinition(fused, norm, settings.epsilon) };
  }),
  ...withGateForms(fusingSignature, (gated) => ({ own, x, ...inputs }, settings: FusionSettings) => ({
    fused: fusedOnEngine(own, under(inputs, 'source.'), x, weightsOf(inputs, 'param.'), settings, gated),
  })),
  reference: 'whole',
  laws: { reductions: withoutSources<FusionSettings>((mode) => aloneModes[mode] as Program<FusionSettings>) },
});

const isOfGates = (name: string): boolean => /gates|projections/.test(name);

/** Closes every gate: sets the gates' last maps to 0, so that g = 0. */
const closeGates = <S extends Settings>(c: Case<S>): Case<S> => ({
  ...c,
  inputs: Object.fromEntries(
    Object.entries(c.inputs).map(([name, x]) => [name, name.endsWith('.up') ? { ...x, data: x.data.map(() => 0) } : x]),
  ),
});

/** Sets m = 0, and removes the weights of gates and projections, which are then unused. */
const noDenseLayers = <S extends FusionSettings>(c: Case<S>): Case<S> => ({
  ...c,
  inputs: Object.fromEntries(Object.entries(c.inputs).filter(([name]) => !isOfGates(name))),
  settings: { ...c.settings, denseLayers: 0 },
});

/** Declares the special cases without sources, m = 0 and closed gates. `program` uses only the own features. */
export function withoutSources<S extends FusionSettings>(
  program: (mode: string) => Program<S>,
): Record<string, Reduction<S>> {
  const rest = { program, ignores: isOfGates };
  return { 'm = 0': { change: noDenseLayers, ...rest }, 'closed gates': { change: closeGates, ...rest } };
}
