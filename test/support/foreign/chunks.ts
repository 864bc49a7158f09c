/** @file A kernel of one head that computes chunks by matrix products: masked scores within, a carried state between. */
import type { Arithmetic } from './arithmetic.ts';
import type { Head, HeadKernel } from './heads.ts';
import { type Dot, inOrder, product, rowsOf, transposed } from './sums.ts';
import { gateDifferences, gatesByOutputs, gateTotals } from './token-by-token.ts';

/** The decays between tokens of a chunk of some length. */
interface Decays {
  /** From after token j to token i ≥ j. */
  between(i: number, j: number): number;
  /** From the state before the chunk to token i. */
  fromStart(i: number): number;
  /** From after token j to the end. */
  toEnd(j: number): number;
}

/** Computes the decays of the tokens from `from` to below `to`. */
export type DecaysOf = (a: Arithmetic, head: Head, from: number, to: number) => Decays;

/** No decay. */
export const noDecays: DecaysOf = () => ({ between: () => 1, fromStart: () => 1, toEnd: () => 1 });

/** exp of differences of cumulated gates, as gated kernels do. */
export const cumulated: DecaysOf = (a, { gates }, from, to) => {
  const sums: number[] = [];
  for (let t = from; t < to; t++) sums.push(a.add(sums.at(-1) ?? 0, gates![t]!));
  const decay = (x: number): number => a.decay(a.exp(x));
  return {
    between: (i, j) => decay(a.sub(sums[i]!, sums[j]!)),
    fromStart: (i) => decay(sums[i]!),
    toEnd: (j) => decay(a.sub(sums.at(-1)!, sums[j]!)),
  };
};

/**
 * exp of differences of multiples of a gate that all tokens share. Contracted to multiply-add, a difference has one rounded product, so
 * the decay of a token on itself isn't exactly 1.
 */
export const multiplied: DecaysOf = (a, { gates }, from, to) => {
  const gate = gates![0]!;
  const decay = (n: number, before: number): number => a.decay(a.exp(a.fma(gate, n, -a.mul(gate, before))));
  return {
    between: (i, j) => decay(i + 1, j + 1),
    fromStart: (i) => decay(i + 1, 0),
    toEnd: (j) => decay(to - from, j + 1),
  };
};

/** exp of the gates summed over each segment: Mamba-2's segsum. It never subtracts. */
export const segments: DecaysOf = (a, { gates }, from, to) => {
  const decay = (first: number, end: number): number => {
    let total = 0;
    for (let t = from + first; t < from + end; t++) total = a.add(total, gates![t]!);
    return a.decay(a.exp(total));
  };
  return {
    between: (i, j) => decay(j + 1, i + 1),
    fromStart: (i) => decay(0, i + 1),
    toEnd: (j) => decay(j + 1, to - from),
  };
};

/** Products of exp of the gates. */
export const products: DecaysOf = (a, { gates, gamma }, from, to) => {
  const own: number[] = [];
  for (let t = from; t < to; t++) own.push(gates ? a.exp(gates[t]!) : a.constant(gamma ?? 1));
  const decay = (first: number, end: number): number => {
    let total = 1;
    for (let t = first; t < end; t++) total = a.mul(total, own[t]!);
    return a.decay(total);
  };
  return {
    between: (i, j) => decay(j + 1, i + 1),
    fromStart: (i) => decay(0, i + 1),
    toEnd: (j) => decay(j + 1, to - from),
  };
};

const byPowers =
  (powerOf: (a: Arithmetic, gamma: number) => (n: number) => number): DecaysOf =>
  (a, { gamma }, from, to) => {
    const power = powerOf(a, gamma ?? 1);
    const decay = (n: number): number => a.decay(power(n));
    return {
      between: (i, j) => decay(i - j),
      fromStart: (i) => decay(i + 1),
      toEnd: (j) => decay(to - from - 1 - j),
    };
  };

/** γ^n from a table computed in double precision. */
export const tables = byPowers((a, gamma) => (n) => a.constant(gamma ** n));

/** γ^n as 2^(n log₂ γ). */
export const exponentials = byPowers((a, gamma) => {
  const log = a.constant(Math.log2(gamma));
  return (n) => (n === 0 ? 1 : a.exp2(a.mul(n, log)));
});

/** γ^n by repeated squaring. */
export const squarings = byPowers((a, gamma) => (n) => {
  let [result, square] = [1, a.constant(gamma)];
  for (let rest = n; rest > 0; rest >>= 1) {
    if (rest % 2 === 1) result = a.mul(result, square);
    square = a.mul(square, square);
  }
  return result;
});

