/** @file A backend in this process: runs programs, correct or faulty, on the rounded executor. */
import type { Profile } from '../../../src/executors/profiles/profile.ts';
import { rounded } from '../../../src/executors/rounded/index.ts';
import type { DType } from '../../../src/io/dtypes.ts';
import type { StoredTensor } from '../../../src/io/safetensors.ts';
import type { Answer, Backend, Offer, Question } from '../../../src/oracle/backends/backend.ts';
import { batchedOf } from '../../../src/oracle/batches/batched.ts';
import { profileOf } from '../../../src/oracle/check/verdict/allowed.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { asAnswered, evaluate, type Program } from '../../../src/oracle/program.ts';
import type { Executor } from '../../../src/tensor/value.ts';

/** Changes an answer before the backend returns it. */
export type Twist = (answer: Map<string, StoredTensor>, question: Question) => Answer | Map<string, StoredTensor>;

/**
 * Offers every operator in every mode and type. `programs` replaces the programs of some operators. It computes at `profile`, by default
 * that of the question's type.
 */
export function programBackend(
  programs: Readonly<Record<string, Program>> = {},
  twist: Twist = (answer) => answer,
  offer: Partial<Offer> = {},
  profile?: Profile,
): Backend {
  return {
    description: {
      name: 'programs',
      operators: Object.fromEntries(
        operators.map(({ name, modes }) => [
          name,
          { modes: Object.keys(modes), dtypes: ['F32', 'F64'] as const, gradients: true, ...offer },
        ]),
      ),
    },
    compiles: false,
    async answer(question) {
      const { operator, mode, dtype, gradients, c, batch } = question;
      const own = batchedOf(operators.find(({ name }) => name === operator)!, batch?.kind ?? null);
      const program = programs[operator] ?? own.modes[mode]!;
      const values = Object.entries(
        asAnswered(evaluate(program, c, rounded(profile ?? profileOf[dtype], c.seed) as Executor)),
      );
      const tensors = values
        .filter(([name]) => gradients || name.startsWith('out/'))
        .map(([name, x]): [string, StoredTensor] => [
          name,
          { dtype: dtype as DType, shape: x.shape, data: x.on.read(x.data).slice() },
        ]);
      const answer = twist(new Map(tensors), question);
      return answer instanceof Map ? { kind: 'numbers', tensors: answer } : answer;
    },
    close: async () => {},
  };
}
