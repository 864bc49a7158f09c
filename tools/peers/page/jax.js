/** @file Trains the network of the pages in jax-js on its wasm backend, in jit. */
import { defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import * as network from '../../../bench/pages/network.ts';

const norm = (x) => {
  const mean = np.mean(np.square(x.ref), -1, { keepdims: true });
  return x.div(np.sqrt(mean.add(network.epsilon)));
};

/** The mean loss of the tokens. It takes all its arguments, as functions of jax-js do. */
const lossOf =
  ({ batch, length, heads, head, layers, width }) =>
  (params, tokens, targets, decays) => {
    const split = (x) => np.transpose(x.reshape([batch, length, heads, head]), [0, 2, 1, 3]);
    let x = np.matmul(tokens, params[0]);
    for (let l = 0; l < layers; l++) {
      const [q, k, v, gate, out, up, down] = params.slice(1 + 7 * l, 8 + 7 * l);
      const y = norm(x.ref);
      const by = (w) => np.matmul(y.ref, w);
      const scores = np.matmul(split(by(q)), np.transpose(split(by(k)), [0, 1, 3, 2])).mul(decays.ref);
      const mixed = np.transpose(norm(np.matmul(scores, split(by(v)))), [0, 2, 1, 3]);
      const gated = nn.silu(by(gate)).mul(mixed.reshape([batch * length, width]));
      y.dispose();
      x = x.add(np.matmul(gated, out));
      x = x.ref.add(np.matmul(nn.silu(np.matmul(norm(x), up)), down));
    }
    decays.dispose();
    const logits = np.matmul(norm(x), params.at(-1));
    const total = np.sum(nn.logsumexp(logits.ref, -1)).sub(np.sum(logits.mul(targets)));
    return total.div(batch * length);
  };

export async function jax(size) {
  if (!(await init('wasm')).includes('wasm')) throw new Error('the backend wasm does not start');
  defaultDevice('wasm');
  const array = (numbers, shape) => np.array(numbers, { shape, dtype: 'float32' });
  const shapes = network.shapesOf(size);
  const { rate, beta1, beta2, epsilon, second } = network.adam;
  const loss = lossOf(size);
  const step = jit((params, first, squares, tokens, targets, decays) => {
    const own = params.map((p) => p.ref);
    const [value, gradient] = valueAndGrad(loss)(own, tokens, targets, decays);
    const m = first.map((x, i) => x.mul(beta1).add(gradient[i].ref.mul(1 - beta1)));
    const v = squares.map((x, i) => x.mul(beta2).add(np.square(gradient[i]).mul(1 - beta2)));
    const next = params.map((p, i) => p.sub(m[i].ref.div(np.sqrt(v[i].ref).add(epsilon)).mul(rate)));
    return [value, next, m, v];
  });
  const numbers = network.parametersOf(size);
  let state = [
    numbers.map((x, i) => array(x, shapes[i])),
    numbers.map((x, i) => array(new Float32Array(x.length), shapes[i])),
    numbers.map((x, i) => array(new Float32Array(x.length).fill(second), shapes[i])),
  ];
  const rows = [size.batch * size.length, network.vocabulary];
  const { tokens, targets } = network.rowsOf(size);
  const given = [
    array(tokens, rows),
    array(targets, rows),
    array(network.decaysOf(size), [size.heads, size.length, size.length]),
  ];
  return {
    about: 'wasm, jit',
    step: async () => {
      const [value, ...next] = step(...state, ...given.map((x) => x.ref));
      state = next;
      return (await value.data())[0];
    },
  };
}
