/** @file Models by name, all of about one size, and a search for the width that gives a model a number of parameters. */
import { fail } from '../tensor/errors.ts';
import type { Tree } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';
import { denseMamba } from './dense-mamba.ts';
import { denseMambaConfig } from './dense-mamba-config.ts';
import { denseRetNet } from './dense-retnet.ts';
import { authorsReadings, denseRetNetConfig } from './dense-retnet-config.ts';
import { denseGatedDeltaNet, gatedDeltaNet, gatedDeltaNetConfig } from './gated-delta-net.ts';
import { denseGla, gla, glaConfig } from './gla.ts';
import { countParameters, type LanguageModel } from './language-model.ts';
import { denseStackConfig } from './language-stack.ts';
import { mamba } from './mamba.ts';
import { mambaConfig } from './mamba-config.ts';
import { denseMamba2, mamba2, mamba2Config } from './mamba2.ts';
import { type RetNetConfig, retNet } from './retnet.ts';
import { transformer, transformerConfig } from './transformer.ts';

/** Sizes of a preset that a caller can change. Mamba and DenseMamba have no heads. */
export interface PresetSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/** A model whose width can be searched. */
export interface Sizable {
  readonly name: string;
  readonly sizes: PresetSizes;
  /** Number of parameters with the preset's sizes, except those given. Throws on an invalid configuration. */
  count(sizes?: Partial<PresetSizes>): number;
  /** Divisor of every width, required by heads and rotation. */
  widthMultiple(heads: number): number;
}

/** Model with default sizes that a caller can change. All other settings are fixed. */
export interface Preset<C, P extends Tree, S extends Tree = Value> extends Sizable {
  readonly model: LanguageModel<C, P, S>;
  /** Configuration with the preset's sizes, except those given. */
  config(sizes?: Partial<PresetSizes>): C;
}

function preset<C, P extends Tree, S extends Tree>(
  name: string,
  model: LanguageModel<C, P, S>,
  sizes: PresetSizes,
  widthMultiple: (heads: number) => number,
  configure: (sizes: PresetSizes) => C,
): Preset<C, P, S> {
  const config = (own: Partial<PresetSizes> = {}): C => configure({ ...sizes, ...own });
  return { name, model, sizes, config, count: (own) => countParameters(model, config(own)), widthMultiple };
}

/** Divisors of the width: rotation needs pairs of a head's channels. DenseRetNet has half as many key channels as stream channels. */
const [pairs, pairsOfHalf] = [(heads: number) => 2 * heads, (heads: number) => 4 * heads];
/** Divisor of the width of Mamba, DenseMamba and Gated DeltaNet. They admit any width; multiples of 8 keep rows aligned. */
const eights = (): number => 8;

/** Divisor of the width of Mamba-2, whose heads share twice as many channels. */
const halfHeads = (heads: number): number => (heads % 2 === 0 ? heads / 2 : heads);
/** Divisor of the width of GLA, which has half as many key channels as stream channels. */
const halves = (heads: number): number => 2 * heads;

/** F as in LLaMA: the sources' multiples of 256 give coarse steps. */
const ffnOf = (sizes: PresetSizes) => ({ ...sizes, ffnWidth: Math.ceil((8 * sizes.width) / 3) });

/** RetNet of torchscale [T]: values and feed-forward twice as wide, embeddings times √h. Retention is as in the equations. */
const retNetConfig = ({ width, ...sizes }: PresetSizes): RetNetConfig => ({
  ...sizes,
  width,
  valueWidth: 2 * width,
  ffnWidth: 2 * width,
  epsilon: 1e-6,
  embeddingScale: Math.sqrt(width),
  residualScale: 1,
  retentionNorm: 'none',
  rotationPhase: 'p',
});

/** Configuration of the authors' repository [C]: m = 1, their readings, token 0 as untrained padding. */
const released = (sizes: PresetSizes): ReturnType<typeof denseRetNetConfig> =>
  denseRetNetConfig({ ...sizes, denseLayers: 1, padToken: 0, readings: authorsReadings });

const vocabulary = 32_000;

/**
 * Models whose sizes are within a hundredth of the released 350M configuration, and the two released configurations [C].
 *
 * Dense models have default readings and m = 2, the best in the paper's ablation [N]. The depths of the other
 * families are our choice, the usual ones where widths allow (24 in LLaMA and RetNet, 48 in Mamba). Their widths follow from the size.
 *
 * The published checkpoints are not presets. They have m = 2 and one more token in the vocabulary. Their gates for keys and values
 * have different ranks: h / 8 and h / 32 at 350M, h / 16 and h / 8 at 1.3B.
 */
