/** @file States passed from one mode to another: exact in the paper's readings, inexact in the authors'. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float64 } from '../../src/executors/bounded/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { type DenseRetNetParams, denseRetNet } from '../../src/models/dense-retnet.ts';
import {
  authorsReadings,
  type DenseRetNetConfig,
  type DenseRetNetReadings,
  paperReadings,
} from '../../src/models/dense-retnet-config.ts';
import type { ModelResult, ModelState } from '../../src/models/language-model.ts';
import type { Mode } from '../../src/nn/mode.ts';
import { indexInput, read } from '../../src/tensor/input.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { scale } from '../../src/tensor/primitives/scale.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { cases } from '../support/property.ts';
import { drawnModel, drawnPrompt, modes, recurrent } from './small-models.ts';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

interface Run {
  readonly config: DenseRetNetConfig;
  readonly params: DenseRetNetParams;
  readonly tokens: Value;
}

function drawnRun(seed: number, readings: DenseRetNetReadings, on: Executor, b: number, t: number, deepest = 4): Run {
  const { config, params } = drawnModel(seed, readings, { on, deepest });
  return { config, params, tokens: indexInput(on, drawnPrompt(b, t, config.vocabulary, seed).flat(), [b, t]) };
}

const forward = ({ config, params }: Run, tokens: Value, state: ModelState, mode: Mode): ModelResult =>
  denseRetNet.forward(params, config, tokens, state, mode);

const start = ({ config, params, tokens }: Run): ModelState => denseRetNet.start(params, config, tokens.shape[0]!);

/** Runs the first `s` tokens in a mode, then the others one by one in recurrent mode from its state. */
function prefillThenDecode(run: Run, s: number, mode: Mode, left = (state: ModelState) => state): ModelResult {
  const first = forward(run, slice(run.tokens, 1, 0, s), start(run), mode);
  const logits = [first.logits];
  let state = left(first.state);
  for (let i = s; i < run.tokens.shape[1]!; i++) {
    const result = forward(run, slice(run.tokens, 1, i, i + 1), state, recurrent);
    logits.push(result.logits);
    state = result.state;
  }
  return { logits: concat(logits, 1), state };
}

const wholeRun = (run: Run): ModelResult => forward(run, run.tokens, start(run), recurrent);

/** The largest difference of two values, divided by its rounding error bound. */
function beyondRounding(x: Value, y: Value): number {
  const [xs, ys, xBound, yBound] = [read(x), read(y), boundOf(x), boundOf(y)];
  return xs.reduce((most, value, i) => {
    const difference = Math.abs(value - ys[i]!);
    return difference === 0 ? most : Math.max(most, difference / (xBound[i]! + yBound[i]!));
  }, 0);
}

function expectEqual(a: ModelResult, b: ModelResult): void {
  expect(a.state.position).toBe(b.state.position);
  expect(beyondRounding(a.logits, b.logits)).toBeLessThanOrEqual(1);
  for (const [l, s] of a.state.layers.entries()) {
    expect(beyondRounding(s, b.state.layers[l]!)).toBeLessThanOrEqual(1);
  }
}

describe('a state passed from one mode to another', () => {
  it('in the paper’s readings continues the sequence exactly, from every mode', () => {
    const on = bounded(float64) as Executor;
    fc.assert(
      fc.property(seeds, modes, fc.integer({ min: 1, max: 11 }), (seed, mode, s) => {
        // bounds grow by a factor of about 100 with each layer
        const run = drawnRun(seed, paperReadings, on, 2, 12, 2);
        expectEqual(prefillThenDecode(run, s, mode), wholeRun(run));
      }),
      cases(60),
    );
  });

  it('with a lost position or states off by a millionth exceeds the bounds', () => {
    const on = bounded(float64) as Executor;
    const lost = (state: ModelState): ModelState => ({ ...state, position: 0 });
    const off = (state: ModelState): ModelState => ({ ...state, layers: state.layers.map((s) => scale(s, 1 + 1e-6)) });
    for (let seed = 1; seed <= 10; seed++) {
      const run = drawnRun(seed, paperReadings, on, 1, 12, 2);
      const whole = wholeRun(run);
      for (const wrong of [lost, off]) {
        const { logits } = prefillThenDecode(run, 7, recurrent, wrong);
        expect(beyondRounding(logits, whole.logits)).toBeGreaterThan(1);
      }
    }
  });

  it('in the authors’ readings continues the sequence exactly from the recurrent mode', () => {
    const on = bounded(float64) as Executor;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 11 }), (seed, s) => {
        const run = drawnRun(seed, authorsReadings, on, 2, 12, 2);
        expectEqual(prefillThenDecode(run, s, recurrent), wholeRun(run));
      }),
      cases(30),
    );
  });
});

describe('the authors’ parallel mode, then their recurrent mode', () => {
  /** The largest difference of the logits after the prefill, divided by the largest logit. */
  function gap(run: Run, s: number): number {
    const after = ({ logits }: ModelResult): Float64Array => read(slice(logits, 1, s, run.tokens.shape[1]!));
    const whole = after(wholeRun(run));
    const largest = whole.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const differences = after(prefillThenDecode(run, s, { name: 'parallel' })).map((x, i) => Math.abs(x - whole[i]!));
    return Math.max(...differences) / largest;
  }
  const runs = Array.from({ length: 60 }, (_, i) => drawnRun(i + 1, authorsReadings, f64, 1, 20));

  it('leaves a relative error of about 10⁻⁶, rarely more, with two or more layers', () => {
    const gaps = runs.filter(({ config }) => config.layers > 1).map((run) => gap(run, 12));
    gaps.sort((a, b) => a - b);
    expect(gaps.length).toBeGreaterThan(30);
    expect(gaps[Math.floor(gaps.length / 10)]).toBeGreaterThan(1e-9);
    const median = gaps[Math.floor(gaps.length / 2)]!;
    expect(median).toBeGreaterThan(1e-7);
    expect(median).toBeLessThan(1e-4);
    expect(gaps.at(-1)).toBeLessThan(1e-2);
  });

  it('leaves no error in a single layer, because its state does not depend on its output', () => {
    const on = bounded(float64) as Executor;
    const single = runs.flatMap(({ config }, i) => (config.layers === 1 ? [i + 1] : []));
    expect(single.length).toBeGreaterThan(5);
    for (const seed of single.slice(0, 6)) {
      const run = drawnRun(seed, authorsReadings, on, 1, 12);
      const [split, whole] = [prefillThenDecode(run, 7, { name: 'parallel' }), wholeRun(run)];
      expect(beyondRounding(split.state.layers[0]!, whole.state.layers[0]!)).toBeLessThanOrEqual(1);
      expect(beyondRounding(slice(split.logits, 1, 7, 12), slice(whole.logits, 1, 7, 12))).toBeLessThanOrEqual(1);
    }
  });
});