/** How the kernel rounds and differentiates. */
export interface Chunks {
  /** Its own chunk size, which may differ from the one asked for. */
  readonly size: (head: Head) => number;
  readonly decays: DecaysOf;
  readonly dot?: Dot;
  /** `into`: products are added into the decayed state; `apart`: their sum is added to it. */
  readonly carry?: 'into' | 'apart';
  /** What is decayed before the product with the state: queries and keys, or the results and values. */
  readonly scales?: 'keys' | 'values';
  /**
   * `segments`: sums what each gate decays; `cumulated`: as the derivative of differences of cumulated gates; `difference`: the
   * reversed cumulative sum of q·dq − k·dk over the whole sequence; `total`: the total less the cumulative sum;
   * `outputs`: the reversed cumulative sum of o·do − v·dv, of stored numbers.
   */
  readonly gateGradient?: 'segments' | 'cumulated' | 'difference' | 'total' | 'outputs';
}

/** The whole sequence as one chunk. */
export const wholeSequence = ({ length }: Head): number => Math.max(1, length);

/** Makes the kernel. */
export function inChunks(how: Chunks): HeadKernel {
  const { size, decays, dot = inOrder, carry = 'into', scales = 'values', gateGradient = 'segments' } = how;
  return (head, a) => {
    const { length, d, e } = head;
    const output = new Float64Array(length * e);
    const gradients = {
      dq: new Float64Array(length * d),
      dk: new Float64Array(length * d),
      dv: new Float64Array(length * e),
    };
    const dGates = new Float64Array(length);
    const starts: { readonly from: number; readonly to: number; readonly s: Float64Array }[] = [];
    let s = head.s0;
    for (let from = 0; from < length; from += size(head)) {
      const to = Math.min(length, from + size(head));
      starts.push({ from, to, s });
      const chunk = chunkOf(head, a, decays, dot, from, to);
      output.set(chunk.outputs(s, scales), from * e);
      s = chunk.next(s, scales, carry);
    }
    let r = head.dState;
    for (const { from, to, s: before } of starts.toReversed()) {
      const chunk = chunkOf(head, a, decays, dot, from, to);
      const own = chunk.backward(before, r);
      gradients.dq.set(own.dq, from * d);
      gradients.dk.set(own.dk, from * d);
      gradients.dv.set(own.dv, from * e);
      if (head.gates) dGates.set(gateGradient === 'cumulated' ? own.cumulated() : own.segments(), from);
      r = own.r;
    }
    const answer = { output, state: s, ...gradients, ds0: r };
    if (!head.gates) return answer;
    const byDifferences = { difference: gateDifferences, total: gateTotals, outputs: gatesByOutputs }[
      gateGradient as string
    ];
    return { ...answer, dGates: byDifferences?.(a, head, answer) ?? dGates };
  };
}

