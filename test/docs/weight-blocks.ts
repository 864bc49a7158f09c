/** @file Generates the tables of the models' weights, with shapes in the words of a configuration. */
import { authorsReadings } from '../../src/models/dense-retnet-config.ts';
import { denseRetNet, gatedDeltaNet, gla, mamba, mamba2, retNet, transformer } from '../../src/models/index.ts';
import type { Shape } from '../../src/tensor/shape.ts';
import { block, table } from './markdown.ts';

/** Distinct sizes, so that a length identifies its configuration field. */
const sizes = {
  vocabulary: 1009,
  width: 22,
  keyWidth: 26,
  valueWidth: 34,
  ffnWidth: 19,
  innerWidth: 23,
  stateSize: 29,
  deltaRank: 31,
  convolutionWidth: 37,
  decayRank: 41,
  valueHeads: 43,
};

const shared = { ...sizes, layers: 1, heads: 2, epsilon: 1e-6 };
const stack = { ...shared, groups: 3, tiedHead: false, vocabularyMultiple: 1, convolutionBias: true };

/** The shapes of the weights of a model with one layer, by model. */
const shapesOf: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  transformer: transformer.shapes({
    ...shared,
    rotaryBase: 10,
    rotaryPairs: 'halves',
    scoreScaling: 'none',
    tiedHead: false,
  }),
  mamba: mamba.shapes({ ...shared, convolutionBias: true, projectionBias: true, vocabularyMultiple: 1 }),
  mamba2: mamba2.shapes({ ...stack, projectionBias: true }),
  gla: gla.shapes({ ...stack, decayDivisor: 1 }),
  gatedDeltaNet: gatedDeltaNet.shapes({ ...stack, negativeEigenvalues: false }),
  retNet: retNet.shapes({
    ...shared,
    embeddingScale: 1,
    residualScale: 1,
    retentionNorm: 'none',
    rotationPhase: 'p',
  }),
  denseRetNet: denseRetNet.shapes({
    ...shared,
    denseLayers: 0,
    gateRank: 1,
    padToken: null,
    readings: { ...authorsReadings, fusedNorm: 'none' },
  }),
};

/** The configuration expression for every length of a weight. */
const words = new Map<number, string>([
  ...Object.entries(sizes).map(([word, size]): [number, string] => [size, word]),
  [2 * sizes.innerWidth, '2 · innerWidth'],
  [sizes.valueWidth / shared.heads, 'valueWidth / heads'],
  [sizes.deltaRank + 2 * sizes.stateSize, 'deltaRank + 2 · stateSize'],
  [shared.heads, 'heads'],
  [sizes.valueWidth / sizes.valueHeads, 'valueWidth / valueHeads'],
  [2 * sizes.keyWidth + sizes.valueWidth, '2 · keyWidth + valueWidth'],
  [sizes.innerWidth + 2 * stack.groups * sizes.stateSize, 'innerWidth + 2 · groups · stateSize'],
  [
    2 * sizes.innerWidth + 2 * stack.groups * sizes.stateSize + shared.heads,
    '2 · innerWidth + 2 · groups · stateSize + heads',
  ],
]);

function wordOf(length: number): string {
  const word = words.get(length);
  if (word === undefined) throw new Error(`no word of a configuration for the length ${length}`);
  return word;
}

/** The maker, by kind of block. */
export const weightMakers = {
  /** The weights of a model, with one row per shape. */
  async weights(model: string) {
    const shapes = shapesOf[model];
    if (shapes === undefined) throw new Error(`weights: no model '${model}'; there are ${Object.keys(shapesOf)}`);
    const rows = new Map<string, string[]>();
    for (const [path, shape] of Object.entries(shapes)) {
      const text = `\`[${shape.map(wordOf).join(', ')}]\``;
      rows.set(text, [...(rows.get(text) ?? []), `\`param.${path.replace('layers.0', 'layers.l')}\``]);
    }
    return block(
      table(
        [`weights of \`${model}\``, 'shape'],
        [...rows].map(([shape, names]) => [names.join(', '), shape]),
      ),
    );
  },
};
