/** @file Foreign programs of the scan of Mamba-2, the update of a selective scan's state by one token, and Mamba-3. */
import { type Activation, siluByPowers, siluByQuotient } from './activations.ts';
import { type Attended, attendByTokens, attendInChunks, type GatedHead } from './gated-chunks.ts';
import { withoutResets } from './heads.ts';
import type { Foreign } from './program.ts';
import { pairwise, splitK } from './sums.ts';
import {
  columnsOf,
  exponential,
  type Given,
  matrixAt,
  type Num,
  powerOfTwo,
  sigmoid,
  softplus,
  type Tape,
  type TapedProgram,
  tanh,
  taped,
  times,
} from './tape.ts';

type AttentionKernel = (t: Tape, head: GatedHead, asked: number) => Attended;

/** log1p(e^x), and x itself above 20. */
const softplusBelow20: Activation = (a, x) => (x > 20 ? [x, 1] : [a.log1p(a.exp(x)), a.div(1, a.add(1, a.exp(-x)))]);

/** Choices of a kernel of Mamba-2. */
interface Choices {
  readonly softplus: Activation;
  readonly silu: Activation;
  readonly exp: Activation;
}

const [usual, withPowers]: readonly [Choices, Choices] = [
  { softplus, silu: siluByQuotient, exp: exponential },
  { softplus: softplusBelow20, silu: siluByPowers, exp: powerOfTwo },
];

/** A step size from δ: bias, softplus, limits. */
function stepOf(t: Tape, delta: Num, bias: Num | undefined, { settings }: Given, { softplus: f }: Choices): Num {
  const biased = bias === undefined ? delta : t.add(delta, bias);
  const step = settings.deltaSoftplus === true ? t.apply(biased, f) : biased;
  const limit = settings.deltaLimit as 'none' | readonly [number, number] | undefined;
  if (limit === undefined || limit === 'none') return step;
  const [least, most] = limit.map((x) => t.a.constant(x)) as [number, number];
  return step.x < least ? t.of(least) : step.x > most ? t.of(most) : step;
}

/** What is left to do for an output: the skip, and the gate. */
function gatedOutput(t: Tape, y: Num, x: Num, skip: Num | undefined, z: Num | undefined, silu: Activation): Num {
  const skipped = skip === undefined ? y : t.inner([skip], [x], y);
  return z === undefined ? skipped : t.mul(skipped, t.apply(z, silu));
}

/** The scan, by a kernel of linear attention: queries C, keys B, values Δ x. */
const scanBy =
  (attention: AttentionKernel, choices: Choices): TapedProgram =>
  (given, t) => {
    const { x, delta, a, b, c, skip, z, deltaBias, state } = given.inputs as Record<string, Given['inputs'][string]>;
    const [batch, heads, length, e] = x!.shape as [number, number, number, number];
    const [, groups, , n] = b!.shape as [number, number, number, number];
    const perChannel = delta!.shape.length === 4;
    const output: Num[] = new Array(x!.data.length);
    const last: Num[] = [];
    for (let row = 0; row < batch * heads; row++) {
      const h = row % heads;
      const group = ((row - h) / heads) * groups + Math.floor((h * groups) / heads);
      const [q, k] = [c!, b!].map((from) => matrixAt(from, group * length * n, length, n)) as [Num[][], Num[][]];
      const values = matrixAt(x!, row * length * e, length, e);
      const starts = matrixAt(state!, row * e * n, e, n);
      const width = perChannel ? e : 1;
      const steps = matrixAt(delta!, row * length * width, length, width).map((all) =>
        all.map((one, i) => stepOf(t, one, deltaBias?.data[h * width + i], given, choices)),
      );
      const heads_ = Array.from({ length: width }, (_, i) => ({
        channels: perChannel ? [i] : Array.from({ length: e }, (__, j) => j),
        steps: steps.map((all) => all[i]!),
      }));
      for (const { channels, steps: own } of heads_) {
        const head = {
          q,
          k,
          v: values.map((all, i) => channels.map((j) => t.mul(own[i]!, all[j]!))),
          gates: own.map((step) => [t.mul(step, a!.data[h]!)]),
          state: columnsOf(
            channels.map((j) => starts[j]!),
            n,
          ),
        };
        const answer = attention(t, head, given.settings.chunkSize as number);
        answer.output.forEach((all, i) => {
          all.forEach((y, j) => {
            const channel = channels[j]!;
            const at = (row * length + i) * e + channel;
            const weight = skip?.data[skip.shape.length === 2 ? h * e + channel : h];
            output[at] = gatedOutput(t, y, x!.data[at]!, weight, z?.data[at], choices.silu);
          });
        });
        last.push(...columnsOf(answer.state, channels.length).flat());
      }
    }
    return { output, state: last };
  };

