/** @file Foreign programs of retention and linear attention with divisors, made of kernels without. */
import type { Arithmetic } from './arithmetic.ts';
import { exponentials, inChunks, noDecays, tables, wholeSequence } from './chunks.ts';
import { asAttention, type Head, type HeadKernel, withoutZeroDecays } from './heads.ts';
import { type Call, cotangent, type Foreign, type Kernel, type Numbers, need, type Tensor } from './program.ts';
import { pairwise, splitK } from './sums.ts';
import { tokenByToken } from './token-by-token.ts';

/** 1/√λ_t of each token, λ_t = Σ_{i ≤ position + t} γ^i. */
type Roots = (a: Arithmetic, gamma: number, position: number, length: number) => number[];

/** λ by a running sum, λ ← γ λ + 1, and the approximate reciprocal root. */
const running: Roots = (a, gamma, position, length) => {
  const [roots, decay] = [[] as number[], a.constant(gamma)];
  let sum = 0;
  for (let t = 0; t < position + length; t++) {
    sum = a.fma(sum, decay, 1);
    if (t >= position) roots.push(a.rsqrt(sum));
  }
  return roots;
};

/** λ summed in double precision, its root and a division. */
const tabled: Roots = (a, gamma, position, length) =>
  Array.from({ length }, (_, t) => {
    let sum = 0;
    for (let i = 0; i <= position + t; i++) sum += gamma ** i;
    return a.div(1, a.sqrt(a.constant(sum)));
  });

/** Divides rows of a kernel: scales its queries, or its outputs. */
const divided =
  (kernel: HeadKernel, roots: Roots, what: 'queries' | 'outputs', position: number): HeadKernel =>
  (head, a) => {
    const all = roots(a, head.gamma ?? 1, position, head.length);
    const scaled = (x: Float64Array, width: number): Float64Array =>
      x.map((value, at) => a.mul(value, all[Math.floor(at / width)]!));
    if (what === 'queries') {
      const answer = kernel({ ...head, q: scaled(head.q, head.d) }, a);
      return { ...answer, dq: scaled(answer.dq, head.d) };
    }
    const answer = kernel({ ...head, dOutput: scaled(head.dOutput, head.e) }, a);
    return { ...answer, output: scaled(answer.output, head.e) };
  };

const byDecay =
  (kernel: HeadKernel, roots: Roots, what: 'queries' | 'outputs'): Kernel =>
  (call, a) =>
    asAttention(divided(kernel, roots, what, call.settings.position as number))(call, a);

const epsilon = 1e-10;

