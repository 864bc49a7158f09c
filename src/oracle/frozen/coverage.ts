/** @file Says which equations, modes, branches and known faults of the operators a set of cases reaches. */
import { equations } from '../../../spec/registry.ts';
import { f64 } from '../../executors/f64/index.ts';
import type { StoredTensor } from '../../io/safetensors.ts';
import { quoted } from '../../io/text.ts';
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { sizeOf } from '../../tensor/shape.ts';
import type { Executor } from '../../tensor/value.ts';
import type { FrozenEntry } from '../../vectors/frozen/manifest.ts';
import type { Dtype } from '../backends/backend.ts';
import { rowModes } from '../batches/rows.ts';
import type { Case } from '../case.ts';
import { drawsInTurn } from '../check/questions/in-turn.ts';
import { questionCase, questionDraws } from '../check/questions/question.ts';
import { numbersIn } from '../draw.ts';
import type { Operator } from '../operator.ts';
import { evaluateOutputs } from '../program.ts';
import { termIn } from '../signature.ts';
import { acceptedOf } from './accepted.ts';
import { branchesOf } from './branches.ts';
import { faultsIn, isCaught } from './caught.ts';
import { type FrozenRow, operatorOf } from './choose.ts';
import { caseOf, rowOf } from './judge.ts';

/** A case of a set, and the names of the known faults that it catches. */
export interface ReachedCase extends FrozenRow {
  readonly c: Case;
  readonly catches: readonly string[];
}

/** Names that some case reaches, and those that none does. */
export interface Reach<T extends string | number = string> {
  readonly reached: readonly T[];
  readonly missing: readonly T[];
}

/** What a set reaches of an operator. */
export interface OperatorCoverage {
  readonly operator: string;
  readonly cases: number;
  readonly types: readonly Dtype[];
  readonly modes: Reach;
  /** Of those that questions of a check take, and the set. */
  readonly branches: Reach;
  readonly faults: Reach;
}

/** What a set reaches. */
export interface Coverage {
  readonly equations: Reach<number>;
  readonly operators: readonly OperatorCoverage[];
  /** The known faults by their names, over all operators. */
  readonly faults: Reach;
}

/**
 * A case of a file: with the faults that it is said to catch, or with those that it would catch by the bounds of densessm. Without
 * cotangents no gradients are compared. Throws an InputError if densessm does not know the case or a fault, or cannot compute it.
 */
export function reachedCase(
  asking: Parameters<typeof rowOf>[0] & Pick<FrozenEntry, 'settings'>,
  tensors: ReadonlyMap<string, StoredTensor>,
  catches?: readonly string[],
): ReachedCase {
  const row = rowOf(asking);
  const { operator, mode } = operatorOf(row);
  const c = caseOf(asking.settings, tensors);
  const faults = faultsIn(operator, mode);
  const named = `${asking.operator} ${asking.mode}`;
  if (catches !== undefined) {
    const odd = catches.find((name) => !faults.some((fault) => fault.name === name));
    if (odd === undefined) return { ...row, c, catches };
    return fail(
      `${asking.file}: catches ${quoted(odd)}, no known fault of ${named}; write the folder again with this version`,
    );
  }
  try {
    const whole = withCotangents(operator, mode, c);
    const accepted = acceptedOf(operator, mode, row.dtype, whole);
    const caught = faults.filter((one) => isCaught(one, whole, accepted));
    return { ...row, c, catches: caught.map(({ name }) => name) };
  } catch (error) {
    // inputs of others may have any names and shapes
    return fail(`${asking.file}: is no question about ${named} (${(error as Error).message})`);
  }
}

/** The case with cotangents of zeros, if it has none: then all gradients are zeros. Throws an InputError where names of tensors are wrong. */
function withCotangents({ modes, signature }: Operator, mode: string, c: Case): Case {
  const inputs = signature.inputs.filter(({ pattern, isOptional }) => !isOptional && !pattern.includes('*'));
  checkNames(
    'in',
    c.inputs,
    inputs.map(({ pattern }) => pattern),
    (name) => termIn(signature.inputs, name) !== undefined,
  );
  const { outputs } = evaluateOutputs(modes[mode]!, c, f64 as Executor);
  const names = Object.keys(outputs);
  if (Object.keys(c.cotangents).length > 0) {
    checkNames('cotangent', c.cotangents, names, (name) => names.includes(name));
    return c;
  }
  const zeros = Object.entries(outputs).map(([name, { shape }]) => [
    name,
    { shape, data: new Float64Array(sizeOf(shape)) },
  ]);
  return { ...c, cotangents: Object.fromEntries(zeros) };
}

