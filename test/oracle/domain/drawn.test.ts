import { describe, expect, it } from 'vitest';
import type { Case } from '../../../src/oracle/case.ts';
import { drawsInTurn } from '../../../src/oracle/check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../../../src/oracle/check/questions/question.ts';
import { domainFrom } from '../../../src/oracle/domain/declared.ts';
import { unfulfilled } from '../../../src/oracle/domain/drawn.ts';
import type { Operator } from '../../../src/oracle/operator.ts';
import { operators } from '../../../src/oracle/operators/index.ts';

const operatorOf = (name: string): Operator => operators.find((one) => one.name === name)!;
const size = { cases: 100, longest: 33 };

/** The cases of 100 draws inside a domain. */
function casesIn(name: string, declared: object, dtype: 'F32' | 'BF16' = 'F32', compiles = false): Case[] {
  const operator = operatorOf(name);
  const domain = domainFrom(declared, 'mine');
  const [mode] = Object.keys(operator.modes) as [string];
  const questions = questionDraws(operator, mode, size, { compiles, domain });
  const drawn = [...drawsInTurn(operator, mode, questions, { cases: 100, seed: 5 })].slice(0, 100);
  return drawn.map(({ draw }) => questionCase(operator, dtype, draw));
}

const seen = <T>(cases: readonly Case[], of: (c: Case) => T): T[] => [...new Set(cases.map(of))].sort();
const numbers = (cases: readonly Case[], input: string): number[] => cases.flatMap((c) => [...c.inputs[input]!.data]);

describe('cases inside a domain', () => {
  it.each([false, true])('have its lengths, short ones most often; compiles: %s', (compiles) => {
    const cases = casesIn(
      'simpleGla',
      { axes: { d: [16, 32, 64, 128], e: 'd', t: { multipleOf: 16 }, b: 1 }, inputs: { gate: 'finite' } },
      'F32',
      compiles,
    );
    const lengths = cases.map(({ inputs }) => [...inputs.q!.shape, inputs.v!.shape[3]!]);
    expect(
      lengths.every(
        ([b, , t, d, e]) => b === 1 && t! > 0 && t! % 16 === 0 && [16, 32, 64, 128].includes(d!) && d === e,
      ),
    ).toBe(true);
    expect(new Set(lengths.map(([, , , d]) => d)).size).toBeGreaterThanOrEqual(compiles ? 2 : 4);
    expect(lengths.filter(([, , , d]) => d === 16).length).toBeGreaterThan(compiles ? 0 : 30);
    expect(numbers(cases, 'gate').every((x) => Number.isFinite(x) && x <= 0)).toBe(true);
  });

  it.each(['F32', 'BF16'] as const)('have its numbers in %s', (dtype) => {
    const decays = numbers(casesIn('linearScan', { inputs: { a: { above: 0, atMost: 0.999 } } }, dtype), 'a');
    expect(decays.every((x) => x > 0 && x <= 0.999)).toBe(true);
    expect(new Set(decays).size).toBeGreaterThan(100);
    const gates = numbers(casesIn('simpleGla', { inputs: { gate: { atLeast: -20 } } }, dtype), 'gate');
    expect(gates.every((x) => x >= -20 && x <= 0) && gates.includes(-20)).toBe(true);
  });

  it('have its settings, and inputs that are given or absent', () => {
    const retention = casesIn('retention', { settings: { chunkSize: [16, 64], decay: { above: 0, atMost: 1 } } });
    expect(seen(retention, ({ settings }) => settings.chunkSize)).toEqual([16, 64]);
    expect(retention.flatMap(({ settings }) => settings.decay as number[]).every((x) => x > 0 && x <= 1)).toBe(true);
    const fixed = casesIn('retention', { axes: { h: 2 }, settings: { decay: [[0.5, 0.9]] } });
    expect(seen(fixed, ({ settings }) => `${settings.decay}`)).toEqual(['0.5,0.9']);
    const scans = casesIn('selectiveScan', {
      axes: { e: { multipleOf: 8 }, "g'": 1 },
      settings: { deltaSoftplus: true, b: ['token', 'group'] },
      inputs: { z: 'absent', skip: 'given' },
    });
    expect(seen(scans, ({ settings }) => `${settings.deltaSoftplus} ${settings.b}`)).toEqual([
      'true group',
      'true token',
    ]);
    expect(scans.every(({ inputs }) => inputs.z === undefined && inputs.skip !== undefined)).toBe(true);
    expect(scans.every(({ inputs }) => inputs.u!.shape[2]! % 8 === 0)).toBe(true);
  });

  it('start from zero, and have no cotangent of the state, where it says so', () => {
    const cases = casesIn('retention', { inputs: { state: 0 }, cotangents: { state: 0 } });
    expect(new Set(numbers(cases, 'state'))).toEqual(new Set([0]));
    expect(new Set(cases.flatMap(({ cotangents }) => [...cotangents.state!.data]))).toEqual(new Set([0]));
    expect(cases.flatMap(({ cotangents }) => [...cotangents.output!.data]).some((x) => x !== 0)).toBe(true);
  });

  it('may be longer than the longest, if no shorter length is inside', () => {
    const cases = casesIn('linearScan', { axes: { t: { multipleOf: 64 } } });
    expect(seen(cases, ({ inputs }) => inputs.a!.shape[1])).toEqual([64]);
  });

  it('are no longer than the longest, if a length up to it is inside', () => {
    const cases = casesIn('linearScan', { axes: { t: { atLeast: 33 } } });
    expect(seen(cases, ({ inputs }) => inputs.a!.shape[1])).toEqual([33]);
  });
});

it.each([
  ['retention', { settings: { position: 3 } }, 'position = 3'],
  ['selectiveScan', { settings: { deltaSoftplus: 'yes' } }, 'deltaSoftplus = yes'],
  ['simpleGla', { inputs: { gate: { atLeast: 1 } } }, 'gate at least 1'],
  ['linearScan', { axes: { n: 3 }, inputs: { a: 'finite' } }, null],
] as const)('%s: a domain of %j leaves nothing: %s', (name, declared, never) => {
  const operator = operatorOf(name);
  expect(unfulfilled(operator, 'recurrent', { longest: 33 }, domainFrom(declared, 'mine'))).toBe(never);
});