/** The steps of one chunk. */
function chunkOf(head: Head, a: Arithmetic, decays: DecaysOf, dot: Dot, from: number, to: number) {
  const { d, e } = head;
  const n = to - from;
  const cut = (x: Float64Array, width: number): Float64Array => x.slice(from * width, to * width);
  const [q, k, v, dOutput] = [cut(head.q, d), cut(head.k, d), cut(head.v, e), cut(head.dOutput, e)];
  const decay = decays(a, head, from, to);
  const hasDecay = decays !== noDecays;
  const times = (x: number, by: number): number => (hasDecay ? a.mul(x, by) : x);
  const whole = n === 0 ? 1 : decay.fromStart(n - 1);
  const masked = (x: Float64Array): Float64Array =>
    x.map((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return j > i ? 0 : a.score(times(value, decay.between(i, j)));
    });
  const scores = masked(product(a, [n, d, n], rowsOf(q, d), transposed(k, d), { dot }));
  const decayedKey = (j: number, i: number): number => times(k[j * d + i]!, decay.toEnd(j));
  const decayedValue = (j: number, i: number): number => times(v[j * e + i]!, decay.toEnd(j));

  return {
    outputs(s: Float64Array, scales: 'keys' | 'values'): Float64Array {
      const decayed: (i: number, c: number) => number = (i, c) => times(q[i * d + c]!, decay.fromStart(i));
      const inter =
        scales === 'keys'
          ? product(a, [n, d, e], decayed, rowsOf(s, e), { dot })
          : product(a, [n, d, e], rowsOf(q, d), rowsOf(s, e), { dot }).map((x, at) =>
              times(x, decay.fromStart(Math.floor(at / e))),
            );
      return product(a, [n, n, e], rowsOf(scores, n), rowsOf(v, e), { start: rowsOf(inter, e), dot });
    },

    next(s: Float64Array, scales: 'keys' | 'values', carry: 'into' | 'apart'): Float64Array {
      const key = (i: number, j: number): number => (scales === 'keys' ? decayedKey(j, i) : k[j * d + i]!);
      const value = (j: number, c: number): number => (scales === 'keys' ? v[j * e + c]! : decayedValue(j, c));
      const decayed = s.map((x) => times(x, whole));
      if (carry === 'into') return product(a, [d, n, e], key, value, { start: rowsOf(decayed, e), dot }).map(a.state);
      return product(a, [d, n, e], key, value, { dot }).map((x, at) => a.state(a.add(decayed[at]!, x)));
    },

    /** Gradients, from the state before the chunk and the cotangent r of the state after it. */
    backward(s: Float64Array, r: Float64Array) {
      const dScores = masked(product(a, [n, e, n], rowsOf(dOutput, e), transposed(v, e), { dot }));
      const dKeyed = product(a, [n, e, d], decayedValue, transposed(r, e), { dot });
      const dRead = product(a, [n, e, d], rowsOf(dOutput, e), transposed(s, e), { dot }).map((x, at) =>
        times(x, decay.fromStart(Math.floor(at / d))),
      );
      const dWritten = product(a, [n, d, e], rowsOf(k, d), rowsOf(r, e), { dot }).map((x, at) =>
        times(x, decay.toEnd(Math.floor(at / e))),
      );
      const dq = product(a, [n, n, d], rowsOf(dScores, n), rowsOf(k, d), { start: rowsOf(dRead, d), dot });
      const dk = product(a, [n, n, d], transposed(dScores, n), rowsOf(q, d), { start: rowsOf(dKeyed, d), dot });
      const dv = product(a, [n, n, e], transposed(scores, n), rowsOf(dOutput, e), { start: rowsOf(dWritten, e), dot });
      const decayedOut = (i: number, c: number): number => times(dOutput[i * e + c]!, decay.fromStart(i));
      const next = product(a, [d, n, e], transposed(q, d), decayedOut, {
        start: (i, c) => times(r[i * e + c]!, whole),
        dot,
      });

      /** What each segment gives to the gates in it: [first gate, gate after the last, gradient of its logarithm]. */
      const spans = (): [number, number, number][] => {
        const all: [number, number, number][] = [];
        const raw = product(a, [n, e, n], rowsOf(dOutput, e), transposed(v, e), { dot });
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) all.push([j + 1, i + 1, a.mul(raw[i * n + j]!, scores[i * n + j]!)]);
          all.push([
            0,
            i + 1,
            dot(
              a,
              d,
              (c) => q[i * d + c]!,
              (c) => dRead[i * d + c]!,
              0,
            ),
          ]);
          all.push([
            i + 1,
            n,
            dot(
              a,
              e,
              (c) => v[i * e + c]!,
              (c) => dWritten[i * e + c]!,
              0,
            ),
          ]);
        }
        all.push([
          0,
          n,
          dot(
            a,
            d * e,
            (at) => a.mul(whole, s[at]!),
            (at) => r[at]!,
            0,
          ),
        ]);
        return all;
      };
      return {
        dq,
        dk,
        dv,
        r: next.map(a.state),
        segments(): Float64Array {
          const gradient = new Float64Array(n);
          for (const [first, end, x] of spans()) {
            for (let t = first; t < end; t++) gradient[t] = a.add(gradient[t]!, x);
          }
          return gradient;
        },
        cumulated(): Float64Array {
          const ofSums = new Float64Array(n + 1);
          for (const [first, end, x] of spans()) {
            ofSums[end] = a.add(ofSums[end]!, x);
            ofSums[first] = a.sub(ofSums[first]!, x);
          }
          // the cumulated gate before token t is at t, so the sum of all later ones has its gradient
          let total = 0;
          const gradient = new Float64Array(n);
          for (let t = n - 1; t >= 0; t--) {
            total = a.add(total, ofSums[t + 1]!);
            gradient[t] = total;
          }
          return gradient;
        },
      };
    },
  };
}
