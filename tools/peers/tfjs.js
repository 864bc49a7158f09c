/** @file The works in TensorFlow.js, on the backend that the command line names: cpu or wasm. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import tf from '@tensorflow/tfjs';
import wasm from '@tensorflow/tfjs-backend-wasm';
import {
  adam,
  decayMatrix,
  drawn,
  retentionInputs,
  retentionShape,
  scanInputs,
  scanShape,
  trainingInputs,
} from '../../.bench/bench/peers/inputs.js';
import { serve } from '../../.bench/bench/peers/serve.js';

wasm.setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
const backend = process.argv[2];
if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);

const values = (numbers, shape) => tf.tensor(Float32Array.from(numbers), shape);

/** A work from a function that returns tensors. Both backends compute them before it returns. */
function workOf(f, ...xs) {
  return {
    run: () => {
      tf.tidy(() => {
        f(...xs);
      });
    },
    read: () => tf.tidy(() => [f(...xs)].flat().flatMap((x) => [...x.dataSync()])),
  };
}

const gradients = (f, ...xs) => {
  const of = tf.grads(f);
  return workOf((...given) => of(given), ...xs);
};

function retention() {
  const decay = values(decayMatrix(), [1, 4, 512, 512]);
  const f = (q, k, v) => tf.matMul(tf.mul(tf.matMul(q, k, false, true), decay), v);
  return [f, ...retentionInputs().map((x) => values(x, retentionShape))];
}

/** The linear scan in log₂ T steps: TensorFlow.js has no scan. */
function scanOf(a, b) {
  const [t, channels] = scanShape;
  let [factor, state] = [a, b];
  for (let by = 1; by < t; by *= 2) {
    const shifted = (x, fill) => tf.concat([tf.fill([by, channels], fill), tf.slice(x, [0, 0], [t - by, channels])]);
    state = tf.add(state, tf.mul(factor, shifted(state, 0)));
    if (by * 2 < t) factor = tf.mul(factor, shifted(factor, 1));
  }
  return state;
}

const scan = () => [scanOf, ...scanInputs().map((x) => values(x, scanShape))];
function training() {
  const step = (x, y, w1, w2, m1, m2, v1, v2) => {
    const loss = (u1, u2) => tf.sum(tf.square(tf.sub(tf.matMul(tf.sigmoid(tf.matMul(x, u1)), u2), y)));
    const g = tf.grads(loss)([w1, w2]);
    const first = [m1, m2].map((m, i) => tf.add(tf.mul(m, adam.beta1), tf.mul(g[i], 1 - adam.beta1)));
    const second = [v1, v2].map((v, i) => tf.add(tf.mul(v, adam.beta2), tf.mul(tf.square(g[i]), 1 - adam.beta2)));
    const next = [w1, w2].map((w, i) =>
      tf.sub(w, tf.mul(tf.div(first[i], tf.add(tf.sqrt(second[i]), adam.epsilon)), adam.rate)),
    );
    return [...next, ...first];
  };
  return workOf(step, ...trainingInputs().map(([numbers, shape]) => values(numbers, shape)));
}

const square = (n, seed) => values(drawn(n * n, seed), [n, n]);
const eight = (seed) => values(drawn(8, seed), [8]);

const works = {
  product: ({ n }) => workOf(tf.matMul, square(n, 1), square(n, 2)),
  add: () => workOf(tf.add, eight(1), eight(2)),
  chain: () => {
    const factor = eight(2);
    const f = (x) => {
      let out = x;
      for (let i = 0; i < 5; i++) out = tf.add(tf.mul(out, factor), factor);
      return out;
    };
    return gradients(f, eight(1));
  },
  retention: () => workOf(...retention()),
  retentionGradients: () => gradients(...retention()),
  scan: () => workOf(...scan()),
  scanGradients: () => gradients(...scan()),
  training,
};

const inSingle = (of) => (request) => {
  if (request.type === 'f64') throw new Error('has no f64');
  return of(request);
};
await serve(tf.version.tfjs, Object.fromEntries(Object.entries(works).map(([name, of]) => [name, inSingle(of)])));
