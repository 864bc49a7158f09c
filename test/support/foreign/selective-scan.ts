/** @file Foreign programs of the selective scan. */
import type { Arithmetic } from './arithmetic.ts';
import { cotangent, type Foreign, type Kernel, need, type Tensor } from './program.ts';
import { byWorkers, doublingFromStart, type Scan, scanned, sequential, upAndDown } from './scans.ts';
import { type Dot, inOrder, pairwise, reversed } from './sums.ts';

/** How the kernel rounds and differentiates. */
interface How {
  readonly scan: Scan;
  readonly dot?: Dot;
  /** `exp`: exp(Δ A); `exp2`: 2^(Δ (A log₂ e)). */
  readonly decay?: 'exp' | 'exp2';
  /** The drive Δ B u as (Δ u) B or as Δ (B u). */
  readonly drive?: 'stepFirst' | 'mapFirst';
  /** a h_{t−1} in gradients: multiplied again, or h_t − Δ B u as in Mamba's kernel. */
  readonly carried?: 'multiplied' | 'subtracted';
  readonly softplus?: 'direct' | 'stable';
  readonly silu?: 'quotient' | 'product';
}

/** The place of B or C for a batch entry, token and channel. */
function rowOf({ shape }: Tensor, layout: string, channels: number, length: number) {
  const n = shape.at(-1)!;
  const groups = layout === 'group' ? shape[2]! : 1;
  return (b: number, t: number, e: number): number => {
    if (layout === 'constant') return e * n;
    return ((b * length + t) * groups + (layout === 'token' ? 0 : Math.floor((e * groups) / channels))) * n;
  };
}

/** softplus(x): log(1 + exp x), which is x above 20 where the type cannot tell, or without overflow. */
function softplusOf(a: Arithmetic, kind: How['softplus'], x: number): number {
  if (kind === 'stable') return a.add(Math.max(x, 0), a.log1p(a.exp(-Math.abs(x))));
  return x > (a.add(1, 2 ** -28) === 1 ? 20 : 700) ? x : a.log1p(a.exp(x));
}

const sigmoidOf = (a: Arithmetic, x: number): number => a.div(1, a.add(1, a.exp(-x)));

