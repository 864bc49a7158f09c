/** @file Checks the kind of recurrence (diagonal, matrix, nonlinear), which decides the modes that admit a reading. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f64 } from '../../../src/executors/f64/index.ts';
import { denseSsmAdmits, denseSsmConfig, denseSsmStack } from '../../../src/models/dense-ssm.ts';
import { initialise } from '../../../src/models/language-model.ts';
import { carriedRecurrence, denseStates, type StateOrder } from '../../../src/nn/dense-states/carry.ts';
import type { StateFusionParams, StateReadings } from '../../../src/nn/dense-states/fuse.ts';
import { recurrentStates } from '../../../src/nn/selective-scan/recurrences.ts';
import type { SsmMode } from '../../../src/nn/ssm/modes.ts';
import { stateReadings } from '../../../src/oracle/operators/shared/dense-states.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { refuses } from '../../support/refusals.ts';

const [t, e, n] = [3, 2, 3];

/** Maps an initial state to the carried state after t tokens, for drawn decays, drives, sources and weights. */
function carriedBy(seed: number, readings: StateReadings): (state: readonly number[]) => number[] {
  const random = rng(seed);
  const values = (...shape: number[]): Value =>
    input(f64, Float64Array.from({ length: sizeOf(shape) }, random.normal), shape);
  const inputs = { decay: values(1, t, e, n), drive: values(1, t, e, n), selected: [values(1, t, e, n)] };
  const params: StateFusionParams = {
    gates: [],
    merge: values(n, 2 * n),
    query: values(n, n),
    key: values(n, n),
    norm: values(e, n),
  };
  const order: StateOrder = {
    mode: 'recurrent',
    diagonal: (drive, state) => recurrentStates(inputs.decay, drive, state),
    matrix: (_own, drive) => drive,
  };
  return (state) => {
    const before = input(f64, Float64Array.from(state), [1, e, n]);
    return [...read(denseStates(inputs, before, params, { readings, epsilon: 1e-3 }, order).state)];
  };
}

/** The size of f(x + y) − f(x) − f(y) + f(0), which is 0 for every linear recurrence. */
function bend(f: (state: readonly number[]) => number[], seed: number): number {
  const random = rng(seed ^ 0xbe4d);
  const [x, y] = [0, 1].map(() => Array.from({ length: e * n }, () => random.normal())) as [number[], number[]];
  const [both, atX, atY, at0] = [x.map((value, i) => value + y[i]!), x, y, x.map(() => 0)].map(f);
  return Math.max(...both!.map((value, i) => Math.abs(value - atX![i]! - atY![i]! + at0![i]!)));
}

/** The largest effect of the first state of channel 0 on other states. */
function mixing(f: (state: readonly number[]) => number[]): number {
  const [moved, still] = [1, 0].map((first) => f(Array.from({ length: e * n }, (_, i) => (i === 0 ? first : 0))));
  return Math.max(...moved!.slice(1).map((value, i) => Math.abs(value - still![i + 1]!)));
}

describe('the carried state', () => {
  it('is linear or diagonal in the previous state exactly where its kind says so', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), stateReadings, (seed, readings) => {
        const kind = carriedRecurrence(readings, 1);
        const carried = carriedBy(seed, readings);
        seen.add(kind);
        if (kind !== 'nonlinear') expect(bend(carried, seed)).toBeLessThan(1e-11);
        if (kind === 'diagonal') expect(mixing(carried)).toBe(0);
      }),
    );
    expect([...seen].toSorted()).toEqual(['diagonal', 'matrix', 'nonlinear']);
  });

  it.each([
    { carry: 'fused', fusion: 'add', stateNorm: 'rms' },
    { carry: 'fused', fusion: 'concat', stateNorm: 'rms' },
    { carry: 'fused', fusion: 'attention', stateNorm: 'none' },
  ] as const)(
    'is nonlinear under $fusion, $stateNorm with carry fused, so no scan, chunk or convolution computes it',
    (of) => {
      const readings = { ...denseSsmConfig({ width: e, layers: 2, denseLayers: 1 }).readings, ...of };
      expect(carriedRecurrence(readings, 2)).toBe('nonlinear');
      // attention over one source is linear; over two it is not
      const carried = of.fusion === 'attention' ? attended(readings) : carriedBy(1, readings);
      expect(bend(carried, 1)).toBeGreaterThan(1e-3);
    },
  );

  it('mixes the states of a channel under concatenation, so linearScan, with one decay per state, does not compute it', () => {
    const readings = {
      ...denseSsmConfig({ width: e, layers: 2, denseLayers: 1 }).readings,
      carry: 'fused',
      fusion: 'concat',
    } as const;
    expect(carriedRecurrence(readings, 1)).toBe('matrix');
    expect(mixing(carriedBy(1, readings))).toBeGreaterThan(1e-3);
  });
});

/** Maps an initial state to the carried state, under attention over two sources. */
function attended(readings: StateReadings): (state: readonly number[]) => number[] {
  const random = rng(9);
  const values = (...shape: number[]): Value =>
    input(f64, Float64Array.from({ length: sizeOf(shape) }, random.normal), shape);
  const [decay, drive] = [values(1, t, e, n), values(1, t, e, n)];
  const inputs = { decay, drive, selected: [values(1, t, e, n), values(1, t, e, n)] };
  const params = { gates: [], query: values(n, n), key: values(n, n) };
  const order: StateOrder = { mode: 'recurrent', diagonal: (x) => x, matrix: (_own, x) => x };
  return (state) => {
    const before = input(f64, Float64Array.from(state), [1, e, n]);
    return [...read(denseStates(inputs, before, params, { readings, epsilon: 0 }, order).state)];
  };
}

describe('a stack that carries concatenated states', () => {
  const readings = {
    ...denseSsmConfig({ width: 2, layers: 2, denseLayers: 1 }).readings,
    carry: 'fused',
    fusion: 'concat',
  } as const;
  const config = denseSsmConfig({ width: 2, stateSize: 2, layers: 2, denseLayers: 1, readings });
  const params = initialise(denseSsmStack, config, { on: f64, seed: 1 });
  const run = (mode: SsmMode) => () =>
    denseSsmStack.forward(
      params,
      config,
      input(f64, new Float64Array(4), [1, 2, 2]),
      denseSsmStack.start(params, config, 1),
      mode,
    );

  it('is admitted in every mode but scan', () => {
    for (const name of ['recurrent', 'logStep', 'direct', 'fft'] as const) {
      expect(denseSsmAdmits(config, name)).toBe(true);
      expect(run({ name })().output.shape).toEqual([1, 2, 2]);
    }
    expect(denseSsmAdmits(config, 'chunkwise')).toBe(true);
    expect(denseSsmAdmits(config, 'scan')).toBe(false);
  });

  refuses([
    [run({ name: 'scan' }), 'scanSsm: linearScan has real diagonal decays, and these are matrix; use logStepSsm'],
    [
      () => denseSsmStack.check({ ...config, stateSize: 0 }),
      'denseSsmStack: stateSize is 0; it must be an integer of at least 1',
    ],
  ]);
});
