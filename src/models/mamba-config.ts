/** @file Configuration of Mamba: sizes, the shapes of its weights, and their initial numbers. */
import type { Rng } from '../tensor/random.ts';
import { type Shape, sizeOf } from '../tensor/shape.ts';
import { checkEpsilon, checkFlags, checkWhole } from './check.ts';

/** Sizes of Mamba. */
export interface MambaConfig {
  readonly vocabulary: number;
  /** d: channels of the residual stream. */
  readonly width: number;
  readonly layers: number;
  /** E: channels of the convolution and the scan. */
  readonly innerWidth: number;
  /** N: states per channel. */
  readonly stateSize: number;
  /** R: rank of the step sizes. */
  readonly deltaRank: number;
  /** K: taps of the convolution, the current token included. */
  readonly convolutionWidth: number;
  readonly convolutionBias: boolean;
  /** True if the first and the last linear map of a block have biases. */
  readonly projectionBias: boolean;
  /** The embedding has as many rows as the vocabulary, rounded up to a multiple of this. Logits have as many columns. */
  readonly vocabularyMultiple: number;
  readonly epsilon: number;
  /** False if there is a read-out `head`. Else it is the embedding. */
  readonly tiedHead?: boolean | undefined;
}

/**
 * Fills in default sizes, as in the source: E = 2 d, N = 16, R = ⌈d / 16⌉, K = 4, rows in multiples of 8, ε = 1e-5. The convolution
 * has a bias, the projections have none.
 * @example
 * mambaConfig({ vocabulary: 8, width: 40, layers: 2 }).deltaRank // 3
 */
export function mambaConfig(
  sizes: Pick<MambaConfig, 'vocabulary' | 'width' | 'layers'> & Partial<MambaConfig>,
): MambaConfig {
  return {
    innerWidth: 2 * sizes.width,
    stateSize: 16,
    deltaRank: Math.ceil(sizes.width / 16),
    convolutionWidth: 4,
    convolutionBias: true,
    projectionBias: false,
    vocabularyMultiple: 8,
    epsilon: 1e-5,
    ...sizes,
  };
}

/** Number of rows of the embedding: the vocabulary, rounded up to the multiple. */
export const embeddingRows = ({
  vocabulary,
  vocabularyMultiple,
}: Pick<MambaConfig, 'vocabulary' | 'vocabularyMultiple'>): number =>
  Math.ceil(vocabulary / vocabularyMultiple) * vocabularyMultiple;

/** Throws on an invalid configuration. */
export function checkMamba(config: MambaConfig, call = 'mamba'): void {
  const sizes = ['vocabulary', 'width', 'layers', 'innerWidth', 'stateSize', 'deltaRank', 'convolutionWidth'] as const;
  checkWhole(call, config, [...sizes, 'vocabularyMultiple'], 1);
  checkFlags(call, config, ['convolutionBias', 'projectionBias']);
  if (config.tiedHead !== undefined) checkFlags(call, config, ['tiedHead']);
  checkEpsilon(call, config.epsilon);
}

/** Shapes of all weights by path, [out, in]. */
export function mambaShapes(config: MambaConfig): Record<string, Shape> {
  const table = [embeddingRows(config), config.width];
  const shapes: Record<string, Shape> = { embedding: table };
  for (let l = 0; l < config.layers; l++) {
    for (const [name, shape] of Object.entries(layerShapes(config))) shapes[`layers.${l}.${name}`] = shape;
  }
  return { ...shapes, finalNorm: [config.width], ...(config.tiedHead === false && { head: table }) };
}

function layerShapes(config: MambaConfig): Record<string, Shape> {
  const { width, innerWidth, stateSize, deltaRank, convolutionWidth, convolutionBias, projectionBias } = config;
  return {
    inputNorm: [width],
    input: [2 * innerWidth, width],
    ...(projectionBias && { inputBias: [2 * innerWidth] }),
    convolution: [innerWidth, convolutionWidth],
    ...(convolutionBias && { convolutionBias: [innerWidth] }),
    selection: [deltaRank + 2 * stateSize, innerWidth],
    delta: [innerWidth, deltaRank],
    deltaBias: [innerWidth],
    aLog: [innerWidth, stateSize],
    skip: [innerWidth],
    output: [width, innerWidth],
    ...(projectionBias && { outputBias: [width] }),
  };
}

/** Initial step sizes are log-uniform in this range. */
const [leastStep, largestStep] = [1e-3, 1e-1];

/**
 * Initial numbers of a weight, as in the source [T]. `A[e, n] = −(n + 1)` and D = 1. The bias of `delta` gives step sizes
 * log-uniform from 10⁻³ to 10⁻¹; `delta` is uniform within R^{−1/2}. The other maps are uniform within (inputs)^{−1/2}, with
 * `output` divided by √layers; their biases are 0. The convolution and its bias are uniform within K^{−1/2}. Null for norms and the
 * embedding, which have the default.
 */
export function freshMamba(config: MambaConfig, path: string, shape: Shape, random: Rng): Float64Array | null {
  const { layers, innerWidth, width, deltaRank, stateSize, convolutionWidth } = config;
  const filled = (number: (i: number) => number): Float64Array =>
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => number(i));
  const within = (bound: number): Float64Array => uniformWithin(bound, shape, random);
  switch (path.slice(path.lastIndexOf('.') + 1)) {
    case 'aLog':
      return filled((i) => Math.log((i % stateSize) + 1));
    case 'skip':
      return filled(() => 1);
    case 'deltaBias':
      return freshStepBias(shape, random);
    case 'delta':
      return within(deltaRank ** -0.5);
    case 'input':
      return within(width ** -0.5);
    case 'selection':
      return within(innerWidth ** -0.5);
    case 'output':
      return within((innerWidth * layers) ** -0.5);
    case 'convolution':
    case 'convolutionBias':
      return within(convolutionWidth ** -0.5);
    case 'inputBias':
    case 'outputBias':
      return filled(() => 0);
    default:
      return null;
  }
}

/** Numbers drawn uniformly from −bound to bound. */
export const uniformWithin = (bound: number, shape: Shape, random: Rng): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, () => bound * (2 * random.uniform() - 1));

/** Initial numbers of a bias whose softplus, the step sizes, are log-uniform. */
export const freshStepBias = (shape: Shape, random: Rng): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, () =>
    inverseSoftplus(leastStep * (largestStep / leastStep) ** random.uniform()),
  );

/** Inverse of softplus, for y > 0. */
const inverseSoftplus = (y: number): number => y + Math.log(-Math.expm1(-y));
