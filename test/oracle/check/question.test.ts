import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { dtypes } from '../../../src/oracle/backends/backend.ts';
import { profileOf } from '../../../src/oracle/check/allowed.ts';
import { questionCase, questionDraws } from '../../../src/oracle/check/question.ts';
import { operators } from '../../../src/oracle/operators/index.ts';

it.each(dtypes)('questions have numbers of %s, at most 2¹⁰ in F16', (dtype) => {
  const { input } = profileOf[dtype].at;
  for (const operator of operators) {
    const drawn = questionDraws(operator, operator.reference, { cases: 1, longest: 9 }, { compiles: false });
    for (const draw of fc.sample(drawn, { numRuns: 8, seed: 3 })) {
      const { inputs, cotangents } = questionCase(operator, dtype, draw);
      for (const { kind, data } of [...Object.values(inputs), ...Object.values(cotangents)]) {
        if (kind === 'index') continue;
        const isOff = (x: number): boolean => !Object.is(x, input.round(x)) || (dtype === 'F16' && x > 2 ** 10);
        expect(data.find(isOff)).toBe(undefined);
      }
    }
  }
});

it('questions about every operator have wide numbers, whole models extreme steps', () => {
  const steps: number[] = [];
  for (const operator of operators) {
    const drawn = questionDraws(operator, operator.reference, { cases: 1, longest: 9 }, { compiles: false });
    const wide = fc.sample(drawn, { numRuns: 60, seed: 3 }).filter(({ values }) => values === 'wide');
    const numbers = wide.flatMap((draw) => {
      const { inputs, cotangents } = questionCase(operator, 'F32', draw);
      steps.push(
        ...Object.entries(inputs).flatMap(([name, { data }]) => (name.endsWith('deltaBias') ? [...data] : [])),
      );
      return Object.values({ ...inputs, ...cotangents }).flatMap(({ data }) => [...data]);
    });
    const sizes = numbers.map(Math.abs).filter((x) => x > 0 && Number.isFinite(x));
    expect(Math.max(...sizes) / Math.min(...sizes), operator.name).toBeGreaterThan(2 ** 16);
  }
  expect(Math.max(...steps)).toBeGreaterThan(20);
  expect(Math.min(...steps)).toBeLessThan(-20);
});
