import { describe, expect, it } from 'vitest';
import { operatorOf } from '../../site/equation.ts';
import { programOf } from '../../site/programs.ts';
import { smallCase } from '../../site/small-case.ts';
import { ulpsBetween, ulpsText } from '../../site/ulps.ts';
import { workedOutputs, workedTable } from '../../site/worked.ts';
import { equations } from '../../spec/registry.ts';

describe('the small cases of the site', () => {
  it.each(equations)('of Eq. $number are computed by the definition and by every mode', (equation) => {
    const operator = operatorOf(equation);
    const c = smallCase(operator, equation.number);
    const outputs = workedOutputs(operator, c);
    expect(outputs.some(({ defined }) => defined !== undefined)).toBe(true);
    expect(Object.values(c.inputs).reduce((count, { data }) => count + data.length, 0)).toBeLessThan(70);
    for (const { defined, modes } of outputs) {
      expect(Object.keys(modes)).toEqual(Object.keys(operator.modes));
      for (const numbers of Object.values(modes))
        for (const [i, number] of Array.from(defined ?? []).entries()) expect(numbers[i]).toBeCloseTo(number, 12);
    }
  });

  it('show a number of a mode that is not the same double', () => {
    const operator = operatorOf(equations[18]!);
    const c = smallCase(operator, 19);
    const wrong = { ...operator, modes: { ...operator.modes, recurrent: operator.modes.parallel! } };
    const others = (html: string) => html.match(/class="other"/g)?.length ?? 0;
    expect(others(workedTable(wrong, c))).toBeGreaterThan(others(workedTable(operator, c)));
  });

  it('show the program of a mode, whose operands are inputs, constants or earlier steps', () => {
    const operator = operatorOf(equations[18]!);
    const c = smallCase(operator, 19);
    const { steps, files } = programOf(operator, 'parallel', c);
    expect(steps[0]).toMatchObject({ name: 'einsum', details: "'bhtd,bhsd->bhts'", operands: ['q', 'k'] });
    expect(files).toContain('src/nn/retention/parallel.ts');
    expect(programOf(operator, 'chunkwise', c).steps.length).toBeGreaterThan(steps.length);
    for (const [i, { operands }] of steps.entries())
      for (const operand of operands)
        if (operand.startsWith('%')) expect(Number(operand.slice(1))).toBeLessThanOrEqual(i);
        else expect(operand).toMatch(/^(q|k|v|state|constant .*)$/);
  });

  it('count the doubles between two numbers', () => {
    expect(ulpsBetween(1, 1 + 2 ** -52)).toBe(1);
    expect(ulpsBetween(1, 1 - 2 ** -53)).toBe(-1);
    expect(ulpsBetween(-(2 ** -1074), 2 ** -1074)).toBe(2);
    expect(ulpsBetween(-0, 0)).toBe(0);
    expect(ulpsBetween(Number.NaN, Number.NaN)).toBe(0);
    expect(ulpsText(ulpsBetween(0, Number.NaN))).toBe('NaN');
    expect(ulpsText(-3)).toBe('−3 ulps');
  });
});