/** Puts the sum of keys into the state: a last value of 1 at each token, and the divisor as a last output. */
function withOnes(kernel: HeadKernel, divide: 'quotient' | 'reciprocal'): Kernel {
  return (call, a) => {
    const { k, v, state, keySum } = Object.fromEntries(
      ['k', 'v', 'state', 'keySum'].map((name) => [name, need(call, name)]),
    ) as Readonly<Record<'k' | 'v' | 'state' | 'keySum', ReturnType<typeof need>>>;
    const [batch, heads, length, d] = k.shape as [number, number, number, number];
    const e = v.shape[3]!;
    const widened = (x: Float64Array, last: (row: number) => number): Float64Array =>
      Float64Array.from({ length: (x.length / e) * (e + 1) }, (_, at) => {
        const [row, column] = [Math.floor(at / (e + 1)), at % (e + 1)];
        return column === e ? last(row) : x[row * e + column]!;
      });
    const narrowed = (x: Float64Array): Float64Array => x.filter((_, at) => at % (e + 1) !== e);
    const lastOf = (x: Float64Array): Float64Array => x.filter((_, at) => at % (e + 1) === e);
    const [dOutput, dState, dSum] = ['output', 'state', 'keySum'].map((name) => cotangent(call, name)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const wide = (ofOutput: Float64Array): Call => ({
      settings: call.settings,
      inputs: {
        q: need(call, 'q'),
        k,
        v: { shape: [batch, heads, length, e + 1], data: widened(v.data, () => 1) },
        state: { shape: [batch, heads, d, e + 1], data: widened(state.data, (row) => keySum.data[row]!) },
      },
      cotangents: {
        output: { shape: [batch, heads, length, e + 1], data: ofOutput },
        state: { shape: [batch, heads, d, e + 1], data: widened(dState, (row) => dSum[row]!) },
      },
    });
    const inside: Arithmetic = { ...a, out: (x) => x };
    const none = new Float64Array(batch * heads * length * (e + 1));
    const forward = asAttention(kernel)(wide(none), inside)['out/output']!;
    const divisors = lastOf(forward).map((x) => a.add(x, a.constant(epsilon)));
    const by = (x: number, row: number): number =>
      divide === 'quotient' ? a.div(x, divisors[row]!) : a.mul(x, a.rcp(divisors[row]!));
    const output = narrowed(forward).map((x, at) => by(x, Math.floor(at / e)));
    const ofRows = dOutput.map((x, at) => by(x, Math.floor(at / e)));
    const ofDivisors = (row: number): number => {
      let total = 0;
      for (let c = row * e; c < (row + 1) * e; c++) total = a.fma(-ofRows[c]!, output[c]!, total);
      return total;
    };
    const answer = asAttention(kernel)(wide(widened(ofRows, ofDivisors)), inside);
    const numbers: Record<string, Float64Array> = {
      'out/output': output,
      'out/state': narrowed(answer['out/state']!),
      'out/keySum': lastOf(answer['out/state']!),
      'grad/q': answer['grad/q']!,
      'grad/k': answer['grad/k']!,
      'grad/v': narrowed(answer['grad/v']!),
      'grad/state': narrowed(answer['grad/state']!),
      'grad/keySum': lastOf(answer['grad/state']!),
    };
    return Object.fromEntries(Object.entries(numbers).map(([name, x]) => [name, x.map(a.out)]));
  };
}

/**
 * Divides what a kernel without divisors computes, in a second program that sums the keys itself. Between the programs all numbers are in
 * the type of outputs, and so are the two gradients of each query and key that are added in the end.
 */
const withDivisors =
  (kernel: HeadKernel): Kernel =>
  (call, a) => {
    const [q, k, keySum] = ['q', 'k', 'keySum'].map((name) => need(call, name)) as [Tensor, Tensor, Tensor];
    const [length, d] = k.shape.slice(2) as [number, number];
    const e = need(call, 'v').shape[3]!;
    const [heads, kept] = [k.data.length / (length * d || 1), (x: number): number => a.out(x)];
    const attention = (ofOutput: Float64Array): Numbers =>
      asAttention(kernel)(
        { ...call, cotangents: { ...call.cotangents, output: { ...call.cotangents.output!, data: ofOutput } } },
        a,
      );
    const dOutput = cotangent(call, 'output');
    const undivided = attention(dOutput);
    const sums = k.data.slice();
    const last = keySum.data.slice();
    for (let row = 0; row < keySum.data.length / d; row++) {
      for (let c = 0; c < d; c++) {
        let total = keySum.data[row * d + c]!;
        for (let at = row * length * d + c; at < (row + 1) * length * d; at += d) {
          total = a.add(total, k.data[at]!);
          sums[at] = kept(total);
        }
        last[row * d + c] = kept(total);
      }
    }
    const rowOf = (row: number, width: number, term: (at: number) => number): number => {
      let total = 0;
      for (let at = row * width; at < (row + 1) * width; at++) total = a.add(total, kept(term(at)));
      return kept(total);
    };
    const rows = Array.from({ length: heads * length }, (_, row) => row);
    const divisors = rows.map((row) =>
      kept(
        a.add(
          rowOf(row, d, (at) => a.mul(q.data[at]!, sums[at]!)),
          epsilon,
        ),
      ),
    );
    const divided = (x: Float64Array): Float64Array =>
      x.map((value, at) => kept(a.div(value, divisors[Math.floor(at / e)]!)));
    const output = divided(undivided['out/output']!);
    const ofRows = divided(dOutput);
    const ofDivisors = rows.map((row) => -rowOf(row, e, (at) => a.mul(ofRows[at]!, output[at]!)));
    const answer = attention(ofRows);
    const [dq, dk, dSum] = [answer['grad/q']!.slice(), answer['grad/k']!.slice(), last.slice()];
    for (let row = 0; row < keySum.data.length / d; row++) {
      for (let c = 0; c < d; c++) {
        let total = cotangent(call, 'keySum')[row * d + c]!;
        for (let t = length - 1; t >= 0; t--) {
          const [at, divisor] = [(row * length + t) * d + c, ofDivisors[row * length + t]!];
          total = a.add(total, kept(a.mul(divisor, q.data[at]!)));
          dq[at] = kept(a.add(dq[at]!, kept(a.mul(divisor, sums[at]!))));
          dk[at] = kept(a.add(dk[at]!, kept(total)));
        }
        dSum[row * d + c] = kept(total);
      }
    }
    return {
      ...answer,
      'out/output': output,
      'out/keySum': last,
      'grad/q': dq,
      'grad/k': dk,
      'grad/keySum': dSum,
    };
  };

const asked = ({ chunk }: Head): number => chunk;

const decayRetention: readonly Foreign[] = [
  {
    name: 'queries scaled',
    operator: 'decayRetention',
    modes: ['recurrent'],
    says: 'λ by a running sum; scales queries by its reciprocal root',
    run: byDecay(tokenByToken(), running, 'queries'),
  },
  {
    name: 'outputs scaled',
    operator: 'decayRetention',
    modes: ['parallel'],
    says: 'powers by exp2; divides the outputs',
    run: byDecay(inChunks({ size: wholeSequence, decays: exponentials, dot: pairwise }), tabled, 'outputs'),
    admits: withoutZeroDecays,
  },
  {
    name: 'chunks of 16, queries scaled',
    operator: 'decayRetention',
    modes: ['chunkwise'],
    says: 'powers from a table; scales queries',
    run: byDecay(inChunks({ size: () => 16, decays: tables }), tabled, 'queries'),
  },
];

/** Rows divided by the clamped sum of the sizes of their scores, which counts as a constant. The state does not read the past. */
const byScores =
  (kernel: HeadKernel): HeadKernel =>
  (head, a) => {
    const { length, d, e, q, k } = head;
    const roots = tabled(a, head.gamma ?? 1, 0, length);
    const scaledQ = q.map((value, at) => a.mul(value, roots[Math.floor(at / d)]!));
    const divisors = roots.map((_, t) => {
      let total = 0;
      for (let j = 0; j <= t; j++) {
        let score = 0;
        for (let c = 0; c < d; c++) score = a.fma(scaledQ[t * d + c]!, k[j * d + c]!, score);
        total = a.add(total, Math.abs(a.mul(score, a.constant((head.gamma ?? 1) ** (t - j)))));
      }
      return Math.min(5e4, Math.max(1, total));
    });
    const divided = (x: Float64Array): Float64Array =>
      x.map((value, at) => a.div(value, divisors[Math.floor(at / e)]!));
    const none = new Float64Array(d * e);
    const rows = kernel({ ...head, q: scaledQ, s0: none, dState: none, dOutput: divided(head.dOutput) }, a);
    const state = kernel({ ...head, dOutput: new Float64Array(length * e) }, a);
    const sum = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, at) => a.add(value, y[at]!));
    return {
      output: divided(rows.output),
      state: state.state,
      dq: rows.dq.map((value, at) => a.mul(value, roots[Math.floor(at / d)]!)),
      dk: sum(rows.dk, state.dk),
      dv: sum(rows.dv, state.dv),
      ds0: state.ds0,
    };
  };

