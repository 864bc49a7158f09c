/** @file A kernel of one head that goes from token to token, forward and back, with the state in registers. */
import type { Arithmetic } from './arithmetic.ts';
import type { Head, HeadKernel } from './heads.ts';
import { type Dot, inOrder } from './sums.ts';

/** How the kernel rounds and differentiates. */
export interface TokenByToken {
  readonly dot?: Dot;
  /** `decayed`: multiplies the state, then adds the product; `written`: forms the product, then adds the multiplied state. */
  readonly update?: 'decayed' | 'written';
  /** `direct`: ⟨dS_t, decay_t S_{t−1}⟩; `difference`: the reversed cumulative sum of q·dq − k·dk. */
  readonly gateGradient?: 'direct' | 'difference';
}

/** The decay of each token: exp of its gate, γ, or none. */
function decaysOf({ gates, gamma, length }: Head, a: Arithmetic): Float64Array | null {
  if (gates) return gates.map((gate) => a.decay(a.exp(gate)));
  return gamma === undefined ? null : new Float64Array(length).fill(a.decay(a.constant(gamma)));
}

/** What the gradients of gates by differences are made of. */
type Answered = Readonly<Record<'dq' | 'dk' | 'state', Float64Array>>;

/** ⟨S_T, dS_T⟩, and q·dq − k·dk of each token. */
function differencesOf(
  a: Arithmetic,
  { length, d, q, k, dState }: Head,
  { dq, dk, state }: Answered,
): { readonly start: number; readonly own: Float64Array } {
  const start = state.reduce((total, s, i) => a.fma(s, dState[i]!, total), 0);
  const own = new Float64Array(length);
  for (let i = 0; i < length * d; i++) {
    const t = Math.floor(i / d);
    own[t] = a.add(own[t]!, a.sub(a.mul(q[i]!, dq[i]!), a.mul(k[i]!, dk[i]!)));
  }
  return { start, own };
}

/** The reversed cumulative sum of q·dq − k·dk, from ⟨S_T, dS_T⟩ on. */
export function gateDifferences(a: Arithmetic, head: Head, answer: Answered): Float64Array {
  const { start, own } = differencesOf(a, head, answer);
  let total = start;
  return own
    .toReversed()
    .map((x) => {
      total = a.add(total, x);
      return total;
    })
    .reverse();
}

/** The same sums of o·do − v·dv, with outputs and gradients as they are stored. */
export function gatesByOutputs(
  a: Arithmetic,
  { length, e, v, dOutput, dState }: Head,
  { output, state, dv }: Readonly<Record<'output' | 'state' | 'dv', Float64Array>>,
): Float64Array {
  const gradient = new Float64Array(length);
  let total = state.reduce((sum, s, i) => a.fma(s, dState[i]!, sum), 0);
  for (let i = length * e - 1; i >= 0; i--) {
    const own = a.sub(a.mul(a.out(output[i]!), dOutput[i]!), a.mul(v[i]!, a.out(dv[i]!)));
    total = a.add(total, own);
    gradient[Math.floor(i / e)] = total;
  }
  return gradient;
}

/** The same sums as the total less the cumulative sum, in order. */
export function gateTotals(a: Arithmetic, head: Head, answer: Answered): Float64Array {
  const { start, own } = differencesOf(a, head, answer);
  const total = own.reduce((sum, x) => a.add(sum, x), start);
  let sum = 0;
  return own.map((x) => {
    sum = a.add(sum, x);
    return a.sub(a.add(total, x), sum);
  });
}

/** Makes the kernel. */
export function tokenByToken(how: TokenByToken = {}): HeadKernel {
  const { dot = inOrder, update = 'decayed', gateGradient = 'direct' } = how;
  return (head, a) => {
    const { length, d, e, q, k, v, dOutput } = head;
    const decays = decaysOf(head, a);
    const states = new Array<Float64Array>(length);
    const output = new Float64Array(length * e);
    let s = head.s0;
    for (let t = 0; t < length; t++) {
      const before = s;
      s = before.map((old, at) => {
        const [key, value] = [k[t * d + Math.floor(at / e)]!, v[t * e + (at % e)]!];
        if (decays === null) return a.state(a.fma(key, value, old));
        const decay = decays[t]!;
        const next = update === 'decayed' ? a.fma(key, value, a.mul(decay, old)) : a.fma(decay, old, a.mul(key, value));
        return a.state(next);
      });
      states[t] = s;
      const now = s;
      for (let j = 0; j < e; j++) {
        output[t * e + j] = dot(
          a,
          d,
          (i) => q[t * d + i]!,
          (i) => now[i * e + j]!,
          0,
        );
      }
    }
    const [dq, dk, dv] = [new Float64Array(length * d), new Float64Array(length * d), new Float64Array(length * e)];
    const dGates = new Float64Array(length);
    let r = head.dState;
    for (let t = length - 1; t >= 0; t--) {
      const now = states[t]!;
      const before = t === 0 ? head.s0 : states[t - 1]!;
      r = r.map((old, at) => a.fma(q[t * d + Math.floor(at / e)]!, dOutput[t * e + (at % e)]!, old));
      const all = r;
      for (let i = 0; i < d; i++) {
        dq[t * d + i] = dot(
          a,
          e,
          (j) => now[i * e + j]!,
          (j) => dOutput[t * e + j]!,
          0,
        );
        dk[t * d + i] = dot(
          a,
          e,
          (j) => all[i * e + j]!,
          (j) => v[t * e + j]!,
          0,
        );
      }
      for (let j = 0; j < e; j++) {
        dv[t * e + j] = dot(
          a,
          d,
          (i) => all[i * e + j]!,
          (i) => k[t * d + i]!,
          0,
        );
      }
      if (decays === null) continue;
      const decay = decays[t]!;
      dGates[t] = dot(
        a,
        d * e,
        (at) => all[at]!,
        (at) => a.mul(decay, before[at]!),
        0,
      );
      r = all.map((x) => a.state(a.mul(decay, x)));
    }
    const state = s;
    const answer = { output, state, dq, dk, dv, ds0: r };
    if (!head.gates) return answer;
    return { ...answer, dGates: gateGradient === 'direct' ? dGates : gateDifferences(a, head, answer) };
  };
}
