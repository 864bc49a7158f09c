/** @file Makes answers of a correct implementation, and the same answers with one error. */
import type { Profile } from '../../../src/executors/bounded/index.ts';
import { rounded } from '../../../src/executors/rounded/index.ts';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Dtype } from '../../../src/oracle/backends/backend.ts';
import type { Case } from '../../../src/oracle/case.ts';
import { profileOf } from '../../../src/oracle/check/verdict/allowed.ts';
import { asAnswered, evaluate, evaluateOutputs, type Program } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';

/** The tensors of an answer, by name. */
export type Answered = Map<string, StoredTensor>;

/** The answer of a program on an executor. */
export function answerOn(
  on: Executor,
  program: Program,
  c: Case,
  { dtype, gradients = true }: { readonly dtype: Dtype; readonly gradients?: boolean },
): Answered {
  const values = Object.entries(asAnswered((gradients ? evaluate : evaluateOutputs)(program, c, on)));
  return new Map(
    values.map(([name, x]) => [name, { dtype, shape: x.shape, data: (x.on.read(x.data) as Float64Array).slice() }]),
  );
}

/** The answer of a correct implementation with random rounding errors and orders of summation. */
export const rightAnswer = (
  program: Program,
  c: Case,
  seed: number,
  asked: { readonly dtype: Dtype; readonly gradients?: boolean },
): Answered => answerOn(rounded(profileOf[asked.dtype] as Profile, seed) as Executor, program, c, asked);

/** A copy of an answer with one tensor changed. */
export const changed = (answer: Answered, name: string, change: Partial<StoredTensor>): Answered =>
  new Map([...answer, [name, { ...answer.get(name)!, ...change }]]);

/** A copy of an answer with one number changed. */
export function withNumber(answer: Answered, name: string, element: number, f: (x: number) => number): Answered {
  const { data } = answer.get(name)!;
  return changed(answer, name, { data: data.with(element, f(data[element]!)) });
}
