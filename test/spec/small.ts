/** @file Small inputs for the tests of the definitions, reproducible without a library. */
import type {
  DenseRetNetConfig,
  DenseRetNetParameters,
  FusionParameters,
  Matrix,
  RetNetConfig,
  RetNetParameters,
} from '../../spec/index.ts';

/** A generator of non-negative pseudo-random integers that depends only on the seed. */
function source(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) % 2147483648;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 256);
  };
}

/** A matrix of -1, 0 and 1. */
export function signs(seed: number, rows: number, columns: number): Matrix {
  const next = source(seed);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => (next() % 3) - 1));
}

/** A matrix of numbers between -size and size. */
export function numbers(seed: number, rows: number, columns: number, size = 1): Matrix {
  const next = source(seed);
  const number = () => ((next() % 20001) / 10000 - 1) * size;
  return Array.from({ length: rows }, () => Array.from({ length: columns }, number));
}

/** The largest absolute difference of two matrices; NaN if a difference is NaN or the shapes differ. */
export function distance(x: Matrix, y: Matrix): number {
  if (x.length !== y.length || x.some((row, i) => row.length !== y[i]!.length)) return Number.NaN;
  const differences = x.flatMap((row, i) => row.map((value, j) => Math.abs(value - y[i]![j]!)));
  return differences.reduce((a, b) => Math.max(a, b), 0);
}

/** A small network with plain readings and no projection. With four layers, `pass` and the window of m layers have an effect. */
export const smallConfig: DenseRetNetConfig = {
  vocabulary: 7,
  width: 6,
  heads: 2,
  keyWidth: 8,
  valueWidth: 10,
  layers: 4,
  denseLayers: 2,
  gateRank: 3,
  epsilon: 1e-6,
  padToken: null,
  readings: {
    pass: 'raw',
    projection: 'identity',
    gate: 'shared',
    gateActivation: 'silu',
    fusion: 'add',
    fusedNorm: 'none',
    firstLayer: 'plain',
    retentionNorm: 'none',
    rotationPhase: 'p',
  },
};

/** The same configuration with other readings. */
export function withReadings(readings: Partial<DenseRetNetConfig['readings']>): DenseRetNetConfig {
  return { ...smallConfig, readings: { ...smallConfig.readings, ...readings } };
}

function fusion(seed: number, config: DenseRetNetConfig, sources: number, w: number): FusionParameters {
  const { gate, projection, fusedNorm } = config.readings;
  const gates = Array.from({ length: gate === 'shared' ? Math.min(1, sources) : sources }, (_, j) => ({
    down: numbers(seed + j, config.gateRank, config.width),
    up: numbers(seed + 100 + j, w, config.gateRank),
  }));
  const projections = Array.from({ length: sources }, (_, j) => numbers(seed + 200 + j, w, w));
  const norm = numbers(seed + 300, 1, w)[0]!;
  return { gates, ...(projection === 'linear' ? { projections } : {}), ...(fusedNorm === 'rms' ? { norm } : {}) };
}

/** Parameters for a configuration, with exactly the fields that its readings need. */
export function denseRetNetParameters(seed: number, config: DenseRetNetConfig): DenseRetNetParameters {
  const { width, keyWidth, valueWidth, vocabulary } = config;
  const layers = Array.from({ length: config.layers }, (_, l) => {
    const at = seed + 1000 * (l + 1);
    const sources = Math.min(l, config.denseLayers);
    const fuses = l > 0 || config.readings.firstLayer === 'normed';
    const keyFusion = fusion(at + 400, config, sources, keyWidth);
    const valueFusion = fusion(at + 450, config, sources, valueWidth);
    return {
      inputNorm: numbers(at + 1, 1, width)[0]!,
      query: numbers(at + 2, keyWidth, width),
      key: numbers(at + 3, keyWidth, width),
      value: numbers(at + 4, valueWidth, width),
      outputGate: numbers(at + 5, valueWidth, width),
      groupNorm: numbers(at + 6, 1, valueWidth / config.heads)[0]!,
      output: numbers(at + 7, width, valueWidth),
      ...(fuses ? { keyFusion, valueFusion } : {}),
    };
  });
  const [embedding, head] = [numbers(seed + 1, vocabulary, width), numbers(seed + 2, vocabulary, width)];
  return { embedding, layers, finalNorm: numbers(seed + 3, 1, width)[0]!, head };
}

export const smallRetNet: RetNetConfig = {
  vocabulary: 5,
  width: 8,
  heads: 2,
  valueWidth: 6,
  ffnWidth: 3,
  layers: 2,
  epsilon: 1e-6,
  embeddingScale: Math.sqrt(8),
  residualScale: 1,
};

export function retNetParameters(seed: number, config: RetNetConfig): RetNetParameters {
  const { width, valueWidth, ffnWidth, vocabulary } = config;
  const layers = Array.from({ length: config.layers }, (_, l) => {
    const at = seed + 1000 * (l + 1);
    return {
      inputNorm: numbers(at + 1, 1, width)[0]!,
      query: numbers(at + 2, width, width),
      key: numbers(at + 3, width, width),
      value: numbers(at + 4, valueWidth, width),
      outputGate: numbers(at + 5, valueWidth, width),
      output: numbers(at + 6, width, valueWidth),
      ffnNorm: numbers(at + 7, 1, width)[0]!,
      ffn: {
        up: numbers(at + 8, ffnWidth, width),
        gate: numbers(at + 9, ffnWidth, width),
        down: numbers(at + 10, width, ffnWidth),
      },
    };
  });
  const [embedding, head] = [numbers(seed + 1, vocabulary, width), numbers(seed + 2, vocabulary, width)];
  return { embedding, layers, finalNorm: numbers(seed + 3, 1, width)[0]!, head };
}
