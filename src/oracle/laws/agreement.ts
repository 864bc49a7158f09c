/** @file Laws that compare a program with the scalar definition, with another mode, or across chunk sizes. */
import { longestIn } from '../axes.ts';
import type { Case, Tensors } from '../case.ts';
import { exactly, flawless, infinitelyWrong, type Numbers, type Verdict, within, worse } from '../compare.ts';
import type { Law } from '../law.ts';
import type { Operator } from '../operator.ts';
import { termIn } from '../signature.ts';
import { allowance, boundsOf, definedNumbers, numbersOf } from '../tolerance.ts';

const asOutputs = (tensors: Tensors): Numbers =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [`output.${name}`, data]));

/** Results that do not go with the signature: the program's name no output of it, or the definition gives none of its outputs. */
function misnamed({ signature }: Operator, actual: Numbers, defined: Tensors): Verdict | null {
  const names = Object.keys(actual).flatMap((name) =>
    name.startsWith('output.') ? [name.slice('output.'.length)] : [],
  );
  const odd = names.find((name) => termIn(signature.outputs, name) === undefined);
  if (odd !== undefined) return infinitelyWrong(`output.${odd} is no output of the signature`);
  if (names.length > 0 && Object.keys(defined).length === 0)
    return infinitelyWrong(`the definition gives no outputs, but the program gives ${names.join(', ')}`);
  return null;
}

/** Outputs equal those of the scalar definition in spec/, which shares no code with the engine. */
export const definition: Law = {
  name: 'definition',
  statement: 'outputs and final states equal the scalar definition',
  concerns: () => true,
  applies: (operator, mode, { settings }) => operator.admits(settings, mode) && operator.defines(settings),
  check({ operator, mode, program }, c) {
    const expected = definedNumbers(operator, mode, c);
    const allowed = allowance(boundsOf(operator.modes[mode]!, c), boundsOf(operator.modes[operator.reference]!, c));
    const actual = numbersOf(program, c);
    return misnamed(operator, actual, expected) ?? within(actual, asOutputs(expected), allowed);
  },
};

/** All modes compute the same outputs, final states and gradients, including the gradients of initial states. */
export const modes: Law = {
  name: 'modes',
  statement: 'outputs, final states and all gradients equal those of the reference mode',
  concerns: ({ modes, apart }) => Object.keys(modes).length > 1 && apart === undefined,
  applies: (operator, mode, { settings }) =>
    mode !== operator.reference && operator.modesAgree(settings) && operator.admits(settings, mode),
  check({ operator, mode, program }, c) {
    const allowed = allowance(boundsOf(operator.modes[mode]!, c), boundsOf(operator.modes[operator.reference]!, c));
    return within(numbersOf(program, c), numbersOf(operator.modes[operator.reference]!, c), allowed);
  },
};

/** The result does not depend on how a sequence is cut into chunks. */
export const chunks: Law = {
  name: 'chunks',
  statement: 'chunk sizes 1 … T + 1 all give the reference mode, gradients included',
  concerns: ({ modes, apart }) => 'chunkwise' in modes && apart === undefined,
  applies: (operator, mode, { settings }) =>
    mode === 'chunkwise' && operator.modesAgree(settings) && operator.admits(settings, mode),
  size: { longest: 8 },
  check({ operator, program }, c) {
    const reference = boundsOf(operator.modes[operator.reference]!, c);
    const expected = numbersOf(operator.modes[operator.reference]!, c);
    return someOf(longestIn(operator, c) + 1, c.seed)
      .map((chunkSize): Case => ({ ...c, settings: { ...c.settings, chunkSize } }))
      .map((cut) => {
        const allowed = allowance(reference, boundsOf(operator.modes.chunkwise!, cut));
        return within(numbersOf(program, cut), expected, allowed);
      })
      .reduce(worse, flawless);
  },
};

/** If every sum and product is exact, all modes give the same bits. A difference is then an index bug, not rounding. */
export const dyadic: Law = {
  name: 'dyadic',
  statement: 'on dyadic inputs, bit for bit the definition and the gradients of the reference mode',
  concerns: (operator) => operator.laws.exact === true,
  applies: (operator, mode, { settings }) =>
    !(operator.laws.spectral?.includes(mode) ?? false) && (operator.laws.linearUnder?.(settings) ?? true),
  size: { exact: true },
  check({ operator, mode, program }, c) {
    const actual = numbersOf(program, c);
    return worse(
      exactly(actual, asOutputs(definedNumbers(operator, mode, c))),
      exactly(actual, numbersOf(operator.modes[operator.reference]!, c)),
    );
  },
};

/** Returns 1 … count; if count > 9, only both ends and six numbers between them, chosen by the seed. */
export function someOf(count: number, seed: number): number[] {
  if (count <= 9) return Array.from({ length: count }, (_, i) => i + 1);
  const between = Array.from({ length: 6 }, (_, i) => 2 + ((seed + i * 7919) % (count - 2)));
  return [...new Set([1, ...between, count])];
}
