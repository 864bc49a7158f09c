/** @file Operations on each kind of decay Ā: real diagonal, complex diagonal, matrix. The other files are generic in the kind. */
import { filledLike, zerosLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { type ConvolutionMethod, causalConvolution } from '../../tensor/primitives/causal-convolution.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Value } from '../../tensor/value.ts';
import { associativeScan } from './associative-scan.ts';
import { complexCombine, matrixCombine, realCombine } from './combine.ts';
import { type Complex, complexAdd, complexMul } from './complex.ts';
import { identityLike } from './matrix-exponential.ts';

/** States of a model: real states, or one state of each conjugate pair. */
export type StateValue = Value | Complex;

/** Operations on one kind of decay. Shapes: a and powers end in [e, n], or [e, n, n] for matrices; states end in [e, n]. */
export interface Form<S extends StateValue> {
  readonly name: 'real' | 'complex' | 'matrix';
  /** `x + y`; shapes broadcast. */
  plus(x: S, y: S): S;
  /** `Ā⁰` for a [e, n]: [1, e, n]. */
  identity(a: S): S;
  /** `Ā^k Ā` for powers [k, e, n] and a [e, n]. */
  multiply(powers: S, a: S): S;
  /** `Ā h` for states [k, e, n]. */
  act(a: S, h: S): S;
  /** `Ā^k h` for powers [k, e, n] and states [b, e, n]: [b, k, e, n]. */
  actAll(powers: S, h: S): S;
  /** `B̄ x` for x [..., e]: [..., e, n]. */
  drive(b: S, x: Value): S;
  /** `C h` for states [..., e, n]: [..., e]. */
  read(c: S, h: S): Value;
  /** All states `h_t = Ā h_{t−1} + u_t`, u [b, t, e, n], from h = 0, by a parallel scan. */
  scan(a: S, u: S): S;
  /** `Σ_{i≤t} Ā^{t−i} u_i` for powers Ā⁰ … [t, e, n] and u [b, t, e, n]. */
  convolve(powers: S, u: S, method: ConvolutionMethod): S;
}

const driven = (b: Value, x: Value): Value => mul(reshape(x, [...x.shape, 1]), b);

function contracted(c: Value, h: Value): Value {
  const [e, n] = c.shape as readonly [number, number];
  const leading = h.shape.slice(0, -2);
  const rows = leading.reduce((product, length) => product * length, 1);
  return reshape(einsum('ken,en->ke', reshape(h, [rows, e, n]), c), [...leading, e]);
}

/** Reshapes states [b, e, n] to [b, 1, e, n], which broadcasts against powers [k, e, n]. */
const besidePowers = (h: Value): Value => reshape(h, [h.shape[0]!, 1, ...h.shape.slice(1)]);

/** Convolves each channel and state with its own kernel; k [t, …], u [b, t, …]. */
const convolved = (k: Value, u: Value, method: ConvolutionMethod): Value =>
  causalConvolution(u, broadcast(k, u.shape), 1, { method });

/** Repeats a decay [e, n] for each of t tokens. */
const overTime = (a: Value, t: number): Value => broadcast(a, [t, ...a.shape]);

const lengthOf = (u: Value): number => u.shape[1]!;

export const realForm: Form<Value> = {
  name: 'real',
  plus: add,
  identity: (a) => filledLike(a, 1, [1, ...a.shape]),
  multiply: mul,
  act: mul,
  actAll: (powers, h) => mul(powers, besidePowers(h)),
  drive: driven,
  read: contracted,
  scan: (a, u) => associativeScan(realCombine, { a: overTime(a, lengthOf(u)), b: u }, -3).b,
  convolve: convolved,
};

export const complexForm: Form<Complex> = {
  name: 'complex',
  plus: complexAdd,
  identity: ({ re, im }) => ({ re: filledLike(re, 1, [1, ...re.shape]), im: zerosLike(im, [1, ...im.shape]) }),
  multiply: complexMul,
  act: complexMul,
  actAll: (powers, h) => complexMul(powers, { re: besidePowers(h.re), im: besidePowers(h.im) }),
  drive: (b, x) => ({ re: driven(b.re, x), im: driven(b.im, x) }),
  // the other state of each pair is the conjugate, so the sum of both is twice the real part
  read: (c, h) => scale(sub(contracted(c.re, h.re), contracted(c.im, h.im)), 2),
  scan(a, u) {
    const t = lengthOf(u.re);
    return associativeScan(complexCombine, { a: { re: overTime(a.re, t), im: overTime(a.im, t) }, b: u }, -3).b;
  },
  convolve: (k, u, method) => ({
    re: sub(convolved(k.re, u.re, method), convolved(k.im, u.im, method)),
    im: add(convolved(k.re, u.im, method), convolved(k.im, u.re, method)),
  }),
};

export const matrixForm: Form<Value> = {
  ...realForm,
  name: 'matrix',
  identity: (a) => reshape(identityLike(a), [1, ...a.shape]),
  multiply: (powers, a) => einsum('keij,ejl->keil', powers, a),
  act: (a, h) => einsum('eij,kej->kei', a, h),
  actAll: (powers, h) => einsum('keij,bej->bkei', powers, h),
  scan(a, u) {
    const steps = { a: overTime(a, lengthOf(u)), b: reshape(u, [...u.shape, 1]) };
    return reshape(associativeScan(matrixCombine, steps, -4).b, u.shape);
  },
  // convolve each entry of the powers with the state that it multiplies
  convolve(k, u, method) {
    const [b, t, e, n] = u.shape as readonly [number, number, number, number];
    const acted = broadcast(reshape(u, [b, t, e, 1, n]), [b, t, e, n, n]);
    return sum(convolved(k, acted, method), [4]);
  },
};
