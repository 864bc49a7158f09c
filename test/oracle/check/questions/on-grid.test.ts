import { describe, expect, it } from 'vitest';
import { inquire } from '../../../../src/oracle/check/inquiry.ts';
import { onGrid } from '../../../../src/oracle/check/questions/on-grid.ts';
import { questionCase } from '../../../../src/oracle/check/questions/question.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { programBackend } from '../program-backend.ts';

const simpleGla = operators.find(({ name }) => name === 'simpleGla')!;
const shape = (...lengths: number[]) => ({ shape: [1, 1, ...lengths] });
const layout = {
  inputs: { q: shape(2, 1), k: shape(2, 1), v: shape(2, 1), state: shape(1, 1), gate: shape(2) },
  outputs: { output: shape(2, 1).shape, state: shape(1, 1).shape },
  settings: { chunkSize: 1 },
};
const drawn = questionCase(simpleGla, 'F16', { layout, seed: 3, values: 'normal' });

describe('a case that a diagnosis or shrinking changed', () => {
  // half of an odd multiple of the smallest number, and a power of two beyond the largest number
  const changed = {
    ...drawn,
    inputs: { ...drawn.inputs, v: { ...drawn.inputs.v!, data: Float64Array.of(3 * 2 ** -25, -65536) } },
  };

  it('gets numbers of the type', () => {
    expect([...onGrid(changed, 'F16').inputs.v!.data]).toEqual([2 * 2 ** -24, -65504]);
    expect(onGrid(drawn, 'F16')).toBe(drawn);
    const gate = { ...drawn.inputs.gate!, data: Float64Array.of(Number.NEGATIVE_INFINITY, -1) };
    const reset = { ...drawn, inputs: { ...drawn.inputs, gate } };
    expect(onGrid(reset, 'F16')).toBe(reset);
  });

  it('is asked and judged', async () => {
    const inquiry = inquire(programBackend({}, undefined, { dtypes: ['F16'] }), simpleGla, 'chunkwise', 'F16');
    expect((await inquiry.ask(changed)).is).toBe('right');
  });
});
