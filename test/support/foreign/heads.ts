/** @file Runs kernels of one head on every head of linear attention, gated linear attention, retention and state space duality. */
import type { Arithmetic } from './arithmetic.ts';
import { type Call, cotangent, type Kernel, need } from './program.ts';

/** One head of one sequence: S_t = decay_t S_{t−1} + k_tᵀ v_t, o_t = q_t S_t. */
export interface Head {
  readonly length: number;
  /** The widths of keys and of values. */
  readonly d: number;
  readonly e: number;
  /** [t, d] */
  readonly q: Float64Array;
  readonly k: Float64Array;
  /** [t, e] */
  readonly v: Float64Array;
  /** [d, e] */
  readonly s0: Float64Array;
  /** The cotangents of outputs [t, e] and of the last state [d, e]. */
  readonly dOutput: Float64Array;
  readonly dState: Float64Array;
  /** The logarithms of the decays [t], if they are inputs. */
  readonly gates?: Float64Array;
  /** The decay of all tokens, if it is a setting. */
  readonly gamma?: number;
  /** The chunk size asked for. */
  readonly chunk: number;
}

/** The outputs and gradients of a head, in its shapes. */
export interface HeadNumbers {
  readonly output: Float64Array;
  readonly state: Float64Array;
  readonly dq: Float64Array;
  readonly dk: Float64Array;
  readonly dv: Float64Array;
  readonly ds0: Float64Array;
  readonly dGates?: Float64Array;
}

/** A kernel of one head. */
export type HeadKernel = (head: Head, a: Arithmetic) => HeadNumbers;

/** Names of a head's tensors in an operator; `isDual` if the state is [e, d]. */
interface Names {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly isDual: boolean;
}

const attention: Names = { q: 'q', k: 'k', v: 'v', isDual: false };
const duality: Names = { q: 'c', k: 'b', v: 'x', isDual: true };

const flipped = (x: Float64Array, rows: number, columns: number): Float64Array =>
  x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);

/** Runs a kernel of one head for all heads. Heads that share keys and queries add their gradients. */
function onHeads(names: Names, kernel: HeadKernel): Kernel {
  return (call, a) => {
    const [q, k, v, state] = [names.q, names.k, names.v, 'state'].map((name) => need(call, name));
    const [batch, heads, length, e] = v!.shape as [number, number, number, number];
    const [, groups, , d] = q!.shape as [number, number, number, number];
    const gate = call.inputs.gate?.data;
    const gammas = call.settings.decay as readonly number[] | undefined;
    const numbers = {
      output: new Float64Array(v!.data.length),
      state: new Float64Array(state!.data.length),
      q: new Float64Array(q!.data.length),
      k: new Float64Array(k!.data.length),
      v: new Float64Array(v!.data.length),
      s0: new Float64Array(state!.data.length),
      gate: new Float64Array(batch * heads * length),
    };
    const turned = (x: Float64Array, rows: number, columns: number): Float64Array =>
      names.isDual ? flipped(x, rows, columns) : x;
    for (let row = 0; row < batch * heads; row++) {
      const h = row % heads;
      const group = ((row - h) / heads) * groups + Math.floor((h * groups) / heads);
      const part = (x: Float64Array, at: number, size: number): Float64Array => x.slice(at * size, (at + 1) * size);
      const answer = kernel(
        {
          length,
          d,
          e,
          q: part(q!.data, group, length * d),
          k: part(k!.data, group, length * d),
          v: part(v!.data, row, length * e),
          s0: turned(part(state!.data, row, d * e), e, d),
          dOutput: part(cotangent(call, 'output'), row, length * e),
          dState: turned(part(cotangent(call, 'state'), row, d * e), e, d),
          ...(gate && { gates: part(gate, row, length) }),
          ...(gammas && { gamma: gammas[h]! }),
          chunk: call.settings.chunkSize as number,
        },
        a,
      );
      const put = (x: Float64Array, at: number, own: Float64Array): void => x.set(own, at * own.length);
      const add = (x: Float64Array, at: number, own: Float64Array): void =>
        own.forEach((value, i) => {
          x[at * own.length + i] = a.add(x[at * own.length + i]!, value);
        });
      put(numbers.output, row, answer.output);
      put(numbers.state, row, turned(answer.state, d, e));
      add(numbers.q, group, answer.dq);
      add(numbers.k, group, answer.dk);
      put(numbers.v, row, answer.dv);
      put(numbers.s0, row, turned(answer.ds0, d, e));
      if (answer.dGates) put(numbers.gate, row, answer.dGates);
    }
    const { output, state: last, ...gradients } = numbers;
    return {
      'out/output': output.map(a.out),
      'out/state': last.map(a.out),
      [`grad/${names.q}`]: gradients.q.map(a.out),
      [`grad/${names.k}`]: gradients.k.map(a.out),
      [`grad/${names.v}`]: gradients.v.map(a.out),
      'grad/state': gradients.s0.map(a.out),
      ...(gate && { 'grad/gate': gradients.gate.map(a.out) }),
    };
  };
}

/** A kernel of linear attention, gated linear attention or retention. */
export const asAttention = (kernel: HeadKernel): Kernel => onHeads(attention, kernel);

/** A kernel of state space duality: queries C, keys B and values x. */
export const asDuality = (kernel: HeadKernel): Kernel => onHeads(duality, kernel);

/** Retention by a kernel for gates: the gate of each token is log γ, and its gradient is not asked for. */
export const byGates =
  (kernel: HeadKernel): HeadKernel =>
  ({ gamma, ...head }, a) => {
    const gate = a.constant(Math.log(gamma ?? 1));
    const { dGates: _, ...answer } = kernel({ ...head, gates: new Float64Array(head.length).fill(gate) }, a);
    return answer;
  };

/** Declines gates of −∞, which leave ∞ − ∞ in sums of gates. */
export const withoutResets = ({ inputs }: Call): boolean =>
  inputs.gate === undefined || inputs.gate.data.every(Number.isFinite);

/** Declines decays of 0, which have no logarithm. */
export const withoutZeroDecays = ({ settings }: Call): boolean =>
  (settings.decay as readonly number[] | undefined)?.every((gamma) => gamma > 0) ?? true;
