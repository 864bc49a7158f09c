/** @file Compares a fault's numbers with the right ones, element by element: the errors that the lab of faults draws. */
import type { Case } from '../../../src/oracle/case.ts';
import { whereWrong } from '../../../src/oracle/check/diagnosis/where.ts';
import { ratioOf } from '../../../src/oracle/check/verdict/place.ts';
import type { Numbers } from '../../../src/oracle/compare.ts';
import type { Fault } from '../../../src/oracle/fault.ts';
import { bothWays } from '../../../src/oracle/laws/batches.ts';
import { lettersOf } from '../../../src/oracle/signature.ts';
import { allowance, boundsOf, definedNumbers, numbersOf } from '../../../src/oracle/tolerance.ts';
import { isOfBatches } from './trial.ts';

/** A tensor of a fault's answer beside the right one: an output, or the gradient of an input. */
export interface Compared {
  /** `output.y`, or `gradient.q`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The letter of each axis. */
  readonly letters: readonly string[];
  readonly answer: Float64Array;
  readonly truth: Float64Array;
  readonly bound: Float64Array;
  /** |answer − truth| / bound: right when at most 1. */
  readonly ratio: Float64Array;
  /** Where the wrong numbers are, in words; null if all are right. */
  readonly where: string | null;
}

/** The numbers to compare, and their case: those of sequences together and alone for a fault of batches, else of the mode and the definition. */
function bothOf(fault: Fault, c: Case, law: string): { c: Case; answer: Numbers; truth: Numbers; bounds: Numbers[] } {
  const { operator, mode, program } = fault;
  const genuine = operator.modes[mode]!;
  if (isOfBatches(fault)) {
    const { c: own, together, apart } = bothWays(law === 'packed' ? 'packed' : 'padded', operator, c);
    const [right, alone] = [together(genuine), apart(genuine)];
    const bounds = [boundsOf(alone, own), boundsOf(right, own)];
    return { c: own, answer: numbersOf(together(program), own), truth: numbersOf(alone, own), bounds };
  }
  const reference = operator.modesAgree(c.settings) ? operator.modes[operator.reference]! : genuine;
  const bounds = [boundsOf(genuine, c), ...(reference === genuine ? [] : [boundsOf(reference, c)])];
  // the definition has no gradients: they are the reference mode's
  const defined = operator.defines(c.settings) ? definedNumbers(operator, mode, c) : {};
  const outputs = Object.entries(defined).map(([name, { data }]) => [`output.${name}`, data]);
  return {
    c,
    answer: numbersOf(program, c),
    truth: { ...numbersOf(reference, c), ...Object.fromEntries(outputs) },
    bounds,
  };
}

/** Compares all outputs and gradients of a fault on a case. `law` says in which kind of batch, for a fault of batches. */
export function errorsOf(fault: Fault, c: Case, law: string): Compared[] {
  const { operator, mode } = fault;
  const { c: own, answer, truth, bounds } = bothOf(fault, c, law);
  const allowed = allowance(...bounds);
  return Object.entries(truth).map(([name, right]) => {
    const [kind, tensor] = [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)];
    const isOutput = kind === 'output';
    const { shape } = (isOutput ? own.cotangents : own.inputs)[tensor]!;
    const side = isOutput ? 'outputs' : 'inputs';
    const letters = lettersOf(operator.signature[side], tensor.split('@')[0]!, shape.length);
    const found = answer[name]!;
    const bound = Float64Array.from(right, (_, i) => allowed(name, i));
    const ratio = Float64Array.from(right, (x, i) => ratioOf(found[i]!, x, bound[i]!));
    const isWrong = Array.from(ratio, (x) => x > 1);
    const marked = { tensor: `${isOutput ? 'out' : 'grad'}/${tensor.split('@')[0]}`, shape, isWrong };
    return {
      name,
      shape,
      letters: shape.map((_, axis) => letters?.[axis] ?? `axis ${axis}`),
      answer: found,
      truth: right,
      bound,
      ratio,
      where: isWrong.includes(true) ? whereWrong(operator, marked, own.settings, mode) : null,
    };
  });
}
