/** @file Foreign programs of softmax attention: online softmax, stored log-sum-exps, split caches. */
import type { Arithmetic } from './arithmetic.ts';
import { type Call, cotangent, type Foreign, type Kernel, type Numbers, need } from './program.ts';
import { type Dot, inOrder, pairwise, product, reversed, rowsOf, splitK, transposed } from './sums.ts';

/** How the kernel rounds and differentiates. */
interface How {
  /** Keys in one block of the running softmax; one block for each of `splits` parts of the cache. */
  readonly block: number;
  readonly splits?: number;
  readonly dot?: Dot;
  /** exp, or exp2 with log₂ e in the scale. */
  readonly base?: 'e' | 'two';
  readonly divide?: 'quotient' | 'reciprocal';
  /** Probabilities in the backward pass: recomputed from the log-sum-exp, or stored. */
  readonly backward?: 'logSumExp' | 'stored';
}

/** A part of a softmax: its maximum, its sum, and its weighted sum of values. */
interface Part {
  readonly max: number;
  readonly sum: number;
  readonly row: Float64Array;
}

/** Makes the kernel. */
function attentionKernel(how: How): Kernel {
  const { block, splits = 1, dot = inOrder, base = 'e', divide = 'quotient', backward = 'logSumExp' } = how;
  return (call, a) => {
    const [batch, heads, length, d] = need(call, 'q').shape as [number, number, number, number];
    const e = need(call, 'v').shape[3]!;
    const cached = need(call, 'keys').shape[2]!;
    const o = need(call, 'param.output').shape[1]!;
    const all = cached + length;
    const root = call.settings.scoreScaling === 'none' ? 1 : a.constant(1 / Math.sqrt(d));
    const scale = base === 'two' ? a.mul(root, a.constant(Math.LOG2E)) : root;
    const power = base === 'two' ? a.exp2 : a.exp;
    const logarithm = base === 'two' ? a.log2 : a.log;
    const numbers = emptyNumbers(call, { batch, heads, length, d, e, all });
    const dWeights = new Float64Array(need(call, 'param.output').data.length);

    /** The running softmax over keys from `from` to below `to`. */
    const partOf = (scores: Float64Array, values: Float64Array, from: number, to: number): Part => {
      let [max, sum] = [Number.NEGATIVE_INFINITY, 0];
      let row: Float64Array = new Float64Array(e);
      for (let first = from; first < to; first += block) {
        const end = Math.min(to, first + block);
        const next = Math.max(max, ...scores.slice(first, end));
        const shrink = max === Number.NEGATIVE_INFINITY ? 0 : power(a.sub(max, next));
        const weights = Float64Array.from(scores.slice(first, end), (score) => a.score(power(a.sub(score, next))));
        sum = weights.reduce((total, weight) => a.add(total, weight), a.mul(sum, shrink));
        row = product(a, [1, end - first, e], rowsOf(weights, end - first), (j, c) => values[(first + j) * e + c]!, {
          start: (_, c) => a.mul(row[c]!, shrink),
          dot,
        });
        max = next;
      }
      return { max, sum, row };
    };

    for (let head = 0; head < batch * heads; head++) {
      const cut = (x: Float64Array, size: number): Float64Array => x.slice(head * size, (head + 1) * size);
      const q = cut(need(call, 'q').data, length * d);
      const keys = joined(cut(need(call, 'keys').data, cached * d), cut(need(call, 'k').data, length * d));
      const values = joined(cut(need(call, 'values').data, cached * e), cut(need(call, 'v').data, length * e));
      const weight = need(call, 'param.output').data.slice((head % heads) * o * e, ((head % heads) + 1) * o * e);
      const dOutput = cut(cotangent(call, 'output'), length * o);
      const scores = product(a, [length, d, all], rowsOf(q, d), transposed(keys, d), { dot }).map((x) =>
        a.mul(x, scale),
      );
      const probabilities = new Float64Array(length * all);
      const read = new Float64Array(length * e);
      for (let t = 0; t < length; t++) {
        const own = scores.slice(t * all, t * all + cached + t + 1);
        const size = Math.ceil(own.length / splits);
        const parts: Part[] = [];
        for (let from = 0; from < own.length; from += size) {
          parts.push(partOf(own, values, from, Math.min(own.length, from + size)));
        }
        const { max, sum, row } = merged(a, power, parts);
        const inverse = a.rcp(sum);
        for (let c = 0; c < e; c++) {
          read[t * e + c] = a.out(divide === 'quotient' ? a.div(row[c]!, sum) : a.mul(row[c]!, inverse));
        }
        const logSumExp = a.add(max, logarithm(sum));
        own.forEach((score, j) => {
          const stored =
            divide === 'quotient' ? a.div(power(a.sub(score, max)), sum) : a.mul(power(a.sub(score, max)), inverse);
          probabilities[t * all + j] = a.score(backward === 'stored' ? stored : power(a.sub(score, logSumExp)));
        });
      }
      numbers.output.set(
        product(a, [length, e, o], rowsOf(read, e), transposed(weight, e), { dot }),
        head * length * o,
      );
      numbers.keys.set(keys, head * all * d);
      numbers.values.set(values, head * all * e);

      const dRead = product(a, [length, o, e], rowsOf(dOutput, o), rowsOf(weight, e), { dot }).map(a.out);
      product(a, [o, length, e], transposed(dOutput, o), rowsOf(read, e), {
        start: (i, c) => dWeights[((head % heads) * o + i) * e + c]!,
        dot,
      }).forEach((x, at) => {
        dWeights[(head % heads) * o * e + at] = x;
      });
      const dWeight = product(a, [length, e, all], rowsOf(dRead, e), transposed(values, e), { dot });
      const dScores = new Float64Array(length * all);
      for (let t = 0; t < length; t++) {
        const mean =
          backward === 'stored'
            ? dot(
                a,
                cached + t + 1,
                (j) => probabilities[t * all + j]!,
                (j) => dWeight[t * all + j]!,
                0,
              )
            : dot(
                a,
                e,
                (c) => dRead[t * e + c]!,
                (c) => read[t * e + c]!,
                0,
              );
        for (let j = 0; j < cached + t + 1; j++) {
          dScores[t * all + j] = a.score(a.mul(probabilities[t * all + j]!, a.sub(dWeight[t * all + j]!, mean)));
        }
      }
      const times = (x: number): number => a.mul(x, root);
      numbers.dq.set(
        product(a, [length, all, d], rowsOf(dScores, all), rowsOf(keys, d), { dot }).map(times),
        head * length * d,
      );
      const [dKeys, dValues] = [cut(cotangent(call, 'keys'), all * d), cut(cotangent(call, 'values'), all * e)];
      const ofKeys = product(a, [all, length, d], transposed(dScores, all), rowsOf(q, d), { dot }).map(times);
      const ofValues = product(a, [all, length, e], transposed(probabilities, all), rowsOf(dRead, e), {
        start: rowsOf(dValues, e),
        dot,
      });
      numbers.dKeys.set(
        ofKeys.map((x, at) => a.add(x, dKeys[at]!)),
        head * all * d,
      );
      numbers.dValues.set(ofValues, head * all * e);
    }
    return named(numbers, dWeights, { cached, all, d, e }, a);
  };
}

