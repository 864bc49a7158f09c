/** @file Error bounds are sharp: correct programs come near them, and faults slightly larger than rounding exceed them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, boundOf, float32 } from '../../src/executors/bounded/index.ts';
import { f64 } from '../../src/executors/f64/index.ts';
import { rounded } from '../../src/executors/rounded/index.ts';
import type { Case, Layout, Slot, Tensors } from '../../src/oracle/case.ts';
import { fill } from '../../src/oracle/case.ts';
import { fusedKeys } from '../../src/oracle/operators/fused-keys/operator.ts';
import { retention } from '../../src/oracle/operators/retention/operator.ts';
import { modeNames } from '../../src/oracle/operators/shared/modes.ts';
import { evaluate, type Program } from '../../src/oracle/program.ts';
import { einsum } from '../../src/tensor/primitives/einsum.ts';
import { rng } from '../../src/tensor/random.ts';
import type { Executor, Value } from '../../src/tensor/value.ts';
import { casesOf, everything, largest, seeds, snapped, tryProgram } from '../support/bounded-trial.ts';
import { cases } from '../support/property.ts';

/** Matrix products of up to 64 summands. */
const product: Program = ({ x, y }) => ({ out: einsum('ab,bc->ac', x!, y!) });
const products: fc.Arbitrary<Case> = fc
  .record({
    a: fc.integer({ min: 1, max: 6 }),
    b: fc.integer({ min: 1, max: 64 }),
    c: fc.integer({ min: 1, max: 6 }),
    seed: seeds,
    values: fc.constantFrom('normal' as const, 'wide' as const, 'sparse' as const),
  })
  .map(({ a, b, c, seed, values }) =>
    snapped(
      fill(
        { inputs: { x: { shape: [a, b] }, y: { shape: [b, c] } }, outputs: { out: [a, c] }, settings: {} },
        seed,
        values,
      ),
      float32,
    ),
  );

const absolute = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x]) => [name, x.kind === 'index' ? x : { ...x, data: x.data.map(Math.abs) }]),
  );

const numbers = (x: Value): Float64Array => x.on.read(x.data);

const patient = { timeout: 120_000 };

describe(
  'over 1,000 cases with no reduction longer than 64, the worst error is more than 5 % of its bound',
  patient,
  () => {
    const worst = (program: Program, trials: readonly Case[]): number =>
      largest(trials.flatMap((c, i) => tryProgram(program, c, float32, i).flatMap(([, found]) => largest(found))));

    it('for einsum', () => {
      expect(worst(product, fc.sample(products, 1000))).toBeGreaterThan(0.05);
    });

    it.each(modeNames)('for retention in mode %s', (mode) => {
      const trials = fc.sample(casesOf(retention, mode, 33, float32), 334);
      expect(worst(retention.modes[mode]!, trials)).toBeGreaterThan(0.05);
    });
  },
);

/** Adds a fault of 8 · n · u · cond to each output, cond from absolute values. Returns the smallest distance / bound. */
function faultSize(program: Program, c: Case, n: number, seed: number): number {
  const random = rng(seed);
  const reference = everything(evaluate(program, c, bounded(float32) as Executor));
  const correct = Object.fromEntries(everything(evaluate(program, c, rounded(float32, seed) as Executor)));
  const condition = Object.fromEntries(everything(evaluate(program, { ...c, inputs: absolute(c.inputs) }, f64)));
  let least = Number.POSITIVE_INFINITY;
  for (const [name, x] of reference.filter(([place]) => place.startsWith('output.'))) {
    const [want, bound, have, cond] = [numbers(x), boundOf(x), numbers(correct[name]!), numbers(condition[name]!)];
    want.forEach((number, i) => {
      // f32 arithmetic may flush smaller numbers to 0
      if (cond[i]! < 2 ** -90) return;
      const fault = (random.integer(2) === 0 ? -1 : 1) * 8 * n * float32.at.sum.u * cond[i]!;
      least = Math.min(least, Math.abs(have[i]! + fault - number) / bound[i]!);
    });
  }
  return least;
}

describe(
  'a fault of 8 · n · u · cond in one element of a correct result is rejected, where n is the longest reduction',
  patient,
  () => {
    it('in einsum', () => {
      fc.assert(
        fc.property(products, seeds, (c, seed) => {
          expect(faultSize(product, c, c.inputs.x!.shape[1]!, seed)).toBeGreaterThan(1);
        }),
        cases(200),
      );
    });

    it.each(modeNames)('in retention in mode %s', (mode) => {
      fc.assert(
        fc.property(casesOf(retention, mode, 64, float32), seeds, (c, seed) => {
          const [, , t, d] = c.inputs.q!.shape as [number, number, number, number];
          // the state adds one summand
          expect(faultSize(retention.modes[mode]!, c, Math.max(t + 1, d), seed)).toBeGreaterThan(1);
        }),
        cases(60),
      );
    });

    // a fusion evaluates functions; their error is about that of ten summands
    const fusions: fc.Arbitrary<Case> = fc
      .record({
        width: fc.integer({ min: 24, max: 64 }),
        input: fc.integer({ min: 1, max: 16 }),
        rank: fc.integer({ min: 1, max: 8 }),
        sources: fc.integer({ min: 1, max: 3 }),
        gateActivation: fc.constantFrom('silu', 'none'),
        seed: seeds,
      })
      .map(({ width, input, rank, sources, gateActivation, seed }) => {
        const list = Array.from({ length: sources }, (_, j) => j);
        const inputs: Record<string, Slot> = {
          own: { shape: [1, 3, width] },
          x: { shape: [1, 3, input] },
          ...Object.fromEntries(list.map((j) => [`source.${j}`, { shape: [1, 3, width] }])),
          'param.gates.0.down': { shape: [rank, input] },
          'param.gates.0.up': { shape: [width, rank] },
          ...Object.fromEntries(list.map((j) => [`param.projections.${j}`, { shape: [width, width] }])),
        };
        const readings = { projection: 'linear', gate: 'shared', gateActivation, fusedNorm: 'none' };
        const settings = { denseLayers: sources, epsilon: 1e-6, readings };
        const layout: Layout = { inputs, outputs: { fused: [1, 3, width] }, settings };
        return snapped(fill(layout, seed, 'normal'), float32);
      });

    it.each(['whole', 'tokenwise'])('in dense fusion, %s', (mode) => {
      fc.assert(
        fc.property(fusions, seeds, (c, seed) => {
          expect(faultSize(fusedKeys.modes[mode]!, c, c.inputs.own!.shape[2]!, seed)).toBeGreaterThan(1);
        }),
        cases(20),
      );
    });
  },
);
