import { describe, expect, it } from 'vitest';
import { denseStatesLab, measured } from '../../../site/labs/dense-states.ts';
import { labState } from '../../../site/labs/shared/lab.ts';

const start = labState(denseStatesLab, '');
const top = (shares: readonly (readonly number[])[]) => shares.at(-1)!;

describe('the lab of dense states', () => {
  it('shows the numbers that are measured, in the cells and in words', () => {
    const { dense, none } = measured(start);
    const { says, figure } = denseStatesLab.view(start);
    const titles = [...figure.matchAll(/title="([^"]+) %"/g)].map(([, number]) => Number(number));
    const numbers = [...dense, ...none].flat().map((share) => Number((100 * share).toPrecision(6)));
    expect(titles).toEqual(numbers);
    const words = [top(dense)[0]!, top(none)[0]!, top(dense).at(-1)!, top(none).at(-1)!];
    const said = [...says.matchAll(/<strong>([\d.,]+)/g)].map(([, number]) => Number(number!.replace(',', '')));
    expect(said).toEqual(words.map((share) => Number((100 * share).toPrecision(2))));
  });

  it('suggests states that show what it says of them', () => {
    const [carry, gates, residual] = denseStatesLab.tries.map(({ state }) => measured({ ...start, ...state }));
    const { dense: raw } = measured(start);
    expect(carry!.dense.map((row) => row[0])).toEqual(raw.map((row) => expect.closeTo(row[0]!, 12)));
    expect(top(carry!.dense)[7]!).toBeGreaterThan(2 * top(raw)[7]!);
    expect(top(gates!.dense).every((share, i) => share < 1.4 * top(gates!.none)[i]!)).toBe(true);
    expect(residual!.dense).toEqual(residual!.none);
    expect(top(residual!.none).every((share, i) => share > 1.5 * top(gates!.none)[i]!)).toBe(true);
  });
});
