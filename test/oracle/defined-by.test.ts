/** @file Tests that a mode's declared equations are those whose definitions it runs. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { equations } from '../../spec/registry.ts';
import { sampleCases } from '../../src/oracle/draw.ts';
import type { Operator } from '../../src/oracle/operator.ts';
import { operators } from '../../src/oracle/operators/index.ts';

/** The equations whose definitions ran. Only definitions called from other files can be recorded. */
const ran = vi.hoisted(() => new Set<number>());

/** Wraps a function so that a call records its equations. */
const noting = vi.hoisted(
  () =>
    <T extends unknown[], R>(numbers: readonly number[], f: (...args: T) => R) =>
    (...args: T): R => {
      for (const number of numbers) ran.add(number);
      return f(...args);
    },
);

vi.mock('../../spec/07-convolution.ts', async (original) => {
  const real = await original<typeof import('../../spec/07-convolution.ts')>();
  return { ...real, convolution: noting([7, 8], real.convolution) };
});

vi.mock('../../spec/12-dense-convolution.ts', async (original) => {
  const real = await original<typeof import('../../spec/12-dense-convolution.ts')>();
  return {
    ...real,
    unrolledState: noting([12], real.unrolledState),
    convolvedState: noting([13], real.convolvedState),
    denseOutput: noting([14], real.denseOutput),
  };
});

vi.mock('../../spec/25-dense-retention.ts', async (original) => {
  const real = await original<typeof import('../../spec/25-dense-retention.ts')>();
  return { ...real, denseRetention: noting([25], real.denseRetention) };
});

const noted = [7, 8, 12, 13, 14, 25];

const rows = operators.flatMap((operator) =>
  Object.keys(operator.definedBy ?? {}).map((mode) => ({ name: operator.name, operator, mode })),
);

const definersOf = ({ definedBy }: Operator, mode: string): number[] => Object.values(definedBy![mode]!).flat();

describe('the equations that define a mode', () => {
  beforeEach(() => ran.clear());

  it.each(rows)('$name $mode: are the equations that its definition runs', ({ operator, mode }) => {
    for (const { inputs, settings } of sampleCases(operator, { longest: 4 }, 10, 1))
      operator.definition(inputs, settings, mode);
    expect([...ran].sort((a, b) => a - b)).toEqual(
      noted.filter((number) => definersOf(operator, mode).includes(number)),
    );
  });

  it.each(operators.filter(({ definedBy }) => definedBy !== undefined))(
    '$name: are declared for every mode and output, and include all of its equations',
    (operator) => {
      expect(Object.keys(operator.definedBy!)).toEqual(Object.keys(operator.modes));
      const outputs = operator.signature.outputs.map(({ pattern }) => pattern);
      for (const by of Object.values(operator.definedBy!)) expect(Object.keys(by)).toEqual(outputs);
      const definers = Object.keys(operator.modes).flatMap((mode) => definersOf(operator, mode));
      expect(operator.equations!.filter((number) => !definers.includes(number))).toEqual([]);
      expect(definers.filter((number) => equations[number - 1]?.number !== number)).toEqual([]);
    },
  );

  it('are declared if the definition depends on the mode', () => {
    const asking = operators.filter((operator) => operator.equations !== undefined && asksForMode(operator));
    expect(asking.filter(({ definedBy }) => definedBy === undefined).map(({ name }) => name)).toEqual([]);
  });
});

/** Whether the definition of an operator runs different equations in different modes. */
function asksForMode(operator: Operator): boolean {
  const [first, ...others] = Object.keys(operator.modes).map((mode) => {
    ran.clear();
    for (const { inputs, settings } of sampleCases(operator, { longest: 4 }, 10, 1))
      operator.definition(inputs, settings, mode);
    return [...ran].sort().join();
  });
  return others.some((other) => other !== first);
}
