/** @file Foreign programs of the convolution with a cache, the gated norm, rotary positions and the cross-entropy. */
import { type Activation, siluByPowers, siluByQuotient } from './activations.ts';
import { cotangent, type Foreign, type Kernel, need } from './program.ts';
import { type Dot, inOrder, pairwise, reversed, splitK } from './sums.ts';
import { type Num, type TapedProgram, taped } from './tape.ts';

/** Taps from the oldest or the newest, with the bias first or last. */
const convolutionBy =
  (bias: 'first' | 'last', silu: Activation): TapedProgram =>
  ({ inputs, indices, settings }, t) => {
    const [x, weight, window] = [inputs.x!, inputs.weight!, inputs.window!];
    const [batch, length, e] = x.shape as [number, number, number];
    const [s, taps] = [window.shape[1]!, weight.shape[1]!];
    const output: Num[] = new Array(batch * length * e);
    const last: Num[] = new Array(batch * s * e);
    for (let b = 0; b < batch; b++) {
      const position = indices.position?.data[b];
      // the row of the window in which token p, counted from the first new one, is
      const rowOf = (p: number): number => (position === undefined ? s + p : (((position + p) % s) + s) % s);
      for (let c = 0; c < e; c++) {
        const token = (p: number): Num =>
          p < 0 ? window.data[(b * s + rowOf(p)) * e + c]! : x.data[(b * length + p) * e + c]!;
        const filter = weight.data.slice(c * taps, (c + 1) * taps);
        const offset = inputs.bias?.data[c];
        for (let i = 0; i < length; i++) {
          const seen = filter.map((_, j) => token(i - taps + 1 + j));
          const sum = t.inner(filter, seen, bias === 'first' ? offset : undefined);
          const y = bias === 'last' && offset !== undefined ? t.add(sum, offset) : sum;
          output[(b * length + i) * e + c] = settings.activation === 'silu' ? t.apply(y, silu) : y;
        }
        for (let r = 0; r < s; r++) last[(b * s + r) * e + c] = window.data[(b * s + r) * e + c]!;
        if (position === undefined) for (let r = 0; r < s; r++) last[(b * s + r) * e + c] = token(r - s + length);
        else for (let p = Math.max(0, length - s); p < length; p++) last[(b * s + rowOf(p)) * e + c] = token(p);
      }
    }
    return { output, window: last };
  };

/** The norm of each group of channels, with the gate before or after it. */
const gatedNormBy =
  (silu: Activation, root: 'rsqrt' | 'quotient'): TapedProgram =>
  ({ inputs, settings }, t) => {
    const { epsilon, groups, normBeforeGate } = settings as {
      epsilon: number;
      groups: number;
      normBeforeGate: boolean;
    };
    const [x, z, weight] = [inputs.x!.data, inputs.z!.data, inputs.weight!.data];
    const width = weight.length / groups;
    const a = t.a;
    const inverse: Activation = (_, y) => {
      const r = root === 'rsqrt' ? a.rsqrt(y) : a.div(1, a.sqrt(y));
      return [r, a.mul(-0.5, a.mul(r, a.mul(r, r)))];
    };
    const output: Num[] = [];
    for (let from = 0; from < x.length; from += width) {
      const own = (of: readonly Num[]): Num[] => of.slice(from, from + width);
      const gates = own(z).map((one) => t.apply(one, silu));
      const inner = normBeforeGate ? own(x) : own(x).map((one, c) => t.mul(one, gates[c]!));
      const mean = t.apply(t.inner(inner, inner), (_, y) => [a.div(y, width), a.div(1, width)]);
      const factor = t.apply(t.add(mean, t.of(a.constant(epsilon))), inverse);
      inner.forEach((one, c) => {
        const normed = t.mul(t.mul(one, factor), weight[(from + c) % weight.length]!);
        output.push(normBeforeGate ? t.mul(normed, gates[c]!) : normed);
      });
    }
    return { output };
  };

