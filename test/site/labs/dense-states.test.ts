import { describe, expect, it } from 'vitest';
import { count, countAbove, denseStatesLab, layers, measured, tokens } from '../../../site/labs/dense-states.ts';
import { labState } from '../../../site/labs/shared/lab.ts';
import { medianShares, type Shares } from '../../../src/measure/change-over-tokens.ts';

const start = labState(denseStatesLab, '');
const top = (stacks: readonly Shares[]) => medianShares(stacks).at(-1)!;
const last = tokens - 1;

describe('the lab of dense states', () => {
  it('shows the numbers that are measured, in the cells and in words', () => {
    const { dense, none } = measured(start);
    const { says, figure } = denseStatesLab.view(start);
    const titles = [...figure.matchAll(/title="([^"]+) %"/g)].map(([, number]) => Number(number));
    const shown = [...medianShares(dense), ...medianShares(none)].flat();
    expect(titles).toEqual(shown.map((share) => Number((100 * share).toPrecision(6))));
    const words = [top(dense)[0]!, top(none)[0]!, top(dense)[last]!, top(none)[last]!];
    const said = [...says.matchAll(/<strong>([\d.,]+)/g)].map(([, number]) => Number(number!.replace(',', '')));
    expect(said).toEqual(words.map((share) => Number((100 * share).toPrecision(2))));
    const [same, later] = [0, last].map(
      (t) => dense.filter((one, i) => one[layers]![t]! > none[i]![layers]![t]!).length,
    );
    expect(says).toContain(`in ${same} of ${count} stacks at the same token, in ${later} later`);
  });

  it('opens on the first draw, whichever it shows', () => {
    expect(start.seed).toBe(1);
  });

  // of all draws, the connection helps in the fewest stacks in 1 (token t) and 7 (later), the fused carry in 9
  it.each([1, 7, 9])('suggests states that show what it says of them, in draw %i', (seed) => {
    const base = measured({ ...start, seed });
    const [carry, gates, residual] = denseStatesLab.tries.map(({ state }) => measured({ ...start, seed, ...state }));
    const isInMost = (some: readonly Shares[], others: readonly Shares[], t: number): void => {
      expect(countAbove(some, others, t)).toBeGreaterThan(count / 2);
      expect(top(some)[t]!).toBeGreaterThan(top(others)[t]!);
    };
    const atToken = (stacks: readonly Shares[]) => medianShares(stacks).map((row) => row[0]!);
    expect(atToken(carry!.dense)).toEqual(atToken(base.dense).map((share) => expect.closeTo(share, 12)));
    isInMost(carry!.dense, base.dense, last);
    isInMost(base.dense, gates!.dense, 0);
    expect(residual!.dense).toEqual(residual!.none);
    isInMost(residual!.none, base.none, 0);
    // what the sentence says of the state that opens
    for (const t of [0, last]) isInMost(base.dense, base.none, t);
  });
});
