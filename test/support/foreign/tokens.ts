/** @file Foreign programs of operators without memory: norms, gates, networks, projections, products, sums. */
import { type Activation, geluBy, identity, siluByPowers, siluByQuotient, siluByTanh } from './activations.ts';
import { normKernel } from './norms.ts';
import { type Call, cotangent, type Foreign, type Kernel, need, type Tensor } from './program.ts';
import { blocked, type Dot, inOrder, kahan, pairwise, product, reversed, rowsOf, splitK, transposed } from './sums.ts';

const widthOf = ({ shape }: Tensor): number => shape.at(-1)!;
const bothModes = ['whole', 'tokenwise'];

/** The names of a network: y = outer(W_up inner(W_down x)). */
interface Network {
  readonly x: string;
  readonly down: string;
  readonly up: string;
  readonly output: string;
}

const networkKernel =
  (names: Network, dot: Dot, inner: (call: Call) => Activation, outer: (call: Call) => Activation): Kernel =>
  (call, a) => {
    const [x, down, up] = [need(call, names.x), need(call, names.down).data, need(call, names.up).data];
    const i = widthOf(x);
    const r = need(call, names.down).shape[0]!;
    const o = need(call, names.up).shape[0]!;
    const rows = x.data.length / i;
    const dOutput = cotangent(call, names.output);
    const hidden = product(a, [rows, i, r], rowsOf(x.data, i), transposed(down, i), { dot });
    const active = hidden.map((value) => inner(call)(a, value)[0]);
    const raw = product(a, [rows, r, o], rowsOf(active, r), transposed(up, r), { dot });
    const output = raw.map((value) => outer(call)(a, value)[0]);
    const dRaw = raw.map((value, at) => a.mul(dOutput[at]!, outer(call)(a, value)[1]));
    const dActive = product(a, [rows, o, r], rowsOf(dRaw, o), rowsOf(up, r), { dot });
    const dHidden = hidden.map((value, at) => a.mul(dActive[at]!, inner(call)(a, value)[1]));
    return {
      [`out/${names.output}`]: output.map(a.out),
      [`grad/${names.x}`]: product(a, [rows, r, i], rowsOf(dHidden, r), rowsOf(down, i), { dot }).map(a.out),
      [`grad/${names.down}`]: product(a, [r, rows, i], transposed(dHidden, r), rowsOf(x.data, i), { dot }).map(a.out),
      [`grad/${names.up}`]: product(a, [o, rows, r], transposed(dRaw, o), rowsOf(active, r), { dot }).map(a.out),
    };
  };

const gateNames: Network = { x: 'x', down: 'param.down', up: 'param.up', output: 'g' };
const feedNames: Network = { x: 'o', down: 'param.up', up: 'param.down', output: 'y' };
const gateKernel = (dot: Dot, silu: Activation): Kernel =>
  networkKernel(
    gateNames,
    dot,
    () => silu,
    ({ settings }) => (settings.activation === 'silu' ? silu : identity),
  );
const feedKernel = (dot: Dot, silu: Activation, gelu: Activation): Kernel =>
  networkKernel(
    feedNames,
    dot,
    ({ settings }) => (settings.activation === 'silu' ? silu : gelu),
    () => identity,
  );

const projectKernel =
  (dot: Dot): Kernel =>
  (call, a) => {
    const [h, map] = [need(call, 'h'), call.inputs['param.projection']?.data];
    const [w, dy] = [widthOf(h), cotangent(call, 'projected')];
    if (map === undefined) return { 'out/projected': h.data.map(a.out), 'grad/h': dy.map(a.out) };
    const rows = h.data.length / w;
    return {
      'out/projected': product(a, [rows, w, w], rowsOf(h.data, w), transposed(map, w), { dot }).map(a.out),
      'grad/h': product(a, [rows, w, w], rowsOf(dy, w), rowsOf(map, w), { dot }).map(a.out),
      'grad/param.projection': product(a, [w, rows, w], transposed(dy, w), rowsOf(h.data, w), { dot }).map(a.out),
    };
  };

const selectKernel: Kernel = (call, a) => {
  const [projected, g, dy] = [need(call, 'projected').data, need(call, 'g').data, cotangent(call, 'selected')];
  return {
    'out/selected': projected.map((x, at) => a.out(a.mul(x, g[at]!))),
    'grad/projected': dy.map((d, at) => a.out(a.mul(d, g[at]!))),
    'grad/g': dy.map((d, at) => a.out(a.mul(d, projected[at]!))),
  };
};

/** Sums the sources first, from the last, and adds h at the end. */
const fuseKernel: Kernel = (call, a) => {
  const dy = cotangent(call, 'fused').map(a.out);
  const sources = Object.keys(call.inputs).filter((name) => name !== 'h');
  const sum = (at: number): number => sources.reduceRight((total, name) => a.add(total, need(call, name).data[at]!), 0);
  return {
    'out/fused': need(call, 'h').data.map((x, at) => a.out(a.add(sum(at), x))),
    ...Object.fromEntries(['h', ...sources].map((name) => [`grad/${name}`, dy])),
  };
};

const program =
  (operator: string) =>
  (name: string, says: string, run: Kernel, loses?: string): Foreign => ({
    name,
    operator,
    modes: bothModes,
    says,
    run,
    ...(loses !== undefined && { loses }),
  });

const [norm, gate, feed, project] = ['rmsNorm', 'gate', 'feedForward', 'project'].map(program) as [
  Make,
  Make,
  Make,
  Make,
];
type Make = ReturnType<typeof program>;

/** Foreign programs of operators without memory. */
export const tokenPrograms: readonly Foreign[] = [
  norm(
    'two passes',
    'reciprocal root; gradients from normed numbers',
    normKernel({ mean: 'sum', root: 'rsqrt', backward: 'normed', dot: pairwise }),
  ),
  norm(
    'running mean',
    'the mean of squares number by number',
    normKernel({ mean: 'running', root: 'quotient', backward: 'normed', dot: inOrder }),
  ),
  norm(
    'scaled by the largest',
    'squares of numbers scaled by a power of two; r³',
    normKernel({ mean: 'scaled', root: 'rsqrt', backward: 'cubed', dot: reversed }),
  ),
  gate('quotient', 'x / (1 + exp(−x)); sums by four workers', gateKernel(splitK, siluByQuotient)),
  gate('powers of two', 'x times the reciprocal of 1 + 2^(−x log₂ e)', gateKernel(blocked, siluByPowers)),
  gate('tanh', 'sigmoid as (1 + tanh(x/2)) / 2', gateKernel(inOrder, siluByTanh), 'silu of a very negative number'),
  feed('quotient, erfc', 'gelu by erfc; sums by halves', feedKernel(pairwise, siluByQuotient, geluBy('erfc'))),
  feed('powers of two, erfc', 'silu by exp2; sums with compensation', feedKernel(kahan, siluByPowers, geluBy('erfc'))),
  feed('erf', 'gelu by 1 + erf', feedKernel(inOrder, siluByQuotient, geluBy('erf')), 'gelu of a very negative number'),
  project('split-K', 'sums by four workers', projectKernel(splitK)),
  project('reversed', 'sums from the last channel', projectKernel(reversed)),
  program('select')('products', 'one product a number', selectKernel),
  program('fuseByAddition')('sources first', 'sums the sources from the last, then adds h', fuseKernel),
];