export const presets = {
  transformer: preset('transformer', transformer, { vocabulary, width: 1024, layers: 24, heads: 16 }, pairs, (sizes) =>
    transformerConfig(sizes),
  ),
  retnet: preset('retnet', retNet, { vocabulary, width: 952, layers: 24, heads: 4 }, pairs, retNetConfig),
  mamba: preset('mamba', mamba, { vocabulary, width: 1048, layers: 48, heads: 1 }, eights, ({ heads: _, ...sizes }) =>
    mambaConfig(sizes),
  ),
  'dense-mamba': preset(
    'dense-mamba',
    denseMamba,
    { vocabulary, width: 1040, layers: 48, heads: 1 },
    eights,
    ({ heads: _, ...sizes }) => denseMambaConfig({ ...sizes, denseLayers: 2 }),
  ),
  mamba2: preset('mamba2', mamba2, { vocabulary, width: 1056, layers: 48, heads: 32 }, halfHeads, (sizes) =>
    mamba2Config(sizes),
  ),
  'dense-mamba2': preset(
    'dense-mamba2',
    denseMamba2,
    { vocabulary, width: 1024, layers: 23, heads: 32 },
    halfHeads,
    (sizes) => denseStackConfig(mamba2Config(sizes), { denseLayers: 2 }),
  ),
  gla: preset('gla', gla, { vocabulary, width: 1024, layers: 24, heads: 4 }, halves, (sizes) =>
    glaConfig(ffnOf(sizes)),
  ),
  'dense-gla': preset('dense-gla', denseGla, { vocabulary, width: 1024, layers: 20, heads: 4 }, halves, (sizes) =>
    denseStackConfig(glaConfig(ffnOf(sizes)), { denseLayers: 2 }),
  ),
  'gated-delta-net': preset(
    'gated-delta-net',
    gatedDeltaNet,
    { vocabulary, width: 952, layers: 24, heads: 6 },
    eights,
    (sizes) => gatedDeltaNetConfig(ffnOf(sizes)),
  ),
  'dense-gated-delta-net': preset(
    'dense-gated-delta-net',
    denseGatedDeltaNet,
    { vocabulary, width: 896, layers: 20, heads: 6 },
    eights,
    (sizes) => denseStackConfig(gatedDeltaNetConfig(ffnOf(sizes)), { denseLayers: 2 }),
  ),
  'dense-retnet': preset(
    'dense-retnet',
    denseRetNet,
    { vocabulary, width: 1120, layers: 16, heads: 2 },
    pairsOfHalf,
    (sizes) => denseRetNetConfig({ ...sizes, denseLayers: 2 }),
  ),
  'dense-retnet-350m': preset(
    'dense-retnet-350m',
    denseRetNet,
    { vocabulary, width: 1536, layers: 16, heads: 2 },
    pairsOfHalf,
    released,
  ),
  'dense-retnet-1.3b': preset(
    'dense-retnet-1.3b',
    denseRetNet,
    { vocabulary, width: 2560, layers: 25, heads: 4 },
    pairsOfHalf,
    released,
  ),
};

/** Options of {@link equalWidth}: sizes other than the preset's, and the relative tolerance (default: a hundredth). */
export interface EqualWidthOptions extends Partial<Omit<PresetSizes, 'width'>> {
  readonly tolerance?: number;
}

/** A width, and the number of parameters at it. */
export interface SizedWidth {
  readonly width: number;
  readonly parameters: number;
}

/** The two widths around a number of parameters, the nearer one first: neighbouring multiples of the preset's divisor. */
export function nearestWidths(
  { sizes, count, widthMultiple }: Sizable,
  parameters: number,
  own: Partial<Omit<PresetSizes, 'width'>>,
): readonly [SizedWidth, SizedWidth] {
  const step = widthMultiple(own.heads ?? sizes.heads);
  const countAt = (steps: number): number => count({ ...own, width: steps * step });
  let [low, high] = [1, 2];
  while (countAt(high) < parameters) [low, high] = [high, 2 * high];
  // the number of parameters grows with the width
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (countAt(middle) < parameters) low = middle;
    else high = middle;
  }
  const sized = (steps: number): SizedWidth => ({ width: steps * step, parameters: countAt(steps) });
  const off = (one: SizedWidth): number => Math.abs(one.parameters - parameters);
  const [below, above] = [sized(low), sized(high)];
  return off(below) <= off(above) ? [below, above] : [above, below];
}

/**
 * Finds the width that brings a preset's number of parameters nearest to a given number. Throws if the nearest result is beyond the
 * tolerance, and reports it. Fewer heads and more layers give finer steps.
 * @example
 * equalWidth(presets.mamba, presets['dense-retnet-350m'].count()) // 1048
 */
export function equalWidth(
  preset: Sizable,
  parameters: number,
  { tolerance = 0.01, ...own }: EqualWidthOptions = {},
): number {
  if (!(parameters >= 1 && parameters < Infinity)) {
    fail(`equalWidth: ${parameters} parameters; give a number of at least 1, such as another preset's count()`);
  }
  const [nearest] = nearestWidths(preset, parameters, own);
  const off = Math.abs(nearest.parameters - parameters);
  if (off > tolerance * parameters) {
    fail(
      `equalWidth: ${preset.name} has ${nearest.parameters} parameters at width ${nearest.width}, the nearest to ${parameters} in steps of ${preset.widthMultiple(own.heads ?? preset.sizes.heads)}; ` +
        `allow a tolerance of ${(off / parameters).toPrecision(2)}, or change heads, layers or vocabulary`,
    );
  }
  return nearest.width;
}
