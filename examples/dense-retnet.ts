/** @file Initialises a DenseRetNet, differentiates its loss, and generates. */
import { f64, grad, indices } from 'densessm';
import { countParameters, denseRetNet, denseRetNetConfig, generate, initialise } from 'densessm/models';
import { crossEntropy, nextTokenTargets, predictingRows } from 'densessm/nn';

const config = denseRetNetConfig({ vocabulary: 16, width: 32, heads: 2, layers: 3, denseLayers: 2 });
const params = initialise(denseRetNet, config, { on: f64, seed: 1 });
console.log(countParameters(denseRetNet, config));

// the gradient of the loss with respect to every parameter, in any mode
const labels = [[1, 5, 2, 7]];
const loss = (p: typeof params) => {
  const state = denseRetNet.start(p, config, 1);
  const { logits } = denseRetNet.forward(p, config, indices(labels), state, { name: 'chunkwise', chunkSize: 3 });
  return crossEntropy(predictingRows(logits), nextTokenTargets(f64, labels));
};
console.log(grad(loss, params).layers[2]!.keyFusion!.gates![0]!.down.shape);

// read a prompt in one mode, continue one token at a time
console.log(generate(denseRetNet, params, config, [[1, 5, 2]], { steps: 5, mode: { name: 'parallel' } }));
console.log(
  generate(denseRetNet, params, config, [[1, 5, 2]], { steps: 5, temperature: 0.8, topK: 8, topP: 0.9, seed: 7 }),
);
