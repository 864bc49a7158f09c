import { f64, grad, indices } from 'densessm';
import { denseMamba2, denseStackConfig, generate, initialise, mamba2Config } from 'densessm/models';
import { crossEntropy, nextTokenTargets, predictingRows } from 'densessm/nn';

const plain = mamba2Config({ vocabulary: 16, width: 16, layers: 4, heads: 2, stateSize: 8 });
const config = denseStackConfig(plain, { denseLayers: 2 });
const params = initialise(denseMamba2, config, { on: f64, seed: 1 });

// the gradient reaches the fusion of keys, B, in layer 3
const labels = [[1, 5, 2, 7]];
const loss = (p: typeof params) => {
  const state = denseMamba2.start(p, config, 1);
  const { logits } = denseMamba2.forward(p, config, indices(labels), state, { name: 'chunkwise', chunkSize: 2 });
  return crossEntropy(predictingRows(logits), nextTokenTargets(f64, labels));
};
console.log(grad(loss, params).layers[3]!.keyFusion!.projections![0]!.shape);

// read a prompt in one mode, continue one token at a time
console.log(generate(denseMamba2, params, config, [[1, 5, 2]], { steps: 5, mode: { name: 'parallel' } }));
