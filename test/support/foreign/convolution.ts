/** @file Foreign programs of the causal depthwise convolution. */
import { cotangent, type Foreign, type Kernel, need } from './program.ts';
import { blocked, type Dot, inOrder, pairwise, reversed } from './sums.ts';

/** How the kernel rounds and differentiates. */
interface How {
  readonly dot: Dot;
  /** `first`: sums start at the bias; `last`: the bias is added to the sum. */
  readonly bias: 'first' | 'last';
  /** `window`: gradients of inputs start at the cotangent of the window; `outputs`: it is added at the end. */
  readonly backward: 'window' | 'outputs';
}

/** Makes the kernel: one worker a channel, over the inputs of the window and the sequence side by side. */
const convolutionKernel =
  ({ dot, bias, backward }: How): Kernel =>
  (call, a) => {
    const [x, weight, window] = [need(call, 'x'), need(call, 'weight').data, need(call, 'window').data];
    const offset = call.inputs.bias?.data;
    const isSilu = call.settings.activation === 'silu';
    const [batch, length, channels] = x.shape as [number, number, number];
    const taps = weight.length / channels;
    const [dOutput, dLast] = [cotangent(call, 'output'), cotangent(call, 'window')];
    const like = (y: Float64Array): Float64Array => new Float64Array(y.length);
    const [output, last, dx, dWindow, dWeight, dBias] = [
      like(x.data),
      like(window),
      like(x.data),
      like(window),
      like(weight),
      new Float64Array(channels),
    ];
    for (let row = 0; row < batch * channels; row++) {
      const [b, e] = [Math.floor(row / channels), row % channels];
      const at = (t: number): number => (b * length + t) * channels + e;
      const slot = (j: number): number => (b * taps + j) * channels + e;
      // entry taps + t is token t; token t reads the taps entries up to its own
      const all = Float64Array.from({ length: taps + length }, (_, i) =>
        i < taps ? window[slot(i)]! : x.data[at(i - taps)]!,
      );
      const tap = (j: number): number => weight[e * taps + j]!;
      // the cotangents of the sums before the activation
      const cotangents = new Float64Array(length);
      const cotangentOf = (t: number): number => cotangents[t]!;
      for (let t = 0; t < length; t++) {
        const start = offset !== undefined && bias === 'first' ? offset[e]! : 0;
        const sum = dot(a, taps, tap, (j) => all[t + 1 + j]!, start);
        const y = offset !== undefined && bias === 'last' ? a.add(sum, offset[e]!) : sum;
        const gate = isSilu ? a.div(1, a.add(1, a.exp(-y))) : 1;
        output[at(t)] = a.out(isSilu ? a.mul(y, gate) : y);
        const slope = isSilu ? a.mul(gate, a.add(1, a.mul(y, a.sub(1, gate)))) : 1;
        cotangents[t] = isSilu ? a.mul(dOutput[at(t)]!, slope) : dOutput[at(t)]!;
      }
      const ofLast = (i: number): number => (i < length ? 0 : dLast[slot(i - length)]!);
      all.forEach((_, i) => {
        // entry i is read by token t = i − 1 − j through tap j
        const readers = Array.from({ length: taps }, (__, j) => j).filter((j) => i - 1 - j >= 0 && i - 1 - j < length);
        const of = (start: number): number =>
          dot(
            a,
            readers.length,
            (k) => tap(readers[k]!),
            (k) => cotangentOf(i - 1 - readers[k]!),
            start,
          );
        const total = a.out(backward === 'window' ? of(ofLast(i)) : a.add(of(0), ofLast(i)));
        if (i < taps) dWindow[slot(i)] = total;
        else dx[at(i - taps)] = total;
      });
      for (let j = 0; j < taps; j++) {
        last[slot(j)] = a.out(all[length + j]!);
        dWeight[e * taps + j] = dot(a, length, cotangentOf, (t) => all[t + 1 + j]!, dWeight[e * taps + j]!);
      }
      for (let t = 0; t < length; t++) dBias[e] = a.add(dBias[e]!, cotangentOf(t));
    }
    return {
      'out/output': output,
      'out/window': last,
      'grad/x': dx,
      'grad/window': dWindow,
      'grad/weight': dWeight.map(a.out),
      ...(offset !== undefined && { 'grad/bias': dBias.map(a.out) }),
    };
  };

const program = (name: string, modes: readonly string[], says: string, how: How): Foreign => ({
  name,
  operator: 'depthwiseConvolution',
  modes,
  says,
  run: convolutionKernel(how),
});

/** Foreign programs of the convolution. */
export const convolutions: readonly Foreign[] = [
  program('update in place', ['recurrent'], 'the bias first, then taps from the oldest', {
    dot: inOrder,
    bias: 'first',
    backward: 'outputs',
  }),
  program(
    'taps from the newest',
    ['parallel', 'recurrent'],
    'the bias last; gradients start at the window’s cotangent',
    {
      dot: reversed,
      bias: 'last',
      backward: 'window',
    },
  ),
  program('image to columns', ['parallel'], 'a matrix of windows, summed by halves', {
    dot: pairwise,
    bias: 'last',
    backward: 'window',
  }),
  program('two taps at a time', ['parallel'], 'blocks of two taps, into the bias', {
    dot: blocked,
    bias: 'first',
    backward: 'outputs',
  }),
];
