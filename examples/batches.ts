/** @file Runs padded and packed sequences, each with its own state. */
import { f64, indices } from 'densessm';
import { forwardBatch, initialise, transformer, transformerConfig } from 'densessm/models';
import { packedBatch, paddedBatch } from 'densessm/nn';

const config = transformerConfig({ vocabulary: 16, width: 8, heads: 2, layers: 2 });
const params = initialise(transformer, config, { on: f64, seed: 1 });
const empty = transformer.start(params, config, 1);

// [1, 2] is padded on the left, [3, 4, 5] is not padded
const mask = [
  [0, 1, 1],
  [1, 1, 1],
];
const tokens = indices([
  [0, 1, 2],
  [3, 4, 5],
]);
const mode = { name: 'parallel' } as const;
const { states } = forwardBatch(transformer, params, config, paddedBatch(mask), tokens, [empty, empty], mode);
console.log(states.map(({ position }) => position));

// one more token of the first and two of the second, packed into one row
const packed = packedBatch([0, 1, 3]);
const { logits } = forwardBatch(transformer, params, config, packed, indices([[6, 7, 8]]), states, mode);
console.log(logits.shape);
