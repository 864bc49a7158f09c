/** @file Foreign programs of dense features: sources projected, gated, summed and normed. */
import { type Activation, identity, siluByPowers, siluByQuotient } from './activations.ts';
import type { Arithmetic } from './arithmetic.ts';
import { type Norm, normKernel } from './norms.ts';
import { type Call, cotangent, type Foreign, type Kernel, type Numbers, need } from './program.ts';
import { type Dot, inOrder, kahan, pairwise, product, reversed, rowsOf, splitK, transposed } from './sums.ts';

interface Readings {
  readonly projection: 'identity' | 'linear';
  readonly gate: 'shared' | 'perLayer';
  readonly gateActivation: 'silu' | 'none';
  readonly fusedNorm: 'rms' | 'none';
}

/** How the kernel rounds. */
interface How {
  readonly dot: Dot;
  readonly silu: Activation;
  readonly norm: Norm;
}

/** The sources in use, nearest first: their names, and those of their gates and projections. */
function sourcesOf({ inputs, settings }: Call): { source: string; gate: string; projection: string }[] {
  const { denseLayers, readings } = settings as { denseLayers: number; readings: Readings };
  const count = Object.keys(inputs).filter((name) => name.startsWith('source.')).length;
  return Array.from({ length: Math.min(count, denseLayers) }, (_, j) => ({
    source: `source.${count - 1 - j}`,
    gate: `param.gates.${readings.gate === 'shared' ? 0 : j}`,
    projection: `param.projections.${j}`,
  }));
}

/** Features of all sources, and the gradients of a cotangent for each. */
interface Features {
  readonly dense: readonly Float64Array[];
  backward(cotangents: readonly Float64Array[]): Record<string, Float64Array>;
}

function featuresOf(call: Call, a: Arithmetic, { dot, silu }: How): Features {
  const { readings } = call.settings as { readings: Readings };
  const outer = readings.gateActivation === 'silu' ? silu : identity;
  const x = need(call, 'x');
  const i = x.shape[2]!;
  const rows = x.data.length / i;
  const parts = sourcesOf(call).map((names) => {
    const [source, down, up] = [
      need(call, names.source),
      need(call, `${names.gate}.down`),
      need(call, `${names.gate}.up`),
    ];
    const [w, r] = [source.shape[2]!, down.shape[0]!];
    const map = readings.projection === 'linear' ? need(call, names.projection).data : null;
    const projected =
      map === null ? source.data : product(a, [rows, w, w], rowsOf(source.data, w), transposed(map, w), { dot });
    const hidden = product(a, [rows, i, r], rowsOf(x.data, i), transposed(down.data, i), { dot });
    const active = hidden.map((value) => silu(a, value)[0]);
    const raw = product(a, [rows, r, w], rowsOf(active, r), transposed(up.data, r), { dot });
    const gate = raw.map((value) => outer(a, value)[0]);
    return { names, source, down, up, w, r, map, projected, hidden, active, raw, gate };
  });
  return {
    dense: parts.map(({ projected, gate }) => projected.map((value, at) => a.mul(value, gate[at]!))),
    backward(cotangents) {
      const gradients: Record<string, Float64Array> = {};
      const add = (name: string, own: Float64Array): void => {
        gradients[name] = own.map((value, at) => a.add(gradients[name]?.[at] ?? 0, value));
      };
      for (const [name, { data }] of Object.entries(call.inputs)) gradients[name] = new Float64Array(data.length);
      for (const [j, { names, source, down, up, w, r, map, projected, hidden, active, raw, gate }] of parts.entries()) {
        const d = cotangents[j]!;
        const dProjected = d.map((value, at) => a.mul(value, gate[at]!));
        if (map === null) add(names.source, dProjected);
        else {
          add(names.source, product(a, [rows, w, w], rowsOf(dProjected, w), rowsOf(map, w), { dot }));
          add(names.projection, product(a, [w, rows, w], transposed(dProjected, w), rowsOf(source.data, w), { dot }));
        }
        const dRaw = d.map((value, at) => a.mul(a.mul(value, projected[at]!), outer(a, raw[at]!)[1]));
        const dActive = product(a, [rows, w, r], rowsOf(dRaw, w), rowsOf(up.data, r), { dot });
        const dHidden = hidden.map((value, at) => a.mul(dActive[at]!, silu(a, value)[1]));
        add(`${names.gate}.up`, product(a, [w, rows, r], transposed(dRaw, w), rowsOf(active, r), { dot }));
        add(`${names.gate}.down`, product(a, [r, rows, i], transposed(dHidden, r), rowsOf(x.data, i), { dot }));
        add('x', product(a, [rows, r, i], rowsOf(dHidden, r), rowsOf(down.data, i), { dot }));
      }
      return gradients;
    },
  };
}

