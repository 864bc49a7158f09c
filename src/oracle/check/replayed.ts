/** @file Asks the question of a finding alone, of a backend that was asked nothing before. */
import type { Backend } from '../backends/backend.ts';
import { batchedOf, domainIn } from '../batches/batched.ts';
import { partsOf } from '../batches/rows.ts';
import { operators } from '../operators/index.ts';
import { inquire } from './inquiry.ts';
import { drawAt } from './questions/in-turn.ts';
import { type QuestionSize, questionCase, questionDraws } from './questions/question.ts';
import type { CheckRow } from './row.ts';
import { unsteady } from './smallest/smallest.ts';
import { stale } from './stale.ts';

/** Whether the question of a row's finding fails again; null if one question cannot tell that. */
export async function failsAlone(
  backend: Backend,
  { operator: name, mode: row, dtype, finding }: CheckRow,
  size: QuestionSize,
): Promise<boolean | null> {
  if (finding === null || finding.kind === unsteady || finding.kind === stale) return null;
  const { mode, kind } = partsOf(row);
  const operator = batchedOf(operators.find((one) => one.name === name)!, kind);
  const domain = domainIn(operator, backend.description.operators[name]?.domain);
  const ability = { compiles: backend.compiles, longest: backend.longest, domain };
  const draw = drawAt(questionDraws(operator, mode, size, ability), finding.replay);
  if (draw === undefined) return null;
  const outcome = await inquire(backend, operator, mode, dtype).ask(questionCase(operator, dtype, draw));
  return outcome.is === 'wrong' ? true : outcome.is === 'right' ? false : null;
}
