/** @file Trains the network of the pages in densessm, compiled to WebAssembly. */
import { valueAndGrad } from '../../src/autograd/vjp.ts';
import { type Compiled, compile, type Slot } from '../../src/executors/gpu/index.ts';
import { logSumExp } from '../../src/nn/cross-entropy.ts';
import { rmsNorm } from '../../src/nn/norms.ts';
import { sub } from '../../src/tensor/ops.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { sigmoid } from '../../src/tensor/primitives/sigmoid.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import type { Value } from '../../src/tensor/value.ts';
import { adamW, factorsOf, trainingSteps } from '../../src/training/index.ts';
import { drawBatches, initialList, trainingOf } from '../gpu/model.ts';
import * as network from './network.ts';

type Layer = readonly [q: Value, k: Value, v: Value, gate: Value, out: Value, up: Value, down: Value];

const norm = (x: Value): Value => rmsNorm(x, undefined, network.epsilon);
const silu = (x: Value): Value => mul(x, sigmoid(x));

/** The mean loss of the tokens. */
function lossOf(
  { batch, length, heads, head, layers }: network.NetworkSize,
  params: readonly Value[],
  { tokens, targets, decays }: { readonly tokens: Value; readonly targets: Value; readonly decays: Value },
): Value {
  const split = (x: Value): Value => reshape(x, [batch, length, heads, head]);
  let x = einsum('nv,vd->nd', tokens, params[0]!);
  for (let l = 0; l < layers; l++) {
    const [q, k, v, gate, out, up, down] = params.slice(1 + 7 * l, 8 + 7 * l) as unknown as Layer;
    const y = norm(x);
    const by = (w: Value): Value => einsum('nd,de->ne', y, w);
    const scores = mul(einsum('bthd,bshd->bhts', split(by(q)), split(by(k))), decays);
    const mixed = norm(einsum('bhts,bshd->bthd', scores, split(by(v))));
    x = add(x, einsum('nd,de->ne', mul(silu(by(gate)), reshape(mixed, x.shape)), out));
    x = add(x, einsum('nf,fd->nd', silu(einsum('nd,df->nf', norm(x), up)), down));
  }
  const logits = einsum('nd,dv->nv', norm(x), params.at(-1)!);
  return scale(sub(sum(logSumExp(logits)), sum(mul(logits, targets))), 1 / (batch * length));
}

const most = (threads: number | undefined): { readonly threads?: number } => (threads === undefined ? {} : { threads });

/** Trains a DenseRetNet of the same size, as `npm run bench -- training` does in Node. */
export async function denseRetNet(size: network.NetworkSize, threads?: number): Promise<network.Trainer> {
  const { equation, inputs, keep } = trainingSteps(trainingOf(size, 1));
  const f = await compile(equation, inputs, { backend: 'wasm', keep, ...most(threads) });
  const params = initialList(size);
  const zeros = new Float32Array(params.length);
  const { rate } = network.adam;
  const factors = Float32Array.from(factorsOf(trainingOf(size, 1).optimizer, () => rate, 1, 1));
  return trainer(f, { params, first: zeros, second: zeros }, { factors, ...drawBatches(size, 0, 1) }, 'losses');
}

/** Trains the network with so many threads, or as many as there are. */
export async function densessm(size: network.NetworkSize, threads?: number): Promise<network.Trainer> {
  const shapes = network.shapesOf(size);
  const names = (kind: string): string[] => shapes.map((_, i) => `${kind}${i}`);
  const kinds = ['p', 'm', 'v'].map(names) as [string[], string[], string[]];
  const rows = [size.batch * size.length, network.vocabulary];
  const inputs: Record<string, Slot> = {
    ...Object.fromEntries(kinds.flatMap((own) => own.map((name, i) => [name, { shape: shapes[i]! }]))),
    ...{ tokens: { shape: rows }, targets: { shape: rows } },
    decays: { shape: [size.heads, size.length, size.length] },
  };
  const { rate, second, ...rule } = network.adam;
  const f = await compile(
    (xs) => {
      const [params, first, squares] = kinds.map((own) => own.map((name) => xs[name]!)) as [Value[], Value[], Value[]];
      const { value, gradient } = valueAndGrad((own: readonly Value[]) => lossOf(size, own, xs as never), params);
      const factors = { rate, firstCorrection: 1, secondCorrection: 1 };
      const next = adamW({ params, first, second: squares }, gradient, factors, { ...rule, weightDecay: 0 });
      const results = [next.params, next.first, next.second].flat();
      return { loss: value, ...Object.fromEntries(results.map((x, i) => [`${kinds.flat()[i]}'`, x])) };
    },
    inputs,
    {
      backend: 'wasm',
      keep: Object.fromEntries(kinds.flat().map((name) => [name, `${name}'`])),
      ...most(threads),
    },
  );
  const params = network.parametersOf(size);
  const filled = (own: readonly string[], of: (i: number) => Float32Array) => own.map((name, i) => [name, of(i)]);
  const start: Record<string, Float32Array> = Object.fromEntries([
    ...filled(kinds[0], (i) => params[i]!),
    ...filled(kinds[1], (i) => new Float32Array(params[i]!.length)),
    ...filled(kinds[2], (i) => new Float32Array(params[i]!.length).fill(second)),
  ]);
  return trainer(f, start, { ...network.rowsOf(size), decays: network.decaysOf(size) }, 'loss');
}

type Arrays = Readonly<Record<string, Float32Array>>;

/** Takes steps by a compiled function, whose first call has what it keeps. */
function trainer(f: Compiled, start: Arrays, given: Arrays, loss: string): network.Trainer {
  let kept = start;
  return {
    about: `wasm, threads: ${f.ran.threads}`,
    step: async () => {
      const results = await f({ ...kept, ...given });
      kept = {};
      return results[loss]![0]!;
    },
  };
}