/** The update, a state after another. */
const updateBy =
  (choices: Choices, drive: 'stepFirst' | 'inputFirst'): TapedProgram =>
  (given, t) => {
    const { x, delta, a, b, c, skip, z, deltaBias, state } = given.inputs as Record<string, Given['inputs'][string]>;
    const [batch, heads, e] = x!.shape as [number, number, number];
    const [, groups, n] = b!.shape as [number, number, number];
    const [output, last]: [Num[], Num[]] = [[], []];
    for (let row = 0; row < batch * heads; row++) {
      const h = row % heads;
      const group = ((row - h) / heads) * groups + Math.floor((h * groups) / heads);
      const [B, C] = [b!, c!].map((from) => matrixAt(from, group * n, 1, n)[0]!) as [Num[], Num[]];
      const step = (i: number): Num =>
        stepOf(t, delta!.data[i]!, deltaBias?.data[i % deltaBias.data.length], given, choices);
      const ofHead = delta!.shape.length === 3 ? null : step(row);
      for (let j = 0; j < e; j++) {
        const at = row * e + j;
        const own = ofHead ?? step(at);
        const channel = Array.from({ length: n }, (_, i) => {
          const rate = a!.data[a!.shape.length === 1 ? h : (h * e + j) * n + i]!;
          const kept = t.mul(t.stored(t.apply(t.mul(own, rate), choices.exp), 'decay'), state!.data[at * n + i]!);
          const input = x!.data[at]!;
          const added =
            drive === 'stepFirst'
              ? t.inner([t.mul(own, B[i]!)], [input], kept)
              : t.inner([t.mul(own, input)], [B[i]!], kept);
          return t.stored(added, 'state');
        });
        last.push(...channel);
        const weight = skip?.data[skip.shape.length === 2 ? h * e + j : h];
        output.push(gatedOutput(t, t.inner(channel, C), x!.data[at]!, weight, z?.data[at], choices.silu));
      }
    }
    return { output, state: last };
  };

const cosine: Activation = (a, x) => [a.cos(x), -a.sin(x)];
const sine: Activation = (a, x) => [a.sin(x), a.cos(x)];

/** The first pairs of neighbours, rotated by angles. */
function rotated(t: Tape, x: Num[], angles: readonly Num[]): Num[] {
  const turned = angles.flatMap((angle, p) => {
    const [first, second] = [x[2 * p]!, x[2 * p + 1]!];
    const [c, s] = [t.apply(angle, cosine), t.apply(angle, sine)];
    return [t.sub(t.mul(first, c), t.mul(second, s)), t.add(t.mul(first, s), t.mul(second, c))];
  });
  return [...turned, ...x.slice(turned.length)];
}

/**
 * Mamba-3. In chunks as one linear attention, whose keys have the factor of the next token too; what comes too early is subtracted. Token by
 * token as it is defined.
 */
