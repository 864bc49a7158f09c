/** @file The works in numpy-ts, which has no gradients. */
import * as np from 'numpy-ts';
import {
  decayMatrix,
  drawn,
  retentionInputs,
  retentionShape,
  scanInputs,
  scanShape,
} from '../../.bench/bench/peers/inputs.js';
import { serve } from '../../.bench/bench/peers/serve.js';

const values = (numbers, shape, type) =>
  np.asarray(type === 'f64' ? numbers : Float32Array.from(numbers)).reshape(...shape);

const workOf = (f, ...xs) => ({ run: () => f(...xs).dispose(), read: () => np.ascontiguousarray(f(...xs)).data });

/** Calls `f` and frees the arrays that it no longer needs: those of WebAssembly are not collected soon. */
function freeing(arrays, result) {
  for (const array of arrays) array.dispose();
  return result;
}

function retention({ type }) {
  const decay = values(decayMatrix(), [1, 4, 512, 512], type);
  const f = (q, k, v) => {
    const scores = np.matmul(q, np.swapaxes(k, -1, -2));
    const weights = np.multiply(scores, decay);
    return freeing([scores, weights], np.matmul(weights, v));
  };
  return workOf(f, ...retentionInputs().map((x) => values(x, retentionShape, type)));
}

/** The linear scan in log₂ T steps: numpy-ts has no scan. */
function scanOf(a, b) {
  const [t, channels] = scanShape;
  let [factor, state] = [a, b];
  for (let by = 1; by < t; by *= 2) {
    const shifted = (x, fill) => np.concatenate([np.full([by, channels], fill, x.dtype), x.slice(`0:${t - by}`)]);
    state = np.add(state, np.multiply(factor, shifted(state, 0)));
    factor = np.multiply(factor, shifted(factor, 1));
  }
  return state;
}

const square = (n, seed, type) => values(drawn(n * n, seed), [n, n], type);
const eight = (seed, type) => values(drawn(8, seed), [8], type);

const noGradients = () => {
  throw new Error('has no gradients');
};

await serve(np.__version__, {
  product: ({ n, type }) => workOf(np.matmul, square(n, 1, type), square(n, 2, type)),
  add: ({ type }) => workOf(np.add, eight(1, type), eight(2, type)),
  retention,
  scan: ({ type }) => workOf(scanOf, ...scanInputs().map((x) => values(x, scanShape, type))),
  chain: noGradients,
  retentionGradients: noGradients,
  scanGradients: noGradients,
  training: noGradients,
});
