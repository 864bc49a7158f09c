/** @file Wrong answers are tried with the least exact functions first: bounds are largest there, and the verdict is the same. */
import { describe, expect, it } from 'vitest';
import { leastExactOf, type Profile, snap, usualProfiles } from '../../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../../src/executors/rounded/index.ts';
import type { StoredTensor } from '../../../../src/io/safetensors.ts';
import { type Case, mapTensors } from '../../../../src/oracle/case.ts';
import { allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { isRightAnswer } from '../../../../src/oracle/check/verdict/judged.ts';
import { tightest, verdictAt } from '../../../../src/oracle/check/verdict/verdict.ts';
import { sampleCases } from '../../../../src/oracle/draw.ts';
import { faults } from '../../../../src/oracle/faults.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate, type Program } from '../../../../src/oracle/program.ts';
import type { Executor } from '../../../../src/tensor/value.ts';

const names = ['retention', 'simpleGla', 'selectiveScan'];
const some = operators.filter(({ name }) => names.includes(name)) as Operator[];

const onGrid = (c: Case, profile: Profile): Case => ({
  ...c,
  inputs: mapTensors(c.inputs, (x) => (x.kind === 'index' ? x : { ...x, data: snap(profile, x.data) })),
  cotangents: mapTensors(c.cotangents, (x) => ({ ...x, data: snap(profile, x.data) })),
});

/** A few cases that a mode admits, on the grid of a profile. */
const casesOf = (operator: Operator, mode: string, profile: Profile, count: number): Case[] =>
  sampleCases(operator, { longest: 5 }, 8 * count, 1)
    .filter(({ settings }) => operator.admits(settings, mode))
    .slice(0, count)
    .map((c) => onGrid(c, profile));

describe('the least exact functions of F32', () => {
  const profiles = usualProfiles.f32;
  const coarsest = leastExactOf(profiles)!;

  it.each(some.map((operator) => [operator.name, operator] as const))(
    'have the largest bounds: %s',
    (_name, operator) => {
      for (const mode of Object.keys(operator.modes)) {
        for (const form of [undefined, ...Object.keys(operator.forms?.[mode] ?? {})]) {
          for (const c of casesOf(operator, mode, profiles[0], 1)) {
            const asked = { mode, dtype: 'F32', gradients: true, c, form } as const;
            const largest = allowedFor(operator, { ...asked, profile: coarsest }).tensors;
            for (const profile of profiles) {
              for (const [tensor, { bounds }] of Object.entries(allowedFor(operator, { ...asked, profile }).tensors)) {
                const beyond = bounds.findIndex((bound, i) => bound > largest[tensor]!.bounds[i]! * (1 + 2 ** -40));
                expect(beyond, `${mode} ${form} ${profile.name} ${tensor}`).toBe(-1);
              }
            }
          }
        }
      }
    },
  );

  it('are no judge of other formats', () => {
    expect(leastExactOf(usualProfiles.bf16)).toBeNull();
  });
});

describe('a verdict', () => {
  const answerOf = (program: Program, c: Case): Map<string, StoredTensor> => {
    const values = asAnswered(evaluate(program, c, rounded(usualProfiles.f32[0], c.seed) as Executor));
    return new Map(
      Object.entries(values).map(([name, x]) => [
        name,
        { dtype: 'F32', shape: x.shape, data: x.on.read(x.data).slice() },
      ]),
    );
  };
  // check does not ask about batches
  const own = faults.filter(
    ({ operator, rejectedBy }) =>
      operator.name === 'retention' && !rejectedBy.every((law) => ['padded', 'packed'].includes(law)),
  );

  it.each(own.map((fault) => [fault.operator.name, fault.name, fault] as const))(
    'on %s %s is that of all profiles in turn',
    (_operator, _name, { operator, mode, program }) => {
      for (const c of casesOf(operator, mode, usualProfiles.f32[0], 2)) {
        const answered = answerOf(program, c);
        const asked = { mode, dtype: 'F32', gradients: true, c } as const;
        const inTurn = usualProfiles.f32.map((profile) => verdictAt(operator, { ...asked, profile }, answered));
        const at = Math.max(
          0,
          inTurn.findIndex(({ judgement }) => isRightAnswer(judgement)),
        );
        const found = tightest(operator, asked, answered, usualProfiles.f32, 0);
        expect(found.at).toBe(at);
        expect(found.judgement).toEqual(inTurn[at]!.judgement);
        expect(found.forms).toEqual(inTurn[at]!.forms);
      }
    },
  );
});