const named = (a: Arithmetic, kind: string, x: Readonly<Record<string, Float64Array>>): Numbers =>
  Object.fromEntries(Object.entries(x).map(([name, data]) => [`${kind}/${name}`, data.map(a.out)]));

const collectKernel =
  (how: How): Kernel =>
  (call, a) => {
    const { dense, backward } = featuresOf(call, a, how);
    const outputs = Object.fromEntries(dense.map((feature, j) => [`dense.${j}`, feature]));
    return {
      ...named(a, 'out', outputs),
      ...named(a, 'grad', backward(dense.map((_, j) => cotangent(call, `dense.${j}`)))),
    };
  };

/** Sums features from the farthest to the nearest, adds the own one last, and norms. */
const fuseKernel =
  (how: How): Kernel =>
  (call, a) => {
    const { dense, backward } = featuresOf(call, a, how);
    const own = need(call, 'own');
    const sum = own.data.map((value, at) =>
      a.add(
        dense.reduceRight((total, feature) => a.add(total, feature[at]!), 0),
        value,
      ),
    );
    let fused: Float64Array = sum;
    let d = cotangent(call, 'fused');
    let ofNorm: Record<string, Float64Array> = {};
    if (call.inputs['param.norm'] !== undefined) {
      const answer = normKernel(how.norm)(
        {
          inputs: { x: { shape: own.shape, data: sum }, weight: need(call, 'param.norm') },
          cotangents: { output: { shape: own.shape, data: d } },
          settings: call.settings,
        },
        { ...a, out: (x) => x },
      );
      fused = answer['out/output']!;
      d = answer['grad/x']!;
      ofNorm = { 'param.norm': answer['grad/weight']! };
    }
    const gradients = { ...backward(dense.map(() => d)), own: d, ...ofNorm };
    return { ...named(a, 'out', { fused }), ...named(a, 'grad', gradients) };
  };

const hows: Readonly<Record<string, How>> = {
  'by halves': {
    dot: pairwise,
    silu: siluByQuotient,
    norm: { mean: 'sum', root: 'rsqrt', backward: 'normed', dot: reversed },
  },
  'split-K, powers of two': {
    dot: splitK,
    silu: siluByPowers,
    norm: { mean: 'running', root: 'quotient', backward: 'cubed', dot: inOrder },
  },
  'Kahan, scaled norm': {
    dot: kahan,
    silu: siluByQuotient,
    norm: { mean: 'scaled', root: 'quotient', backward: 'normed', dot: pairwise },
  },
};

const programs = (operator: string, kernel: (how: How) => Kernel): Foreign[] =>
  Object.entries(hows).map(([name, how]) => ({
    name,
    operator,
    modes: ['whole', 'tokenwise'],
    says: 'features summed from the farthest, the own one last',
    run: kernel(how),
  }));

/** Foreign programs of dense features. */
export const denseFeatures: readonly Foreign[] = [
  ...['collect', 'denseKeys', 'denseValues'].flatMap((name) => programs(name, collectKernel)),
  ...['inject', 'fusedKeys', 'fusedValues'].flatMap((name) => programs(name, fuseKernel)),
];