/** Joins the parts of a split cache. */
function merged(a: Arithmetic, power: (x: number) => number, parts: readonly Part[]): Part {
  if (parts.length === 1) return parts[0]!;
  const max = Math.max(...parts.map((part) => part.max));
  const shrinks = parts.map((part) => power(a.sub(part.max, max)));
  return {
    max,
    sum: parts.reduce((total, part, i) => a.fma(part.sum, shrinks[i]!, total), 0),
    row: parts[0]!.row.map((_, c) => parts.reduce((total, part, i) => a.fma(part.row[c]!, shrinks[i]!, total), 0)),
  };
}

interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly d: number;
  readonly e: number;
  readonly all: number;
}

const emptyNumbers = (call: Call, { batch, heads, length, d, e, all }: Sizes) => {
  const of = (size: number): Float64Array => new Float64Array(batch * heads * size);
  return {
    output: new Float64Array(cotangent(call, 'output').length),
    keys: of(all * d),
    values: of(all * e),
    dq: of(length * d),
    dKeys: of(all * d),
    dValues: of(all * e),
  };
};

const joined = (x: Float64Array, y: Float64Array): Float64Array => Float64Array.from([...x, ...y]);

/** Names the numbers, and parts gradients of all keys and values into those of the cache and of the sequence. */
function named(
  numbers: ReturnType<typeof emptyNumbers>,
  dWeights: Float64Array,
  { cached, all, d, e }: { readonly cached: number; readonly all: number; readonly d: number; readonly e: number },
  a: Arithmetic,
): Numbers {
  const part = (x: Float64Array, width: number, isCached: boolean): Float64Array =>
    x.filter((_, at) => Math.floor(at / width) % all < cached === isCached);
  const rounded: Record<string, Float64Array> = {
    'out/output': numbers.output,
    'out/keys': numbers.keys,
    'out/values': numbers.values,
    'grad/q': numbers.dq,
    'grad/k': part(numbers.dKeys, d, false),
    'grad/keys': part(numbers.dKeys, d, true),
    'grad/v': part(numbers.dValues, e, false),
    'grad/values': part(numbers.dValues, e, true),
    'grad/param.output': dWeights,
  };
  return Object.fromEntries(Object.entries(rounded).map(([name, x]) => [name, x.map(a.out)]));
}

const program = (name: string, modes: readonly string[], says: string, how: How): Foreign => ({
  name,
  operator: 'attention',
  modes,
  says,
  run: attentionKernel(how),
});

/** Foreign programs of attention. */
export const attentions: readonly Foreign[] = [
  program('online softmax, exp2', ['chunkwise', 'parallel'], 'blocks of 16 keys, exp2, log-sum-exp and D backward', {
    block: 16,
    base: 'two',
  }),
  program('online softmax, blocks of 2', ['chunkwise', 'parallel'], 'blocks of two keys, log-sum-exp and D backward', {
    block: 2,
    divide: 'reciprocal',
    dot: pairwise,
  }),
  program('whole rows, reciprocal', ['parallel'], 'one maximum a row, times 1 / sum, stored probabilities', {
    block: Number.MAX_SAFE_INTEGER,
    divide: 'reciprocal',
    backward: 'stored',
    dot: reversed,
  }),
  program('decoding, split cache', ['recurrent'], 'four parts of the cache joined by their maxima', {
    block: Number.MAX_SAFE_INTEGER,
    splits: 4,
    dot: splitK,
  }),
];