const mamba3By =
  (attention: AttentionKernel | 'tokens', { silu, exp }: Choices): TapedProgram =>
  (given, t) => {
    const { inputs, settings } = given;
    const [q, v, state] = [inputs.q!, inputs.v!, inputs.state!];
    const [batch, heads, length, e] = v.shape as [number, number, number, number];
    const [, groups, , n] = q.shape as [number, number, number, number];
    const pairs = inputs.angles!.shape[3]!;
    const [output, lastAngles, last, lastKeys, lastValues]: Num[][] = [[], [], [], [], []];
    const one = t.of(1);
    for (let row = 0; row < batch * heads; row++) {
      const h = row % heads;
      const group = ((row - h) / heads) * groups + Math.floor((h * groups) / heads);
      const scalars = (name: string): Num[] => inputs[name]!.data.slice(row * length, (row + 1) * length);
      let sums = inputs.angleState!.data.slice(row * pairs, (row + 1) * pairs);
      const deltas = scalars('delta');
      const angles = matrixAt(inputs.angles!, row * length * pairs, length, pairs).map((rates, i) => {
        sums = sums.map((sum, p) => t.add(sum, t.mul(t.apply(t.apply(rates[p]!, tanh), times(Math.PI)), deltas[i]!)));
        return sums;
      });
      const turned = (name: 'q' | 'k'): Num[][] => {
        const bias = matrixAt(inputs[`${name}Bias`]!, h * n, 1, n)[0]!;
        return matrixAt(inputs[name]!, group * length * n, length, n).map((all, i) =>
          rotated(
            t,
            all.map((x, c) => t.add(x, bias[c]!)),
            angles[i]!,
          ),
        );
      };
      const [queries, keys] = [turned('q'), turned('k')];
      const values = matrixAt(v, row * length * e, length, e);
      const shares = scalars('trap').map((x) => t.apply(x, sigmoid));
      const own = shares.map((share, i) => t.mul(share, deltas[i]!));
      const before = shares.map((share, i) => t.mul(t.sub(one, share), deltas[i]!));
      const gates = scalars('gate');
      const start = matrixAt(state, row * e * n, e, n);
      const [keyStart, valueStart] = [
        matrixAt(inputs.keyState!, row * n, 1, n)[0]!,
        matrixAt(inputs.valueState!, row * e, 1, e)[0]!,
      ];
      const rows: Num[][] = [];
      let s = start;
      if (attention === 'tokens') {
        let [key, value] = [keyStart, valueStart];
        queries.forEach((query, i) => {
          const decay = t.stored(t.apply(gates[i]!, exp), 'decay');
          const [earlier, now] = [t.mul(before[i]!, decay), own[i]!];
          s = s.map((states, j) => {
            const [old, fresh] = [t.mul(earlier, value[j]!), t.mul(now, values[i]![j]!)];
            return states.map((x, c) => t.stored(t.inner([decay, old, fresh], [x, key[c]!, keys[i]![c]!]), 'state'));
          });
          rows.push(s.map((states) => t.inner(states, query)));
          [key, value] = [keys[i]!, values[i]!];
        });
      } else {
        const early = before.slice(1);
        const factors = own.map((x, i) => (early[i] === undefined ? x : t.add(x, early[i]!)));
        const first = start.map((states, j) =>
          states.map((x, c) => t.inner([t.mul(before[0]!, valueStart[j]!)], [keyStart[c]!], x)),
        );
        const answer = attention(
          t,
          {
            q: queries,
            k: keys.map((key, i) => key.map((x) => t.mul(factors[i]!, x))),
            v: values,
            gates: gates.map((gate) => [gate]),
            state: columnsOf(first, n),
          },
          settings.chunkSize as number,
        );
        answer.output.forEach((all, i) => {
          if (early[i] === undefined) rows.push(all);
          else {
            const factor = t.mul(early[i]!, t.dot(queries[i]!, keys[i]!));
            rows.push(all.map((y, j) => t.sub(y, t.mul(factor, values[i]![j]!))));
          }
        });
        s = columnsOf(answer.state, e);
      }
      rows.forEach((all, i) => {
        all.forEach((y, j) => {
          const z = inputs.z?.data[(row * length + i) * e + j];
          output!.push(gatedOutput(t, y, values[i]![j]!, inputs.skip?.data[h], z, silu));
        });
      });
      last!.push(...s.flat());
      lastAngles!.push(...sums);
      lastKeys!.push(...(keys.at(-1) ?? keyStart));
      lastValues!.push(...(values.at(-1) ?? valueStart));
    }
    return { output: output!, angleState: lastAngles!, state: last!, keyState: lastKeys!, valueState: lastValues! };
  };

