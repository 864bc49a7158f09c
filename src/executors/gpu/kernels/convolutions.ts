/** @file Computes causal convolutions: by direct sums, or on devices with workgroups by fast Fourier transforms. */
import type { ConvolutionMethod } from '../../../tensor/primitives/causal-convolution.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { invocations } from '../text/invocations.ts';
import { mostElementsOn, type Target } from '../text/target.ts';
import type { Operand, Resident } from '../values/numbers.ts';
import { type Layout, tokenOf } from './tokens.ts';
import { complex, complexEnds, type Ends, passOf, radicesOf, rootsOf, type Sequences } from './transforms.ts';

/**
 * Fewest tokens for which transforms are faster than sums, as measured with 256 and with 2,048 channels (docs/gpu-performance.md). Where
 * tokens are next to each other, sums read each of them once for many results.
 */
function fewestTransformed({ outer, inner }: Layout): number {
  const many = outer * inner > 700;
  if (inner === 1) return many ? 320 : 512;
  return many ? 300 : 350;
}

/** `y_t = Σ_j k_j x_{t−j}`, or in reverse `Σ_j k_j x_{t+j}`, by direct summation: one invocation per element. */
function bySums(fuser: Fuser, operands: readonly Resident[], layout: Layout): Resident {
  const { outer, length, inner, reverse } = layout;
  const body = [
    tokenOf(layout),
    `const steps = ${reverse ? `${length} - t` : 't + 1'};`,
    'let s = 0;',
    'for (let j = 0; j < steps; j++) {',
    `const from = start + (t ${reverse ? '+' : '-'} j) * ${inner};`,
    `s = s + a1[start + j * ${inner}] * a0[from];`,
    '}',
    'return s;',
  ].join('\n');
  return fuser.launch(outer * length * inner, operands, body);
}

/** The complex sequences by which tokens are transformed, two tokens a number: padded with zeros to twice the length at least. */
const sequencesOf = ({ outer, length, inner }: Layout): Sequences => ({
  outer,
  size: 2 ** Math.ceil(Math.log2(length)),
  inner,
});

/** Reads and writes tokens 2m and 2m + 1 as a complex number. In reverse, the last token is number 0. */
function tokenEnds({ length, inner, reverse }: Layout, { size }: Sequences): Ends {
  const tokens = ['x', 'y'].map((part, k) => ({ part, t: (m: string) => `(2u * ${m} + ${k}u)` }));
  const place = (t: string): string => `(o * ${length}u + ${reverse ? `${length - 1}u - ${t}` : t}) * ${inner}u + c`;
  return {
    read: (m, far) =>
      2 * far >= length
        ? 'vec2<f32>()'
        : `vec2<f32>(${tokens.map(({ t }) => `select(0.0, user_a0[${place(`min(${t(m)}, ${length - 1}u)`)}], ${t(m)} < ${length}u)`).join(', ')})`,
    // the inverse transform is the conjugate of the transform of the conjugates
    write: (m, far, value) =>
      2 * far >= length
        ? ''
        : `{ let y = conjugate(${value}) * ${1 / size}; ${tokens.map(({ part, t }) => `if (${t(m)} < ${length}u) { result[${place(t(m))}] = y.${part}; }`).join(' ')} }`,
  };
}

/**
 * Multiplies the spectra of two sequences of real numbers, from the transforms z of their complex sequences: with
 * `E_j = ½ (z_j + z̄_{M−j})`, `O_j = (z_j − z̄_{M−j}) / 2i` and w = e^{−πi/M}, the spectrum is `X_j = E_j + w^j O_j`, and `X̄_{M−j} = E_j − w^j
 * O_j`. The product is taken apart in the same way. Writes its conjugate, for the inverse transform.
 */
