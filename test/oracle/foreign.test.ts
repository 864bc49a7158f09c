import { describe, expect, it } from 'vitest';
import { arithmetics } from '../support/foreign/arithmetic.ts';
import { foreign } from '../support/foreign/index.ts';
import { casesOf, operatorOf, shareOff, tryMode } from '../support/foreign/trial.ts';

const cases = Number(process.env.FOREIGN_CASES ?? 2);
const names = [...new Set(foreign.map(({ operator }) => operator))];

describe('foreign programs', () => {
  it('are at least thirty, each with its own name', () => {
    expect(foreign.length).toBeGreaterThanOrEqual(30);
    expect(new Set(foreign.map(({ operator, name }) => `${operator} ${name}`)).size).toBe(foreign.length);
  });

  it.each(foreign.map((program) => [program.operator, program.name, program] as const))(
    '%s, %s: its outputs and gradients are those of the operator',
    (_operator, _name, program) => {
      const operator = operatorOf(program.operator);
      let turn = 0;
      for (const mode of program.modes) {
        for (const c of casesOf(operator, mode, { dtype: 'F64', cases, longest: 33, seed: 7 })) {
          if (program.admits?.(c) === false) continue;
          const a = arithmetics.F64[turn++ % arithmetics.F64.length]!;
          expect({ mode, a: a.name, seed: c.seed, off: shareOff(program, a, c, mode, operator) }).toEqual({
            mode,
            a: a.name,
            seed: c.seed,
            off: expect.closeTo(0, 10),
          });
        }
      }
    },
  );

  it.each(names)('%s: no bound in F64 and F32 rejects them', (name) => {
    const operator = operatorOf(name);
    for (const profile of ['F64', 'F32'] as const) {
      const trial = {
        ...{ profile, programs: foreign, arithmetics: arithmetics[profile] },
        // each case in one arithmetic
        ...{ cases: profile === 'F64' ? 1 : cases, longest: 9, seed: 11, rotates: true },
      };
      for (const mode of Object.keys(operator.modes)) {
        const alarms = tryMode(trial, operator, mode)
          .filter(({ program, alarms }) => alarms > 0 && program.loses === undefined)
          .map(({ program, arithmetic, smallest }) => ({ mode, program: program.name, a: arithmetic.name, smallest }));
        expect(alarms).toEqual([]);
      }
    }
  });
});
