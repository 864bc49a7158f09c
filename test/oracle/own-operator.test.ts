/** @file Operators of one's own through the package's exports: forward-only programs, and laws that were not tried. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f64 } from '../../src/executors/f64/index.ts';
import { mul, read, sign, type Value } from '../../src/index.ts';
import {
  axis,
  defineOperator,
  evaluate,
  faultsOf,
  isVerified,
  type Law,
  laws,
  layoutOf,
  over,
  sampleCases,
  tryLaw,
  verifyOperator,
  within,
} from '../../src/oracle/index.ts';

const signature = 'x be -> y be';

/** Signs times a setting, without gradients, with other fields of the declaration. */
const signs = (times: (by: number) => number, more: object = {}) =>
  defineOperator({
    name: 'signs',
    signature,
    forwardOnly: true,
    layouts: (size) =>
      fc
        .record({ b: axis(size, 'b', 3), e: axis(size, 'e', 4), by: fc.constantFrom(1, 2) })
        .map(({ by, ...lengths }) => layoutOf(signature, { lengths, settings: { by } })),
    definition: over('be', signature, ({ x }, { by }: { by: number }) => ({ y: Math.sign(x) * by })),
    modes: { whole: ({ x }, { by }) => ({ y: mul(sign(x), times(by)) }) },
    reference: 'whole',
    laws: {},
    ...more,
  });

const tried = (operator: ReturnType<typeof signs>) =>
  Object.fromEntries(
    laws.map((law) => {
      const cases = sampleCases(operator, { longest: 4, ...law.size }, 10, 1);
      return [law.name, tryLaw(law, operator as never, 'whole', cases as never)];
    }),
  );

describe('a forward-only operator', () => {
  it('has no gradients, and is held against its definition', () => {
    const operator = signs((by) => by);
    const [c] = sampleCases(operator, { longest: 4 }, 1, 1);
    const { outputs, gradients } = evaluate(operator.modes.whole as never, c as never, f64 as never);
    expect({ names: Object.keys(outputs), gradients }).toEqual({ names: ['y'], gradients: {} });
    expect(read(outputs.y!)).toEqual(c!.inputs.x!.data.map((x) => Math.sign(x) * c!.settings.by));
    expect(tried(operator).definition).toMatchObject({ status: 'right', cases: 10 });
    expect(tried(signs(() => 1)).definition!.status).toBe('wrong');
  });

  it('says of laws that do not apply that they were not tried', () => {
    const { derivative, dyadic, causal, permutes, ...others } = tried(signs((by) => by));
    for (const one of [derivative, dyadic, causal]) expect(one).toMatchObject({ status: 'not tried', cases: 0 });
    expect(permutes!.status).toBe('right');
    for (const one of Object.values(others)) expect(one.status).not.toBe('wrong');
  });

  it('is verified where it is right, without gradients', () => {
    const trials = { cases: 5, longest: 4, seed: 1 };
    const verified = (operator: ReturnType<typeof signs>) =>
      verifyOperator(operator as never, trials).map((row) => isVerified(row, trials.cases));
    expect([verified(signs((by) => by)), verified(signs(() => 1))]).toEqual([[true], [false]]);
  });

  it('is wrong where its definition gives no outputs, or its program one that the signature lacks', () => {
    const nothing = signs((by) => by, { definition: over('be', signature, () => ({})) });
    expect(tried(nothing).definition).toMatchObject({
      status: 'wrong',
      verdict: { where: 'the definition gives no outputs, but the program gives y' },
    });
    const more = signs((by) => by, { modes: { whole: ({ x }: { x: Value }) => ({ y: sign(x), z: x }) } });
    expect(tried(more).definition).toMatchObject({
      status: 'wrong',
      verdict: { where: 'output.z is no output of the signature' },
    });
  });

  it('is not tried by a law that compares no number', () => {
    const [law] = laws;
    const empty: Law = { ...law!, check: () => within({}, {}, () => 0) };
    const operator = signs((by) => by);
    const cases = sampleCases(operator, { longest: 4 }, 3, 1);
    expect(tryLaw(empty, operator as never, 'whole', cases as never)).toMatchObject({ status: 'not tried', cases: 3 });
  });

  it('refuses a reference, and faults, of modes that there are not', () => {
    expect(() => signs((by) => by, { reference: 'wole' })).toThrow(
      "defineOperator: the reference: signs has no mode 'wole'; modes are whole (did you mean 'whole'?)",
    );
    const wrong = { name: 'none', says: 'nothing', mode: 'toString', rejectedBy: ['definition'], program: () => ({}) };
    expect(() => faultsOf(signs((by) => by) as never, [wrong as never])).toThrow(
      "faultsOf: none: signs has no mode 'toString'; modes are whole",
    );
  });

  it('refuses a mode that there is not', () => {
    expect(() => tryLaw(laws[0]!, signs((by) => by) as never, 'wole', [])).toThrow(
      "tryLaw: signs has no mode 'wole'; modes are whole (did you mean 'whole'?)",
    );
  });
});
