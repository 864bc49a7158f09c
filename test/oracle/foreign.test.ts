import { describe, expect, it } from 'vitest';
import { arithmetics } from '../support/foreign/arithmetic.ts';
import { foreign } from '../support/foreign/index.ts';
import { casesOf, operatorOf, shareOff } from '../support/foreign/trial.ts';

const cases = Number(process.env.FOREIGN_CASES ?? 6);

describe('foreign programs', () => {
  it('are at least thirty, each with its own name', () => {
    expect(foreign.length).toBeGreaterThanOrEqual(30);
    expect(new Set(foreign.map(({ operator, name }) => `${operator} ${name}`)).size).toBe(foreign.length);
  });

  it.each(foreign.map((program) => [program.operator, program.name, program] as const))(
    '%s, %s: its outputs and gradients are those of the operator',
    (_operator, _name, program) => {
      const operator = operatorOf(program.operator);
      for (const mode of program.modes) {
        for (const c of casesOf(operator, mode, { dtype: 'F64', cases, longest: 33, seed: 7 })) {
          if (program.admits?.(c) === false) continue;
          for (const a of arithmetics.F64) {
            expect({ mode, a: a.name, seed: c.seed, off: shareOff(program, a, c, mode, operator) }).toEqual({
              mode,
              a: a.name,
              seed: c.seed,
              off: expect.closeTo(0, 10),
            });
          }
        }
      }
    },
  );
});