/** Throws an InputError with the names that a file has, unless the needed ones are there and all are known. */
function checkNames(
  kind: 'in' | 'cotangent',
  given: Case['inputs'],
  needed: readonly string[],
  isKnown: (name: string) => boolean,
): void {
  const missing = needed.find((name) => !Object.hasOwn(given, name));
  if (missing !== undefined)
    fail(`the file lacks ${kind}/${missing}; record ${needed.map((name) => `${kind}/${name}`).join(', ')}`);
  const odd = Object.keys(given).find((name) => !isKnown(name));
  if (odd !== undefined) fail(`it does not take ${kind}/${odd}${didYouMean(odd, needed)}`);
}

/** Larger questions take no other branches. */
const mostNumbers = 2000;

/** The branches that the first questions of a check take, in all modes of an operator. */
function knownBranches(whole: Operator, cases: number, seed: number): Set<string> {
  const found = new Set<string>();
  const known = new Map();
  for (const row of rowModes(whole)) {
    const { operator, mode } = operatorOf({ operator: whole, mode: row });
    const size = { cases, seed, known: operator === whole ? known : new Map() };
    let left = cases;
    for (const { draw } of drawsInTurn(
      operator,
      mode,
      questionDraws(operator, mode, size, { compiles: false }),
      size,
    )) {
      if (numbersIn(draw.layout) <= mostNumbers)
        for (const branch of branchesOf(operator, questionCase(operator, 'F32', draw))) found.add(branch);
      if (--left === 0) break;
    }
  }
  return found;
}

/** Splits the known names into those that are reached and the others. */
const split = <T extends string | number>(known: Iterable<T>, reached: ReadonlySet<T>): Reach<T> => {
  const names = [...new Set(known)];
  return { reached: names.filter((name) => reached.has(name)), missing: names.filter((name) => !reached.has(name)) };
};

/**
 * Says what cases reach of some operators. Branches are those that `questions` questions of a check take in each mode, and those of the
 * cases themselves. Modes, faults and equations are those that densessm knows.
 * `onOperator` is called after each operator.
 */
export function coverageOf(
  cases: readonly ReachedCase[],
  operators: readonly Operator[],
  { questions, seed }: { readonly questions: number; readonly seed: number },
  onOperator: (done: OperatorCoverage) => void = () => {},
): Coverage {
  const rows = operators.map((operator): OperatorCoverage => {
    const own = cases.filter((one) => one.operator === operator);
    const all = rowModes(operator).flatMap((mode) => {
      const at = operatorOf({ operator, mode });
      return faultsIn(at.operator, at.mode).map(({ name }) => name);
    });
    const taken = own.flatMap((one) => branchesOf(operatorOf(one).operator, one.c));
    const done: OperatorCoverage = {
      ...{ operator: operator.name, cases: own.length, types: [...new Set(own.map(({ dtype }) => dtype))].sort() },
      modes: split(rowModes(operator), new Set(own.map(({ mode }) => mode))),
      branches: split([...knownBranches(operator, questions, seed), ...taken], new Set(taken)),
      faults: split(all, new Set(own.flatMap(({ catches }) => catches))),
    };
    onOperator(done);
    return done;
  });
  const computed = (some: readonly Operator[]): number[] => some.flatMap((operator) => operator.equations ?? []);
  return {
    equations: split(
      equations.map(({ number }) => number),
      new Set(computed(operators.filter((operator) => cases.some((one) => one.operator === operator)))),
    ),
    operators: rows,
    faults: split(
      rows.flatMap(({ faults }) => [...faults.missing, ...faults.reached]),
      new Set(rows.flatMap(({ faults }) => faults.reached)),
    ),
  };
}
