/** @file AdamW with parameter groups, clipping, schedules and ignored labels against PyTorch, in f64 to 1e-12. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grad } from '../../src/autograd/vjp.ts';
import { f64, indices, tensor } from '../../src/executors/f64/index.ts';
import { crossEntropy } from '../../src/nn/cross-entropy.ts';
import { input, item, read } from '../../src/tensor/input.ts';
import { mapTree } from '../../src/tensor/tree.ts';
import {
  type AdamW,
  adamW,
  clipped,
  cosineDecay,
  decayMatrices,
  flattenExactly,
  paperOptimizer,
  polynomialDecay,
  type Schedule,
  stepFactors,
} from '../../src/training/index.ts';
import { pythonWith, tellsThatItDidNotRun } from '../support/python.ts';

const script = new URL('torch_training.py', import.meta.url);
const numbers = JSON.parse(readFileSync(new URL('torch.json', import.meta.url), 'utf8'));

const shapes = { head: [2, 3], aLog: [2, 2], norm: [3] } as const;
const [steps, warmup, peak] = [12, 4, 0.05];

/** Numbers of a shape, as the script draws them. */
const drawn = (shape: readonly number[], seed: number) =>
  input(
    f64,
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (((seed * 7 + 3 * i * i) % 23) - 11) / 8),
    shape,
  );

/** The script's training by our functions. */
function train(rule: AdamW, limit: number, schedule: Schedule) {
  const params = mapTree({ head: tensor([0]), aLog: tensor([0]), norm: tensor([0]) }, (_, path) =>
    drawn(shapes[path as keyof typeof shapes], 1),
  );
  const zeros = mapTree(params, (p) => input(f64, new Float64Array(p.shape.reduce((a, b) => a * b)), p.shape));
  let state = { params, first: zeros, second: zeros };
  const record: { rates: number[]; norms: number[]; params: number[][] } = { rates: [], norms: [], params: [] };
  for (let n = 1; n <= steps; n++) {
    let k = 0;
    const gradient = mapTree(params, (p) => drawn(p.shape, n + k++));
    const cut = clipped(gradient, limit, 1e-6);
    const rate = schedule(n);
    state = adamW(state, cut.gradient, stepFactors(rule, n, rate), rule);
    record.rates.push(rate);
    record.norms.push(item(cut.norm));
    if (n <= 2 || n === steps) record.params.push([...flattenExactly(state.params, shapes)]);
  }
  return record;
}

/** Expects that two records have the same numbers, to 1e-12. */
function agree(found: unknown, expected: unknown, place = ''): void {
  if (typeof expected === 'number') {
    expect(Math.abs((found as number) - expected), place).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
    return;
  }
  expect(Object.keys(found as object), place).toEqual(Object.keys(expected as object));
  for (const [key, value] of Object.entries(expected as object))
    agree((found as Record<string, unknown>)[key], value, `${place}.${key}`);
}

const groups = { ...paperOptimizer, weightDecay: decayMatrices(0.1) };

describe('training in f64 equals PyTorch', () => {
  it('with decay of matrices only, clipping and cosine decay', () => {
    agree(train(groups, 2.9, cosineDecay({ peak, end: 0.01, warmup, total: steps })), numbers.matrices);
  });

  it('with decay of all parameters and polynomial decay', () => {
    agree(train(paperOptimizer, 1e9, polynomialDecay({ peak, warmup, total: steps, power: 2 })), numbers.all);
  });

  it('which another decay, β₂ or schedule does not', () => {
    const cosine = cosineDecay({ peak, end: 0.01, warmup, total: steps });
    const wrong = [
      () => train({ ...groups, weightDecay: 0.1 }, 2.9, cosine),
      () => train({ ...groups, beta2: 0.98 + 1e-9 }, 2.9, cosine),
      () => train(groups, 2.9, cosineDecay({ peak, end: 0.01, warmup, total: steps + 1 })),
      () => train(groups, 2.9 + 1e-6, cosine),
    ];
    for (const run of wrong) expect(() => agree(run(), numbers.matrices)).toThrow();
  });

  it('in the cross-entropy of ignored labels', () => {
    const logits = tensor([1, 2, 3, 4].map((x) => [x, 0]));
    const targets = { tokens: indices([0, 0, 1, 1]), weights: tensor([1, 0, 1, 1]) };
    const loss = item(crossEntropy(logits, targets));
    agree({ loss, gradient: [...read(grad((x) => crossEntropy(x, targets), logits))] }, numbers.crossEntropy);
    expect(loss).toBe(2.459999655669925);
  });
});

const torch = pythonWith('numpy', 'torch');

if (torch === null)
  tellsThatItDidNotRun('test/training/torch.test.ts (its numbers are in torch.json)', 'numpy', 'torch');
else {
  it('the numbers of torch.json are those of this PyTorch', () => {
    agree(
      JSON.parse(execFileSync(torch, [script.pathname], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
      numbers,
    );
  });
}
