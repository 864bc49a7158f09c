/** @file Foreign programs of the associative operation of scans, and of the continuous model at a token. */
import { cotangent, type Foreign, type Kernel, type Numbers, need } from './program.ts';
import { type Dot, pairwise, reversed, splitK } from './sums.ts';

/** a = a₂ a₁, b = a₂ b₁ + b₂ in one multiply-add. */
const realKernel: Kernel = (call, a) => {
  const [a1, b1, a2, b2] = ['left.a', 'left.b', 'right.a', 'right.b'].map((name) => need(call, name).data) as Four;
  const [da, db] = [cotangent(call, 'a'), cotangent(call, 'b')];
  const each = (f: (i: number) => number): Float64Array => a1.map((_, i) => a.out(f(i)));
  return {
    'out/a': each((i) => a.mul(a2[i]!, a1[i]!)),
    'out/b': each((i) => a.fma(a2[i]!, b1[i]!, b2[i]!)),
    'grad/left.a': each((i) => a.mul(da[i]!, a2[i]!)),
    'grad/left.b': each((i) => a.mul(db[i]!, a2[i]!)),
    'grad/right.a': each((i) => a.fma(da[i]!, a1[i]!, a.mul(db[i]!, b1[i]!))),
    'grad/right.b': each((i) => db[i]!),
  };
};

type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** The continuous model: A h + B x and C h at each token, with a diagonal or full A. */
const continuousKernel =
  (dot: Dot): Kernel =>
  (call, a) => {
    const [x, h, B, C] = ['x', 'h', 'param.b', 'param.c'].map((name) => need(call, name).data) as Four;
    const A = need(call, 'param.a');
    const isMatrix = A.shape.length === 3;
    const [channels, n] = A.shape as [number, number];
    const [dDerivative, dy] = [cotangent(call, 'derivative'), cotangent(call, 'y')];
    const like = (y: Float64Array): Float64Array => new Float64Array(y.length);
    const [derivative, y, dx, dh] = [like(h), like(x), like(x), like(h)];
    const [dA, dB, dC] = [like(A.data), like(B), like(C)];
    x.forEach((input, at) => {
      const e = at % channels;
      const state = (i: number): number => h[at * n + i]!;
      const d = (i: number): number => dDerivative[at * n + i]!;
      const entry = (i: number, j: number): number => A.data[isMatrix ? (e * n + i) * n + j : e * n + i]!;
      for (let i = 0; i < n; i++) {
        const driven = a.mul(B[e * n + i]!, input);
        derivative[at * n + i] = isMatrix
          ? dot(a, n, (j) => entry(i, j), state, driven)
          : a.fma(entry(i, i), state(i), driven);
        const ofRead = a.mul(C[e * n + i]!, dy[at]!);
        dh[at * n + i] = isMatrix ? dot(a, n, (j) => entry(j, i), d, ofRead) : a.fma(entry(i, i), d(i), ofRead);
        dB[e * n + i] = a.fma(d(i), input, dB[e * n + i]!);
        dC[e * n + i] = a.fma(dy[at]!, state(i), dC[e * n + i]!);
        for (let j = 0; j < n; j++) {
          if (!isMatrix && j !== i) continue;
          const place = isMatrix ? (e * n + i) * n + j : e * n + i;
          dA[place] = a.fma(d(i), state(j), dA[place]!);
        }
      }
      y[at] = dot(a, n, (i) => C[e * n + i]!, state, 0);
      dx[at] = dot(a, n, (i) => B[e * n + i]!, d, 0);
    });
    const numbers = { 'out/derivative': derivative, 'out/y': y, 'grad/x': dx, 'grad/h': dh };
    const all: Numbers = { ...numbers, 'grad/param.a': dA, 'grad/param.b': dB, 'grad/param.c': dC };
    return Object.fromEntries(Object.entries(all).map(([name, data]) => [name, data.map(a.out)]));
  };

/** Foreign programs of steps: combined, and of the continuous model. */
export const steps: readonly Foreign[] = [
  {
    name: 'multiply-adds',
    operator: 'realCombine',
    modes: ['whole', 'scanned'],
    says: 'a₂ b₁ + b₂ in one multiply-add',
    run: realKernel,
  },
  ...Object.entries({ 'by halves': pairwise, 'split rows': splitK, reversed }).map(
    ([name, dot]): Foreign => ({
      name,
      operator: 'continuousSsm',
      modes: ['whole', 'tokenwise'],
      says: 'rows of A into B x',
      run: continuousKernel(dot),
    }),
  ),
];
