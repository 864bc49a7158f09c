import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Case } from '../../../../src/oracle/case.ts';
import { isDivergent, type JudgedTaps, judgedTaps } from '../../../../src/oracle/check/taps/judged-taps.ts';
import { profileOf } from '../../../../src/oracle/check/verdict/allowed.ts';
import { judged } from '../../../../src/oracle/check/verdict/judged.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { casesOf, seeds } from '../../../support/bounded-trial.ts';
import { cases } from '../../../support/property.ts';
import type { Answered } from '../support.ts';
import { withTaps } from './support.ts';

/** Operators where channels with step sizes of their own are heads of their own: they have no taps then. */
const ofChannels = ['mamba2Scan', 'deltaRule'];

const rows = operators.flatMap((operator) => Object.keys(operator.taps ?? {}).map((mode) => ({ operator, mode })));

const asked = (mode: string, c: Case) => ({ mode, dtype: 'F32', gradients: true, c, profile: profileOf.F32 }) as const;

const judgedAlone = (operator: Operator, mode: string, c: Case, taps: Answered): JudgedTaps =>
  judgedTaps(operator, asked(mode, c), [profileOf.F32], taps);

const draw = (operator: Operator, mode: string) =>
  casesOf(operator, mode, 6, profileOf.F32).filter(({ values }) => values === 'normal');

describe('right taps', () => {
  it.each(rows)('of $operator.name $mode never diverge, whatever the order of sums', ({ operator, mode }) => {
    let compared = 0;
    fc.assert(
      fc.property(casesOf(operator, mode, 6, profileOf.F32), seeds, (c, seed) => {
        const { taps } = withTaps(operator, mode, c, { dtype: 'F32', seed, gradients: false });
        const found = judgedAlone(operator, mode, c, taps);
        expect(found.compared.filter(isDivergent)).toEqual([]);
        compared += found.compared.length;
      }),
      cases(4),
    );
    expect(compared).toBeGreaterThan(0);
  });

  it.each(rows)('of $operator.name $mode are all that are named', ({ operator, mode }) => {
    const known = new Set<string>();
    for (const c of fc.sample(draw(operator, mode), { numRuns: 12, seed: 1 })) {
      const { compared, unfit } = judgedAlone(operator, mode, c, withTaps(operator, mode, c, { dtype: 'F32' }).taps);
      for (const { tap } of compared) known.add(tap.name);
      if (!ofChannels.includes(operator.name)) expect(unfit).toEqual([]);
    }
    expect([...known].sort()).toEqual(Object.keys(operator.taps![mode]!).sort());
  });
});

describe('a fault in a tap', () => {
  it.each(rows)('of $operator.name $mode is named there, and all else is right', ({ operator, mode }) => {
    let faults = 0;
    fc.assert(
      fc.property(draw(operator, mode), fc.nat(), (c, place) => {
        const right = withTaps(operator, mode, c, { dtype: 'F32' });
        if (judgedAlone(operator, mode, c, right.taps).compared.length !== right.taps.size) return;
        const named = right.visits.filter(({ name, data }) => right.taps.has(name) && data.length > 0);
        if (named.length === 0) return;
        const { name, at } = named[place % named.length]!;
        const { results, taps } = withTaps(operator, mode, c, {
          dtype: 'F32',
          change: (visit) =>
            visit.name === name && visit.at === at ? visit.data.with(0, Math.fround(visit.data[0]! + 1)) : visit.data,
        });
        const { compared, after } = judgedAlone(operator, mode, c, taps);
        const divergent = compared.filter(isDivergent);
        expect(divergent.map(({ tap, wrong }) => [tap.name, wrong])).toEqual([[name, 1]]);
        expect(Math.abs(divergent[0]!.first!.answered - divergent[0]!.first!.expected)).toBeCloseTo(1, 2);
        expect(judged(after(), results, c.seed).mismatches).toEqual([]);
        faults++;
      }),
      cases(4),
    );
    expect(faults).toBeGreaterThan(0);
  });
});
