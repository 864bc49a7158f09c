import { describe, expect, it } from 'vitest';
import type { Question } from '../../../../src/oracle/backends/backend.ts';
import { followCompiling } from '../../../../src/oracle/check/questions/compiling.ts';

const layoutOf = (n: number) => ({ inputs: { x: { shape: [n] } }, outputs: {}, settings: {} });
const questionOf = (n: number): Question => ({
  ...{ operator: 'some', mode: 'whole', dtype: 'F32', gradients: false, batch: undefined },
  c: {
    ...{ inputs: { x: { shape: [n], data: new Float64Array(n) } }, cotangents: {}, settings: {} },
    ...{ seed: 1, values: 'normal', memory: 'contiguous' },
  },
});

describe('shapes that a backend has not compiled', () => {
  it('wait for the first one in order, which is no lack of time', () => {
    const compiling = followCompiling(true, performance.now() + 60_000, [layoutOf(3), layoutOf(2)]);
    expect(compiling.affords(questionOf(2))).toBe(false);
    expect(compiling.affords(questionOf(3))).toBe(true);
    compiling.note(questionOf(3), 1);
    expect(compiling.shapes()).toEqual({ compiled: 1, leftOut: 0 });
  });

  it('are left out where no time is left', () => {
    const compiling = followCompiling(true, performance.now(), [layoutOf(3), layoutOf(2)]);
    expect(compiling.affords(questionOf(3))).toBe(true);
    compiling.note(questionOf(3), 1);
    expect(compiling.affords(questionOf(2))).toBe(false);
    expect(compiling.shapes()).toEqual({ compiled: 1, leftOut: 1 });
  });
});