function multiplied(fuser: Fuser, table: Resident, x: Resident, k: Resident, sequences: Sequences): Resident {
  const { outer, size, inner } = sequences;
  const arrays = x === k ? [x, table] : [x, k, table];
  const roots = `user_a${arrays.length - 1}`;
  const { write } = complexEnds(sequences);
  const spectrum = (name: string, array: string): string[] => {
    const { read } = complexEnds(sequences, array);
    return [
      `let ${name}1 = ${read('j', 0)}; let ${name}2 = conjugate(${read('m', 0)});`,
      `let ${name}d = 0.5 * (${name}1 - ${name}2); let ${name}e = 0.5 * (${name}1 + ${name}2);`,
      `let ${name}o = times(w, vec2<f32>(${name}d.y, -${name}d.x));`,
    ];
  };
  const lines = [
    `let c = i % ${inner}u; let j = (i / ${inner}u) % ${size}u; let o = i / ${size * inner}u;`,
    `let m = (${size}u - j) % ${size}u; let w = vec2<f32>(${roots}[j], ${roots}[j + ${2 * size}u]);`,
    ...spectrum('x', 'user_a0'),
    ...spectrum('k', x === k ? 'user_a0' : 'user_a1'),
    'let p = times(xe + xo, ke + ko); let q = times(xe - xo, ke - ko);',
    'let e = 0.5 * (p + q); let d = times(conjugate(w), 0.5 * (p - q));',
    write('j', 0, 'vec2<f32>(e.x - d.y, -e.y - d.x)'),
  ];
  return fuser.launch(
    2 * outer * size * inner,
    arrays,
    'return a0[i];',
    invocations(outer * size * inner, complex, lines),
  );
}

/** A convolution as the product of transforms. In reverse, x and y run from the last token on. */
function byTransforms(fuser: Fuser, [x, k]: readonly Resident[], layout: Layout): Resident {
  const sequences = sequencesOf(layout);
  const { outer, size, inner } = sequences;
  const numbers = 2 * outer * size * inner;
  const table = fuser.table(rootsOf(2 * size));
  const between = complexEnds(sequences);
  const radices = radicesOf(size);
  const transform = (from: Resident, reading: Ends['read'], last: Layout | null): Resident => {
    let before = 1;
    return radices.reduce((array, radix, pass) => {
      const isEnd = last !== null && pass === radices.length - 1;
      const ends = {
        read: pass === 0 ? reading : between.read,
        write: isEnd ? tokenEnds(last, sequences).write : between.write,
      };
      // the first pass multiplies by no roots
      const arrays = pass === 0 ? [array] : [array, table];
      const workgroup = passOf(sequences, { radix, before }, ends, 'user_a1');
      before *= radix;
      const count = isEnd ? outer * last.length * inner : numbers;
      return fuser.launch(count, arrays, 'return a0[i];', workgroup);
    }, from);
  };
  const spectra = [
    transform(x!, tokenEnds(layout, sequences).read, null),
    transform(k!, tokenEnds({ ...layout, reverse: false }, sequences).read, null),
  ] as const;
  return transform(multiplied(fuser, table, ...spectra, sequences), between.read, layout);
}

/** Whether a device has kernels of transforms for sequences, and room for their arrays. */
function hasTransforms(target: Target, layout: Layout): boolean {
  const { outer, size, inner } = sequencesOf(layout);
  return (
    target.workgroups &&
    layout.length >= fewestTransformed(layout) &&
    2 * outer * size * inner <= mostElementsOn(target)
  );
}

/** Convolves x and k along tokens. The method `fft` allows transforms, and takes them where they are faster. */
export function convolution(fuser: Fuser, xs: readonly Operand[], layout: Layout, method: ConvolutionMethod): Resident {
  const operands = xs.map((x): Resident => fuser.materialise(x.numbers, sizeOf(x.shape)));
  return method === 'fft' && hasTransforms(fuser.target, layout)
    ? byTransforms(fuser, operands, layout)
    : bySums(fuser, operands, layout);
}
