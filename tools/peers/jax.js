/** @file The works in jax-js on its wasm backend, each in jit. */
import { readFileSync } from 'node:fs';
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

// jax-js asks whether its numbers are a Float16Array, which Node has from 24 on
globalThis.Float16Array ??= class {};
const { defaultDevice, grad, init, jit, nn, numpy: np } = await import('@jax-js/jax');
if (!(await init('wasm')).includes('wasm')) throw new Error('the backend wasm does not start');
defaultDevice('wasm');

const values = (numbers, shape, type) =>
  type === 'f64'
    ? np.array(Float64Array.from(numbers), { shape, dtype: 'float64' })
    : np.array(Float32Array.from(numbers), { shape, dtype: 'float32' });

/** A work from a function of inputs, which takes them: a call uses up a reference. */
function workOf(f, xs) {
  const compiled = jit(f);
  const once = () => [compiled(...xs.map((x) => x.ref))].flat().map((x) => x.dataSync());
  return { run: () => void once(), read: () => once().flatMap((x) => [...x]) };
}

const gradients = (f, xs) => grad((...given) => np.sum(f(...given)), { argnums: xs.map((_, i) => i) });

function retention(type) {
  const xs = retentionInputs().map((x) => values(x, retentionShape, type));
  const decay = values(decayMatrix(), [1, 4, 512, 512], type);
  return { xs, f: (q, k, v) => np.matmul(np.matmul(q, np.swapaxes(k, -1, -2)).mul(decay.ref), v) };
}

/** The linear scan in log₂ T steps: one step a token overflows the stack. */
function scanOf(a, b) {
  const [t, channels] = scanShape;
  let [factor, state] = [a, b];
  for (let by = 1; by < t; by *= 2) {
    const shifted = (x, fill) =>
      np.concatenate([np.full([by, channels], fill, { dtype: x.dtype }), x.slice([0, t - by])]);
    state = state.ref.add(factor.ref.mul(shifted(state, 0)));
    if (by * 2 < t) factor = factor.ref.mul(shifted(factor, 1));
    else factor.dispose();
  }
  return state;
}

const scanValues = (type) => scanInputs().map((x) => values(x, scanShape, type));

function training({ type }) {
  const step = (x, y, w1, w2, m1, m2, v1, v2) => {
    const loss = (u1, u2) => np.sum(np.square(np.matmul(nn.sigmoid(np.matmul(x.ref, u1)), u2).sub(y.ref)));
    const g = grad(loss, { argnums: [0, 1] })(w1.ref, w2.ref);
    const first = [m1, m2].map((m, i) => m.mul(adam.beta1).add(g[i].ref.mul(1 - adam.beta1)));
    const second = [v1, v2].map((v, i) => v.mul(adam.beta2).add(np.square(g[i]).mul(1 - adam.beta2)));
    const next = [w1, w2].map((w, i) => w.sub(first[i].ref.div(np.sqrt(second[i]).add(adam.epsilon)).mul(adam.rate)));
    return [...next, ...first];
  };
  const xs = trainingInputs().map(([numbers, shape]) => values(numbers, shape, type));
  return workOf(step, xs);
}

const { version } = JSON.parse(readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'));
await serve(version, {
  product: ({ type, n }) =>
    workOf(
      np.matmul,
      [1, 2].map((seed) => values(drawn(n * n, seed), [n, n], type)),
    ),
  add: ({ type }) =>
    workOf(
      np.add,
      [1, 2].map((seed) => values(drawn(8, seed), [8], type)),
    ),
  chain: ({ type }) => {
    const factor = values(drawn(8, 2), [8], type);
    const f = (x) => {
      let out = x;
      for (let i = 0; i < 5; i++) out = out.mul(factor.ref).add(factor.ref);
      return out;
    };
    const z = values(drawn(8, 1), [8], type);
    return workOf(gradients(f, [z]), [z]);
  },
  retention: ({ type }) => {
    const { xs, f } = retention(type);
    return workOf(f, xs);
  },
  retentionGradients: ({ type }) => {
    const { xs, f } = retention(type);
    return workOf(gradients(f, xs), xs);
  },
  scan: ({ type }) => workOf(scanOf, scanValues(type)),
  scanGradients: ({ type }) => {
    const xs = scanValues(type);
    return workOf(gradients(scanOf, xs), xs);
  },
  training,
});
