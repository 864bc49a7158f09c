/** @file Tests one law: it holds on drawn cases of every operator and mode, and rejects its faults. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DenseMambaReadings } from '../../src/models/dense-mamba-config.ts';
import type { DenseRetNetReadings } from '../../src/models/dense-retnet-config.ts';
import type { Case } from '../../src/oracle/case.ts';
import { isRight } from '../../src/oracle/compare.ts';
import { cases, sampleCases } from '../../src/oracle/draw.ts';
import { tryFaults } from '../../src/oracle/equations.ts';
import { faults } from '../../src/oracle/faults.ts';
import type { Law } from '../../src/oracle/law.ts';
import { laws } from '../../src/oracle/laws/index.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';

interface Trial {
  readonly operator: Operator;
  readonly mode: string;
  readonly c: Case;
}

/** Draws operators, modes, readings and shapes together, so that no combination is written by hand. */
function trials(law: Law): fc.Arbitrary<Trial> {
  const size = { longest: 12, ...law.size };
  const concerned = operators.filter((operator) => law.concerns(operator));
  const drawn = concerned.flatMap((operator) => {
    // a law may concern an operator but cover no case of one of its modes
    const sample = sampleCases(operator, size, 40, 1);
    const covered = Object.keys(operator.modes).filter((mode) => sample.some((c) => law.applies(operator, mode, c)));
    if (covered.length === 0) return [];
    const arbitrary = fc
      .record({ mode: fc.constantFrom(...covered), c: cases(operator, size) })
      .map((trial): Trial => ({ operator, ...trial }))
      .filter(({ mode, c }) => law.applies(operator, mode, c));
    // the models with all readings get most cases, so that every pair of readings occurs often
    return [{ weight: operator.name in allReadings ? Math.ceil(concerned.length * share) : 1, arbitrary }];
  });
  return fc.oneof(...drawn);
}

type Options<R> = Readonly<Record<keyof R, readonly string[]>>;

const ofDenseRetNet: Options<DenseRetNetReadings> = {
  pass: ['raw', 'fused'],
  projection: ['identity', 'linear'],
  gate: ['shared', 'perLayer'],
  gateActivation: ['silu', 'none'],
  fusion: ['add', 'concat', 'attention'],
  fusedNorm: ['rms', 'none'],
  firstLayer: ['plain', 'normed'],
  retentionNorm: ['none', 'decay', 'torchscale'],
  rotationPhase: ['p', 'p-1'],
};

const ofDenseMamba: Options<DenseMambaReadings> = {
  carry: ['raw', 'fused'],
  pass: ['raw', 'fused'],
  projection: ['identity', 'linear'],
  projectionWidth: ['state', 'channel'],
  gate: ['shared', 'perLayer'],
  gateActivation: ['silu', 'none'],
  gateInput: ['normed', 'u'],
  gateWidth: ['channel', 'state', 'full'],
  fusion: ['add', 'concat', 'attention'],
  stateNorm: ['none', 'rms'],
};

/** The model with all readings of keys and values, and the model with all readings of states. */
const allReadings: Readonly<Record<string, Options<object>>> = { denseRetNet: ofDenseRetNet, denseMamba: ofDenseMamba };
/** The weight of each of these models relative to all operators together, and the least count of every pair of readings. */
const [share, leastOfPairs] = [0.75, 20];

/** Counts how often every pair of readings occurs. */
function pairCounter(options: Options<object>): {
  count(readings: object): void;
  least(): { pair: string; times: number };
} {
  const all = Object.entries<readonly string[]>(options).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );
  const times = new Map<string, number>();
  for (const [a, x] of all) for (const [b, y] of all) if (a < b) times.set(`${a}=${x} ${b}=${y}`, 0);
  return {
    count(readings) {
      const chosen = Object.entries(readings) as [string, string][];
      for (const [a, x] of chosen) {
        for (const [b, y] of chosen) {
          const pair = `${a}=${x} ${b}=${y}`;
          if (times.has(pair)) times.set(pair, times.get(pair)! + 1);
        }
      }
    },
    least() {
      const [pair, count] = [...times].reduce((rarest, one) => (one[1] < rarest[1] ? one : rarest));
      return { pair, times: count };
    },
  };
}

/** Laws that cover all readings. Laws that compare modes exclude torchscale's normalisation, and states computed by one mode only. */
const coverAllReadings = ['definition', 'resumable', 'causal', 'reduces', 'permutes'];

/** Tests that a law holds on at least 1,000 drawn cases, and rejects every fault that it must reject. */
export function testLaw(name: string): void {
  const law = laws.find((one) => one.name === name)!;
  describe(`law ${name}: ${law.statement}`, () => {
    const coversAll = coverAllReadings.includes(name);
    const count = coversAll ? 1200 : 1000;

    it(`holds on ${count} cases with drawn operators, modes, readings and shapes`, { timeout: 600_000 }, () => {
      const pairs = Object.fromEntries(
        Object.entries(allReadings).map(([model, options]) => [model, pairCounter(options)]),
      );
      let tried = 0;
      fc.assert(
        fc.property(trials(law), ({ operator, mode, c }) => {
          tried++;
          pairs[operator.name]?.count((c.settings.config as { readings: object }).readings);
          const verdict = law.check({ operator, mode, program: operator.modes[mode]! }, c);
          if (!isRight(verdict))
            throw new Error(`${operator.name} ${mode}: ${verdict.where} (${verdict.ratio} of the bound)`);
        }),
        { numRuns: count },
      );
      expect(tried).toBeGreaterThanOrEqual(count);
      if (!coversAll) return;
      for (const counter of Object.values(pairs)) {
        expect(counter.least()).toSatisfy(({ times }) => times >= leastOfPairs);
      }
    });

    const faulty = operators
      .filter((operator) => law.concerns(operator))
      .flatMap((operator) =>
        tryFaults(
          operator,
          [law],
          faults.map((fault) => ({ ...fault, rejectedBy: fault.rejectedBy.filter((one) => one === name) })),
          { cases: 100, longest: 8, seed: 1 },
        ),
      );

    it('rejects at least one fault', () => {
      expect(faulty.length).toBeGreaterThan(0);
    });

    it.each(faulty.map(({ fault, rejection }) => [`${fault.operator.name} ${fault.mode}: ${fault.says}`, rejection]))(
      'rejects %s',
      (_fault, rejection) => {
        expect(rejection).not.toBeNull();
      },
    );
  });
}
