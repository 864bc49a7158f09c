/**
 * @file Makes the operator of sequences that start without the states that grow, as attention does without a cache: those of a batch would
 * have unequal lengths.
 */
import { zerosLike } from '../../tensor/operand.ts';
import type { Value } from '../../tensor/value.ts';
import { growingAxis } from '../axes.ts';
import { type InBatch, isOfSequence, statesByName } from '../batchable.ts';
import type { Settings } from '../case.ts';
import type { Operator } from '../operator.ts';
import type { Named, Program } from '../program.ts';
import { lengthsIn, type Side, shapeIn } from '../signature.ts';

/** The operator without the states that grow with every token; the operator itself if there are none. */
export function afresh(operator: Operator): Operator {
  const names = growing(operator);
  if (names.length === 0) return operator;
  const { signature, modes, forms = {} } = operator;
  const others = (side: Side): Side => side.filter(({ pattern }) => !names.includes(pattern));
  const starting = <T extends { readonly program: Program }>(form: T): T => ({
    ...form,
    program: startingAfresh(operator, form.program),
  });
  return {
    ...operator,
    signature: { ...signature, inputs: others(signature.inputs), outputs: others(signature.outputs) },
    layouts: (size) =>
      operator.layouts(size).map((layout) => ({
        ...layout,
        inputs: without(names, layout.inputs),
        outputs: without(names, layout.outputs),
      })),
    modes: mapValues(modes, (run) => startingAfresh(operator, run as Program)),
    forms: mapValues(forms, (ofMode) => mapValues(ofMode, starting)),
  };
}

/** A program of the operator without growing states: they are empty before its tokens. It may be one of batches, with `state@i`. */
export function startingAfresh(operator: Operator, run: Program): Program {
  const names = growing(operator);
  if (names.length === 0) return run;
  return (inputs, settings) => {
    const { batch } = settings as Partial<InBatch<Settings>>;
    const start = empty(operator, names, inputs);
    const states = batch === undefined ? start : statesByName(batch.spans.map(() => start));
    return without(names, run({ ...inputs, ...states }, settings));
  };
}

/** The names of the states that grow. */
const growing = (operator: Operator): string[] =>
  operator.signature.outputs.map(({ pattern }) => pattern).filter((name) => growingAxis(operator, name) !== undefined);

/** Tensors without those of some names, also of a single sequence. */
const without = <T>(names: readonly string[], tensors: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name.split('@')[0]!)));

/** The states before the first token of one sequence: all lengths but those of other inputs are 0. */
function empty({ signature: { inputs: side } }: Operator, names: readonly string[], inputs: Named): Named {
  const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => !isOfSequence(name)));
  const [like] = Object.values(given) as [Value];
  const letters = side.flatMap(({ shapes }) => shapes.flat().flatMap((axis) => axis.letters));
  const lengths = { ...Object.fromEntries(letters.map((letter) => [letter, 0])), ...lengthsIn(side, given), b: 1 };
  return Object.fromEntries(names.map((name) => [name, zerosLike(like, shapeIn(side, name, lengths))]));
}

const mapValues = <T, R>(named: Readonly<Record<string, T>>, f: (x: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(named).map(([name, x]) => [name, f(x)]));
