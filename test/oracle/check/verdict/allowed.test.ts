import { expect, it } from 'vitest';
import type { Case } from '../../../../src/oracle/case.ts';
import { questionCase } from '../../../../src/oracle/check/questions/question.ts';
import { type Allowed, allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { sampleDraws } from '../../../../src/oracle/draw.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { operators } from '../../../../src/oracle/operators/index.ts';

const numbersIn = ({ tensors }: Allowed): number[][] =>
  Object.values(tensors).flatMap(({ expected, bounds, boundsInF32 = bounds }) => [
    [...expected],
    [...bounds],
    [...boundsInF32],
  ]);

function allowed(operator: Operator, c: Case, dtype: 'F32' | 'BF16'): Allowed {
  return allowedFor(operator, { mode: operator.reference, dtype, gradients: true, c });
}

it('what is allowed stays, whatever is computed after it', () => {
  for (const operator of operators) {
    const draws = sampleDraws(operator, { longest: 5 }, 8, 2).filter(({ layout }) =>
      operator.admits(layout.settings, operator.reference),
    );
    for (const dtype of ['F32', 'BF16'] as const) {
      const [one, other] = draws.slice(0, 2).map((draw) => questionCase(operator, dtype, draw)) as [Case, Case];
      const first = allowed(operator, one, dtype);
      const before = numbersIn(first);
      allowed(operator, other, dtype);
      expect(numbersIn(first), operator.name).toEqual(before);
      expect(numbersIn(allowed(operator, one, dtype)), operator.name).toEqual(before);
    }
  }
});