const asked = (size: number): number => size;
const constant = (size: number) => (): number => size;

const mamba2 = (name: string, modes: readonly string[], says: string, run: Foreign['run']): Foreign => ({
  name,
  operator: 'mamba2Scan',
  modes,
  says,
  run,
});
const mamba3 = (name: string, modes: readonly string[], says: string, run: Foreign['run']): Foreign => ({
  name,
  operator: 'mamba3',
  modes,
  says,
  run,
  ...(modes.includes('chunkwise') && { admits: withoutResets }),
});
const update = (name: string, says: string, run: Foreign['run']): Foreign => ({
  name,
  operator: 'selectiveStateUpdate',
  modes: ['recurrent'],
  says,
  run,
});

/** Foreign programs of the scans of Mamba-2 and Mamba-3. */
export const mambaScans: readonly Foreign[] = [
  mamba2('token by token', ['recurrent'], 'updates the state in registers', taped(scanBy(attendByTokens(), usual))),
  mamba2(
    'token by token, powers of two',
    ['recurrent'],
    'decays by exp2, softplus as x above 20; sums by halves',
    taped(scanBy(attendByTokens(powerOfTwo), withPowers), { sums: pairwise }),
  ),
  mamba2(
    'chunks of 64, cumulated as a tree',
    ['chunkwise'],
    'decays to the end of a chunk from the last sum of a tree over the whole chunk',
    taped(scanBy(attendInChunks({ size: constant(64), cumulates: 'tree' }), usual)),
  ),
  mamba2(
    'chunks of 256, powers of two',
    ['chunkwise', 'parallel'],
    'exp2 of cumulated gates; softplus as x above 20; split-K',
    taped(scanBy(attendInChunks({ size: constant(256), cumulates: 'tree', exp: powerOfTwo }), withPowers), {
      sums: splitK,
    }),
  ),
  mamba2(
    'chunks',
    ['chunkwise'],
    'gates cumulated one after another',
    taped(scanBy(attendInChunks({ size: asked }), usual)),
  ),
  update('drive from B', 'Δ B, then x', taped(updateBy(usual, 'stepFirst'))),
  update(
    'drive from x',
    'Δ x, then B; exp2; softplus as x above 20',
    taped(updateBy(withPowers, 'inputFirst'), { sums: pairwise }),
  ),
  mamba3('token by token', ['recurrent'], 'both inputs into the state', taped(mamba3By('tokens', usual))),
  mamba3(
    'token by token, powers of two',
    ['recurrent'],
    'exp2; sums by halves',
    taped(mamba3By('tokens', withPowers), { sums: pairwise }),
  ),
  mamba3(
    'chunks of 64, ahead',
    ['chunkwise'],
    'keys with the factor of the next token; cumulated gates as a tree',
    taped(mamba3By(attendInChunks({ size: constant(64), cumulates: 'tree' }), usual)),
  ),
  mamba3(
    'chunks, ahead, powers of two',
    ['chunkwise'],
    'the same in the chunks that are asked for, with exp2; split-K',
    taped(mamba3By(attendInChunks({ size: asked, exp: powerOfTwo }), withPowers), { sums: splitK }),
  ),
];
