/** @file Foreign programs of operators without memory: norms, gates, networks, projections, products, sums. */
import type { Arithmetic } from './arithmetic.ts';
import { type Call, cotangent, type Foreign, type Kernel, need, type Tensor } from './program.ts';
import { blocked, type Dot, inOrder, kahan, pairwise, product, reversed, rowsOf, splitK, transposed } from './sums.ts';

const widthOf = ({ shape }: Tensor): number => shape.at(-1)!;
const bothModes = ['whole', 'tokenwise'];

/** How a norm is computed. */
interface Norm {
  /** The mean of squares: a sum divided, a running mean, or a sum of numbers scaled by the largest. */
  readonly mean: 'sum' | 'running' | 'scaled';
  readonly root: 'rsqrt' | 'quotient';
  /** dx = r (g − x̂ mean(g x̂)), or r g − x r³ mean(g x). */
  readonly backward: 'normed' | 'cubed';
  readonly dot: Dot;
}

function meanSquare(a: Arithmetic, { mean, dot }: Norm, x: Float64Array): number {
  if (mean === 'sum')
    return a.div(
      dot(
        a,
        x.length,
        (c) => x[c]!,
        (c) => x[c]!,
        0,
      ),
      x.length,
    );
  if (mean === 'running') {
    return x.reduce((so, value, c) => a.add(so, a.div(a.sub(a.mul(value, value), so), c + 1)), 0);
  }
  const largest = Math.max(...x.map(Math.abs));
  if (largest === 0) return 0;
  // a power of two, so that scaling is exact
  const unit = 2 ** Math.floor(Math.log2(largest));
  const scaled = x.map((value) => value / unit);
  return a.mul(
    a.mul(
      a.div(
        dot(
          a,
          x.length,
          (c) => scaled[c]!,
          (c) => scaled[c]!,
          0,
        ),
        x.length,
      ),
      unit,
    ),
    unit,
  );
}

const normKernel =
  (norm: Norm): Kernel =>
  (call, a) => {
    const [x, weight] = [need(call, 'x'), need(call, 'weight').data];
    const w = widthOf(x);
    const dOutput = cotangent(call, 'output');
    const epsilon = a.constant(call.settings.epsilon as number);
    const [output, dx, dWeight] = [
      new Float64Array(x.data.length),
      new Float64Array(x.data.length),
      new Float64Array(w),
    ];
    for (let from = 0; from < x.data.length; from += w) {
      const own = x.data.slice(from, from + w);
      const square = a.add(meanSquare(a, norm, own), epsilon);
      const root = norm.root === 'rsqrt' ? a.rsqrt(square) : a.div(1, a.sqrt(square));
      const normed = own.map((value) => a.mul(value, root));
      const g = own.map((_, c) => a.mul(dOutput[from + c]!, weight[c]!));
      const mean = (y: Float64Array): number =>
        a.div(
          norm.dot(
            a,
            w,
            (c) => g[c]!,
            (c) => y[c]!,
            0,
          ),
          w,
        );
      const [ofNormed, ofOwn] = [mean(normed), mean(own)];
      const cube = a.mul(a.mul(root, root), root);
      normed.forEach((value, c) => {
        output[from + c] = a.mul(value, weight[c]!);
        dWeight[c] = a.fma(dOutput[from + c]!, value, dWeight[c]!);
        dx[from + c] =
          norm.backward === 'normed'
            ? a.mul(root, a.fma(-value, ofNormed, g[c]!))
            : a.sub(a.mul(root, g[c]!), a.mul(a.mul(own[c]!, cube), ofOwn));
      });
    }
    return { 'out/output': output.map(a.out), 'grad/x': dx.map(a.out), 'grad/weight': dWeight.map(a.out) };
  };

/** An activation and its slope. */
type Activation = (a: Arithmetic, x: number) => readonly [value: number, slope: number];

/** The slope of silu from its sigmoid. */
const slopeOf = (a: Arithmetic, x: number, sigmoid: number): number => a.mul(sigmoid, a.fma(x, a.sub(1, sigmoid), 1));

/** x / (1 + exp(−x)). */
const siluByQuotient: Activation = (a, x) => {
  const below = a.add(1, a.exp(-x));
  return [a.div(x, below), slopeOf(a, x, a.div(1, below))];
};

/** x times the reciprocal of 1 + 2^(−x log₂ e). */
const siluByPowers: Activation = (a, x) => {
  const sigmoid = a.rcp(a.add(1, a.exp2(a.mul(-x, a.constant(Math.LOG2E)))));
  return [a.mul(x, sigmoid), slopeOf(a, x, sigmoid)];
};

/** x (1 + tanh(x / 2)) / 2. */
const siluByTanh: Activation = (a, x) => {
  const sigmoid = a.fma(0.5, a.tanh(a.mul(0.5, x)), 0.5);
  return [a.mul(x, sigmoid), slopeOf(a, x, sigmoid)];
};

const [inverseRoot2, inverseRoot2Pi] = [Math.SQRT1_2, 1 / Math.sqrt(2 * Math.PI)];

/** x Φ(x), with Φ by erf or, without cancellation, by erfc. Its slope is Φ + x φ. */
const geluBy =
  (function_: 'erf' | 'erfc'): Activation =>
  (a, x) => {
    const argument = a.mul(x, a.constant(inverseRoot2));
    const phi = function_ === 'erf' ? a.mul(0.5, a.add(1, a.erf(argument))) : a.mul(0.5, a.erfc(-argument));
    const density = a.mul(a.exp(a.mul(a.mul(-0.5, x), x)), a.constant(inverseRoot2Pi));
    return [a.mul(x, phi), a.fma(x, density, phi)];
  };

const identity: Activation = (_, x) => [x, 1];

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
