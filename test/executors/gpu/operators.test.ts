import { describe, expect, it } from 'vitest';
import { operators } from '../../../src/oracle/operators/index.ts';
import { cases } from '../../support/property.ts';
import { isExact, noCases, operatorSubjects, together, tryOn } from './support.ts';

const modes = operators.flatMap((operator) =>
  Object.keys(operator.modes).map((mode) => ({ name: `${operator.name} ${mode}`, operator, mode })),
);
const few = ['gate', 'retention', 'denseRetention', 'retNet'];

describe.each([
  // npm start asks backend wasm about all modes
  { backend: 'wasm', shapes: 1, runs: 8, of: modes.filter(({ operator }) => few.includes(operator.name)) },
  { backend: 'webasm', shapes: 2, runs: 8, of: modes },
  { backend: 'cpu', shapes: 1, runs: 4, of: modes.filter(({ operator }) => few.includes(operator.name)) },
] as const)('on $backend', ({ backend, shapes, runs, of }) => {
  it.each(of)('$name: outputs, states and gradients equal f64 within the bound', async ({ operator, mode }) => {
    let tally = noCases;
    for (const subject of operatorSubjects(operator, mode, shapes)) {
      tally = together(tally, await tryOn(backend, subject, cases(runs).numRuns, operator.values));
    }
    expect(tally.cases).toBeGreaterThanOrEqual(runs);
    expect(tally.verdict.ratio).toBeLessThanOrEqual(1);
    expect(tally.bounded).toBeGreaterThan(0);
  });

  it.each(of.filter(isExact))('$name: equals f64 bit for bit on dyadic inputs', async ({ operator, mode }) => {
    for (const subject of operatorSubjects(operator, mode, shapes, true)) {
      const { verdict } = await tryOn(backend, subject, cases(runs).numRuns, ['dyadic']);
      expect(verdict.ratio).toBe(0);
    }
  });
});
