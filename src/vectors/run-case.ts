/** @file Runs one case through its adapter: every expected tensor ends as passed, failed or waived. */
import type { StoredTensor } from '../io/safetensors.ts';
import { InputError } from '../tensor/errors.ts';
import type { Adapter, Answer, Answers, VectorCase } from './case.ts';
import { compareTensor, failedTensor, type TensorResult, waivedTensor } from './compare.ts';
import type { LoadedCase } from './load.ts';
import type { Waiver } from './waivers.ts';

const GIVEN = /^(in|param|buffer)\//;
const EXPECTED = /^(out|inter|grad)\//;
/** Constants that follow from the config: given, and compared where an adapter computes them too. */
const CONSTANT = /^buffer\//;

/** A case for its adapter, without the expected numbers. */
export function withoutExpected({ family, name, config, tensors }: LoadedCase): VectorCase {
  const named = [...tensors];
  return {
    family,
    name,
    config,
    tensors: new Map(named.filter(([tensor]) => GIVEN.test(tensor))),
    wanted: new Map(
      named.filter(([tensor]) => EXPECTED.test(tensor)).map(([tensor, { dtype, shape }]) => [tensor, { dtype, shape }]),
    ),
  };
}

/** The outcome of every tensor of a case that is to be compared. Does not throw: an error of an adapter is an outcome. */
export function runCase(loaded: LoadedCase, adapter: Adapter, waivers: readonly Waiver[]): TensorResult[] {
  const names = [...loaded.tensors.keys()];
  let answers: Answers;
  try {
    answers = adapter(withoutExpected(loaded));
  } catch (error) {
    return names.filter((name) => !GIVEN.test(name)).map((name) => failedTensor(name, messageOf(error)));
  }
  const results: TensorResult[] = [];
  for (const name of names) {
    const isAnswered = Object.hasOwn(answers.tensors, name);
    if (EXPECTED.test(name) || (CONSTANT.test(name) && isAnswered)) {
      results.push(isAnswered ? compared(loaded, name, answers) : unanswered(loaded, name, answers, waivers));
    } else if (!GIVEN.test(name)) {
      results.push(failedTensor(name, 'the name begins with none of in/, param/, buffer/, out/, inter/, grad/'));
    }
  }
  return results;
}

/** The worst outcome of all modes that answer a tensor; one other than the first is named. */
function compared({ tensors }: LoadedCase, name: string, answers: Answers): TensorResult {
  const expected = tensors.get(name)!;
  const own = comparedWith(name, expected, answers.tensors[name]!);
  const others = Object.entries(answers.modes ?? {}).flatMap(([mode, answered]) => {
    if (!Object.hasOwn(answered, name)) return [];
    return [{ ...comparedWith(name, expected, answered[name]!), mode }];
  });
  return others.reduce((worst, one) => (one.worst > worst.worst ? one : worst), own);
}

function comparedWith(name: string, expected: StoredTensor, compute: () => Answer): TensorResult {
  try {
    return compareTensor(name, expected, compute());
  } catch (error) {
    return failedTensor(name, messageOf(error));
  }
}

function unanswered({ family }: LoadedCase, name: string, { waived = {} }: Answers, waivers: readonly Waiver[]) {
  const reason = Object.hasOwn(waived, name)
    ? waived[name]
    : waivers.find((waiver) => waiver.family === family && waiver.tensor.exec(name)?.[0] === name)?.reason;
  if (reason === undefined) return failedTensor(name, 'the adapter does not compute it');
  return reason.trim() === '' ? failedTensor(name, 'it is waived without a reason') : waivedTensor(name, reason);
}

/** One line about an error: the message of an error in the case, with the class of the error for a fault of the project. */
function messageOf(error: unknown): string {
  const text = error instanceof InputError ? error.message : String(error);
  return text.replace(/\s+/g, ' ');
}