const torchscale: readonly Foreign[] = [
  {
    name: 'scores summed first',
    operator: 'torchscaleRetention',
    modes: ['parallel'],
    says: 'scales queries; sums the sizes of scores; divides the outputs',
    run: asAttention(byScores(inChunks({ size: wholeSequence, decays: tables, dot: pairwise }))),
  },
  {
    name: 'outputs scaled',
    operator: 'torchscaleRetention',
    modes: ['recurrent'],
    says: 'λ by a running sum; scales outputs by its reciprocal root',
    run: asAttention(divided(tokenByToken({ update: 'written' }), running, 'outputs', 0)),
  },
];

const normalisedLinearAttention: readonly Foreign[] = [
  {
    name: 'a column of ones',
    operator: 'normalisedLinearAttention',
    modes: ['recurrent'],
    says: 'the sum of keys is a last column of the state; divides',
    run: withOnes(tokenByToken(), 'quotient'),
  },
  {
    name: 'a column of ones, chunks',
    operator: 'normalisedLinearAttention',
    modes: ['chunkwise'],
    says: 'the sum of keys is a last column of the state; multiplies by the reciprocal',
    run: withOnes(inChunks({ size: asked, decays: noDecays, dot: splitK }), 'reciprocal'),
  },
  {
    name: 'divisors apart',
    operator: 'normalisedLinearAttention',
    modes: ['recurrent'],
    says: 'divides in a second program, which sums the keys; keys and queries have two gradients, each of the type of outputs',
    run: withDivisors(tokenByToken()),
  },
  {
    name: 'divisors apart, chunks of 64',
    operator: 'normalisedLinearAttention',
    modes: ['chunkwise'],
    says: 'the same, with chunks of its own',
    run: withDivisors(inChunks({ size: () => 64, decays: noDecays })),
  },
  {
    name: 'a column of ones, masked scores',
    operator: 'normalisedLinearAttention',
    modes: ['parallel'],
    says: 'sums rows of scores as a last output; multiplies by the reciprocal',
    run: withOnes(inChunks({ size: wholeSequence, decays: noDecays, dot: pairwise }), 'reciprocal'),
  },
];

/** Foreign programs of retention and linear attention with divisors. */
export const normalised = [...decayRetention, ...torchscale, ...normalisedLinearAttention];
