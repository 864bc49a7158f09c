import { expect, it } from 'vitest';
import { f64 } from '../../../../src/executors/f64/index.ts';
import { type Case, fill } from '../../../../src/oracle/case.ts';
import { likenesses } from '../../../../src/oracle/check/diagnosis/likeness.ts';
import { allowedFor } from '../../../../src/oracle/check/verdict/allowed.ts';
import { layoutOf } from '../../../../src/oracle/layout.ts';
import type { Operator } from '../../../../src/oracle/operator.ts';
import { simpleGlaFaults } from '../../../../src/oracle/operators/simple-gla/faults.ts';
import { simpleGla } from '../../../../src/oracle/operators/simple-gla/operator.ts';
import { asAnswered, evaluate } from '../../../../src/oracle/program.ts';
import type { Executor } from '../../../../src/tensor/value.ts';

const operator = simpleGla as Operator;
const signature = 'q bhtd, k bhtd, v bhte, state bhde, gate bht -> output bhte, state bhde';

/** What is said of an answer with a fault in chunks of a size. */
function saidOf(c: Case, name: string, chunkSize: number): string[] {
  const { program } = simpleGlaFaults.find((fault) => fault.name === name)!;
  const inOwn = { ...c, settings: { ...c.settings, chunkSize } };
  const answered = Object.fromEntries(
    Object.entries(asAnswered(evaluate(program, inOwn, f64 as Executor))).map(([tensor, x]) => [
      tensor,
      f64.read(x.data as Float64Array),
    ]),
  );
  const allowed = allowedFor(operator, { mode: 'chunkwise', dtype: 'F64', gradients: true, c });
  return likenesses(operator, 'chunkwise', { c, answered, allowed }, [], []);
}

it('a fault is named in the chunks that a kernel has, whichever are asked', () => {
  const layout = layoutOf(signature, {
    lengths: { b: 1, h: 1, t: 17, d: 1, e: 1 },
    settings: { chunkSize: 5, scale: 1 },
    details: { gate: { between: [-0.2, -0.01] } },
  });
  const c = fill(layout, 1, 'normal', 10);
  expect(saidOf(c, 'state-not-decayed', 16)).toEqual([
    "looks like the fault 'state-not-decayed' in chunks of 16: the state between chunks does not decay",
  ]);
  expect(saidOf(c, 'state-not-decayed', 5)).toEqual([
    "looks like the fault 'state-not-decayed': the state between chunks does not decay",
  ]);
});