/** Pairs of channels, turned by angles of positions times frequencies. */
const rotaryBy =
  (frequency: (a: Parameters<Kernel>[1], base: number, share: number) => number): TapedProgram =>
  ({ inputs, settings }, t) => {
    const { base, position, pairs } = settings as { base: number; position: number; pairs: 'neighbours' | 'halves' };
    const x = inputs.x!;
    const [length, d] = x.shape.slice(2) as [number, number];
    const [a, half] = [t.a, Math.floor(d / 2)];
    const output: Num[] = [...x.data];
    for (let at = 0; at < x.data.length; at += d) {
      const token = position + ((at / d) % length);
      for (let j = 0; j < half; j++) {
        const angle = a.mul(token, frequency(a, base, a.div(2 * j, 2 * half)));
        const [c, s] = [t.of(a.cos(angle)), t.of(a.sin(angle))];
        const places = pairs === 'neighbours' ? [2 * j, 2 * j + 1] : [j, j + half];
        const [first, second] = places.map((place) => x.data[at + place]!) as [Num, Num];
        output[at + places[0]!] = t.sub(t.mul(first, c), t.mul(second, s));
        output[at + places[1]!] = t.add(t.mul(second, c), t.mul(first, s));
      }
    }
    return { output };
  };

/** The loss from a running maximum over blocks of logits, and its gradient from the stored logarithm of the sum. */
const crossEntropyBy =
  (block: number, sums: Dot): Kernel =>
  (call, a) => {
    const [logits, tokens] = [need(call, 'logits'), need(call, 'tokens').data];
    const smoothing = a.constant(call.settings.smoothing as number);
    const v = logits.shape[2]!;
    const dOutput = cotangent(call, 'output');
    const [output, dLogits] = [new Float64Array(tokens.length), new Float64Array(logits.data.length)];
    tokens.forEach((token, i) => {
      const row = logits.data.slice(i * v, (i + 1) * v);
      let [most, total] = [Number.NEGATIVE_INFINITY, 0];
      for (let from = 0; from < v; from += block) {
        const part = row.slice(from, from + block);
        const larger = Math.max(most, ...part);
        const terms = part.map((x) => a.exp(a.sub(x, larger)));
        const own = sums(
          a,
          terms.length,
          (c) => terms[c]!,
          () => 1,
          0,
        );
        total = a.fma(total, a.exp(a.sub(most, larger)), own);
        most = larger;
      }
      const sum = a.add(most, a.log(total));
      const mean = a.div(
        sums(
          a,
          v,
          (c) => row[c]!,
          () => 1,
          0,
        ),
        v,
      );
      const plain = a.mul(a.sub(1, smoothing), a.sub(sum, row[token]!));
      output[i] = a.out(a.fma(smoothing, a.sub(sum, mean), plain));
      row.forEach((x, c) => {
        const share = a.exp(a.sub(x, sum));
        const target = a.add(c === token ? a.sub(1, smoothing) : 0, a.div(smoothing, v));
        dLogits[i * v + c] = a.out(a.mul(dOutput[i]!, a.sub(share, target)));
      });
    });
    return { 'out/output': output, 'grad/logits': dLogits };
  };

const program =
  (operator: string, modes: readonly string[]) =>
  (name: string, says: string, run: Kernel): Foreign => ({ name, operator, modes, says, run });

const indices = ['position'];
const step = program('convolutionStep', ['parallel', 'recurrent']);
const norm = program('gatedRmsNorm', ['whole', 'tokenwise']);
const rotary = program('rotary', ['whole', 'tokenwise']);
const loss = program('crossEntropy', ['whole', 'tokenwise']);

/** Foreign programs of what serves models. */
export const servings: readonly Foreign[] = [
  step('bias first', 'taps from the oldest, into the bias', taped(convolutionBy('first', siluByQuotient), { indices })),
  step(
    'bias last',
    'taps from the newest; silu by exp2',
    taped(convolutionBy('last', siluByPowers), { indices, sums: reversed }),
  ),
  norm('reciprocal root', 'sums by halves', taped(gatedNormBy(siluByQuotient, 'rsqrt'), { sums: pairwise })),
  norm('quotient', 'silu by exp2; split-K', taped(gatedNormBy(siluByPowers, 'quotient'), { sums: splitK })),
  rotary(
    'powers of the base',
    'frequencies as the reciprocal of a power',
    taped(rotaryBy((a, base, share) => a.div(1, a.constant(base ** share)))),
  ),
  rotary(
    'powers of two',
    'frequencies as 2^(−share log₂ base)',
    taped(rotaryBy((a, base, share) => a.exp2(a.mul(-share, a.constant(Math.log2(base)))))),
  ),
  loss('blocks of four', 'a running maximum over blocks of four', crossEntropyBy(4, inOrder)),
  loss('whole rows', 'sums by halves', crossEntropyBy(1024, pairwise)),
];