/** Makes the kernel: one worker a channel and state. */
function selectiveKernel(how: How): Kernel {
  const { scan, dot = inOrder, decay = 'exp', drive = 'stepFirst', carried = 'multiplied' } = how;
  return (call, a) => {
    const { b: layoutB, c: layoutC, deltaSoftplus } = call.settings as { b: string; c: string; deltaSoftplus: boolean };
    const [u, delta, A, state] = [need(call, 'u'), need(call, 'delta'), need(call, 'a').data, need(call, 'state').data];
    const [B, C] = [need(call, `${layoutB}B`), need(call, `${layoutC}C`)];
    const { skip, z, deltaBias } = call.inputs;
    const [batch, length, channels] = u.shape as [number, number, number];
    const n = B.shape.at(-1)!;
    const [rowB, rowC] = [rowOf(B, layoutB, channels, length), rowOf(C, layoutC, channels, length)];
    const [dOutput, dLast] = [cotangent(call, 'output'), cotangent(call, 'state')];
    const like = (x: Float64Array): Float64Array => new Float64Array(x.length);
    const [output, last, du, dDelta, dA, dState] = [
      like(u.data),
      like(state),
      like(u.data),
      like(u.data),
      like(A),
      like(state),
    ];
    const [dB, dC, dSkip, dBias, dz] = [
      like(B.data),
      like(C.data),
      new Float64Array(channels),
      new Float64Array(channels),
      like(u.data),
    ];
    const add = (x: Float64Array, at: number, value: number): void => {
      x[at] = a.add(x[at]!, value);
    };
    for (let row = 0; row < batch * channels; row++) {
      const [b, e] = [Math.floor(row / channels), row % channels];
      const at = (t: number): number => (b * length + t) * channels + e;
      const raw = Float64Array.from({ length }, (_, t) =>
        deltaBias ? a.add(delta.data[at(t)]!, deltaBias.data[e]!) : delta.data[at(t)]!,
      );
      const step = deltaSoftplus ? raw.map((x) => softplusOf(a, how.softplus, x)) : raw;
      const y = new Float64Array(length);
      const dy = new Float64Array(length);
      const gates = Float64Array.from({ length }, (_, t) => (z ? sigmoidOf(a, z.data[at(t)]!) : 0));
      for (let t = 0; t < length; t++) {
        const own = dOutput[at(t)]!;
        if (z === undefined) dy[t] = own;
        else if (how.silu === 'product') dy[t] = a.mul(own, a.mul(z.data[at(t)]!, gates[t]!));
        else dy[t] = a.mul(own, a.div(z.data[at(t)]!, a.add(1, a.exp(-z.data[at(t)]!))));
      }
      const states: Float64Array[] = [];
      const dStep = new Float64Array(length);
      const dInput = new Float64Array(length);
      for (let i = 0; i < n; i++) {
        const rate = A[e * n + i]!;
        const perStep = decay === 'exp' ? rate : a.mul(rate, a.constant(Math.LOG2E));
        const decays = step.map((x) => a.decay(decay === 'exp' ? a.exp(a.mul(x, rate)) : a.exp2(a.mul(x, perStep))));
        const drives = step.map((x, t) => {
          const [input, map] = [u.data[at(t)]!, B.data[rowB(b, t, e) + i]!];
          return drive === 'stepFirst' ? a.mul(a.mul(x, input), map) : a.mul(x, a.mul(map, input));
        });
        const start = state[row * n + i]!;
        const ofStates = dy.map((x, t) => a.mul(x, C.data[rowC(b, t, e) + i]!));
        const { h, r, dStart } = scanned(a, scan, { decays, drives, start }, ofStates, dLast[row * n + i]!);
        states.push(h);
        last[row * n + i] = h.at(-1) ?? start;
        dState[row * n + i] = dStart;
        for (let t = 0; t < length; t++) {
          const [input, map] = [u.data[at(t)]!, B.data[rowB(b, t, e) + i]!];
          const before = t === 0 ? start : h[t - 1]!;
          const kept = carried === 'multiplied' ? a.mul(decays[t]!, before) : a.sub(h[t]!, drives[t]!);
          const ofKept = a.mul(r[t]!, kept);
          add(dA, e * n + i, a.mul(ofKept, step[t]!));
          dStep[t] = a.fma(ofKept, rate, a.fma(r[t]!, a.mul(map, input), dStep[t]!));
          add(dB, rowB(b, t, e) + i, a.mul(r[t]!, a.mul(step[t]!, input)));
          add(dC, rowC(b, t, e) + i, a.mul(dy[t]!, h[t]!));
          dInput[t] = a.fma(r[t]!, a.mul(step[t]!, map), dInput[t]!);
        }
      }
      for (let t = 0; t < length; t++) {
        const direct = skip ? a.mul(skip.data[e]!, u.data[at(t)]!) : 0;
        y[t] = dot(
          a,
          n,
          (i) => C.data[rowC(b, t, e) + i]!,
          (i) => states[i]![t]!,
          direct,
        );
        du[at(t)] = skip ? a.fma(dy[t]!, skip.data[e]!, dInput[t]!) : dInput[t]!;
        if (skip) add(dSkip, e, a.mul(dy[t]!, u.data[at(t)]!));
        output[at(t)] = y[t]!;
        if (z) {
          const [gate, own] = [gates[t]!, z.data[at(t)]!];
          output[at(t)] = a.mul(y[t]!, how.silu === 'product' ? a.mul(own, gate) : a.div(own, a.add(1, a.exp(-own))));
          // silu′(z) = σ (1 + z (1 − σ))
          const slope = a.mul(gate, a.fma(own, a.sub(1, gate), 1));
          dz[at(t)] = a.mul(a.mul(dOutput[at(t)]!, y[t]!), slope);
        }
        const ofRaw = deltaSoftplus ? a.mul(dStep[t]!, sigmoidOf(a, raw[t]!)) : dStep[t]!;
        dDelta[at(t)] = ofRaw;
        add(dBias, e, ofRaw);
      }
    }
    const gradients: Record<string, Float64Array> = { u: du, delta: dDelta, a: dA, state: dState };
    gradients[`${layoutB}B`] = dB;
    gradients[`${layoutC}C`] = dC;
    if (skip) gradients.skip = dSkip;
    if (z) gradients.z = dz;
    if (deltaBias) gradients.deltaBias = dBias;
    return {
      'out/output': output.map(a.out),
      'out/state': last.map(a.out),
      ...Object.fromEntries(Object.entries(gradients).map(([name, x]) => [`grad/${name}`, x.map(a.out)])),
    };
  };
}

const program = (name: string, modes: readonly string[], says: string, how: How): Foreign => ({
  name,
  operator: 'selectiveScan',
  modes,
  says,
  run: selectiveKernel(how),
});

/** Foreign programs of the selective scan. */
export const selectiveScans: readonly Foreign[] = [
  program('state update', ['recurrent', 'scan'], 'token by token; channels summed from the last', {
    scan: sequential,
    dot: reversed,
    softplus: 'stable',
  }),
  program('fused scan, exp2', ['scan', 'logStep', 'chunkwise'], '2^(Δ (A log₂ e)), four tokens a worker', {
    scan: byWorkers,
    decay: 'exp2',
    softplus: 'direct',
  }),
  {
    ...program('fused scan, carried states subtracted', ['scan', 'logStep', 'chunkwise'], 'a h_{t−1} as h_t − Δ B u', {
      scan: byWorkers,
      decay: 'exp2',
      carried: 'subtracted',
      softplus: 'direct',
    }),
    loses: 'gradients of steps and rates, where a decay is small and the drive cancels',
  },
  program('Blelloch', ['scan', 'logStep'], 'a tree up and down; Δ (B u)', {
    scan: upAndDown,
    drive: 'mapFirst',
    dot: pairwise,
    silu: 'product',
  }),
  program('doubling from the state', ['scan', 'logStep', 'chunkwise'], 'pairs by doubling, the state in the first', {
    scan: doublingFromStart,
    silu: 'product',
    softplus: 'stable',
  }),
];
