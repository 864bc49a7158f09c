/** @file Trains the network of the pages in TensorFlow.js on its wasm backend. */
import library from '@tensorflow/tfjs/dist/tf.es2017.min.js?url';
import backend from '@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js?url';
import plain from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as network from '../../../bench/pages/network.ts';

/** Runs a script of the page. Threads of TensorFlow.js need its own bundle: in another one their names differ. */
const script = (src) =>
  new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement('script'), { src, onload: resolve, onerror: reject }));
  });
await script(library);
await script(backend);
const { tf } = globalThis;
tf.wasm.setWasmPaths({
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
});

const norm = (x) => tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), network.epsilon)));
const silu = (x) => tf.mul(x, tf.sigmoid(x));

/** The mean loss of the tokens. */
function lossOf({ batch, length, heads, head, layers, width }, params, { tokens, targets, decays }) {
  const split = (x) => tf.transpose(tf.reshape(x, [batch, length, heads, head]), [0, 2, 1, 3]);
  let x = tf.matMul(tokens, params[0]);
  for (let l = 0; l < layers; l++) {
    const [q, k, v, gate, out, up, down] = params.slice(1 + 7 * l, 8 + 7 * l);
    const y = norm(x);
    const by = (w) => tf.matMul(y, w);
    const scores = tf.mul(tf.matMul(split(by(q)), split(by(k)), false, true), decays);
    const mixed = tf.transpose(norm(tf.matMul(scores, split(by(v)))), [0, 2, 1, 3]);
    x = tf.add(x, tf.matMul(tf.mul(silu(by(gate)), tf.reshape(mixed, [batch * length, width])), out));
    x = tf.add(x, tf.matMul(silu(tf.matMul(norm(x), up)), down));
  }
  const logits = tf.matMul(norm(x), params.at(-1));
  return tf.div(tf.sub(tf.sum(tf.logSumExp(logits, -1)), tf.sum(tf.mul(logits, targets))), batch * length);
}

export async function tfjs(size) {
  // unless told, it takes half of the cores
  tf.wasm.setThreadsCount(navigator.hardwareConcurrency);
  if (!(await tf.setBackend('wasm'))) throw new Error('the backend wasm does not start');
  const shapes = network.shapesOf(size);
  const numbers = network.parametersOf(size);
  const { rate, beta1, beta2, epsilon, second } = network.adam;
  let state = [
    numbers.map((x, i) => tf.tensor(x, shapes[i])),
    shapes.map((shape) => tf.zeros(shape)),
    shapes.map((shape) => tf.fill(shape, second)),
  ];
  const rows = [size.batch * size.length, network.vocabulary];
  const { tokens, targets } = network.rowsOf(size);
  const given = {
    tokens: tf.tensor(tokens, rows),
    targets: tf.tensor(targets, rows),
    decays: tf.tensor(network.decaysOf(size), [size.heads, size.length, size.length]),
  };
  const step = ([params, first, squares]) => {
    const { value, grads } = tf.valueAndGrads((...own) => lossOf(size, own, given))(params);
    const m = first.map((x, i) => tf.add(tf.mul(x, beta1), tf.mul(grads[i], 1 - beta1)));
    const v = squares.map((x, i) => tf.add(tf.mul(x, beta2), tf.mul(tf.square(grads[i]), 1 - beta2)));
    const next = params.map((p, i) => tf.sub(p, tf.mul(tf.div(m[i], tf.add(tf.sqrt(v[i]), epsilon)), rate)));
    return [value, next, m, v];
  };
  return {
    about: `wasm, threads: ${tf.wasm.getThreadsCount()}`,
    step: async () => {
      const before = state;
      const [value, ...next] = tf.tidy(() => step(before));
      state = next;
      tf.dispose(before);
      const loss = (await value.data())[0];
      value.dispose();
      return loss;
    },
  };
}
