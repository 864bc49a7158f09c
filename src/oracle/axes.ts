/** @file Finds the states of an operator and its axes of time, batch and heads, from the signature. */
import type { Shape } from '../tensor/shape.ts';
import type { Operator } from './operator.ts';
import { axisIn, growingAxisIn, hasAxis, matches } from './signature.ts';

/**
 * The kinds of axes that laws use. Tokens follow each other along `time`; entries along `batch` and `head` are independent, and so are
 * those along `group`, each of which several neighbouring heads share.
 */
export type AxisKind = 'time' | 'batch' | 'head' | 'group';

const letterOf = ({ batch = 'b', groups = {}, laws }: Operator, kind: AxisKind): string | undefined =>
  ({ time: 't', batch, head: laws.heads, group: Object.keys(groups).find((letter) => groups[letter] === laws.heads) })[
    kind
  ];

/** The index of an input's or output's axis of a kind, or undefined if it has none. */
export function axisOf(
  operator: Operator,
  kind: AxisKind,
  side: 'inputs' | 'outputs',
  name: string,
): number | undefined {
  const letter = letterOf(operator, kind);
  return letter === undefined ? undefined : axisIn(operator.signature[side], letter, name);
}

/** Whether any input or output has an axis of a kind. */
export function hasAxisOf(operator: Operator, kind: AxisKind, side: 'inputs' | 'outputs'): boolean {
  const letter = letterOf(operator, kind);
  return letter !== undefined && hasAxis(operator.signature[side], letter);
}

/** The patterns of the states: names on both sides of the signature, one for each sequence. */
function statePatterns({ signature: { inputs, outputs }, batch = 'b' }: Operator): string[] {
  return outputs.map(({ pattern }) => pattern).filter((pattern) => axisIn(inputs, batch, pattern) !== undefined);
}

/** Returns the output with an axis t. Throws an Error if there is none. */
export function timedOutput(operator: Operator): string {
  const term = operator.signature.outputs.find(
    ({ pattern }) => axisOf(operator, 'time', 'outputs', pattern) !== undefined,
  );
  if (term === undefined) throw new Error(`${operator.name}: no output has an axis t`);
  return term.pattern;
}

/** Whether an operator has states, so that a sequence can continue from one. */
export const hasStates = (operator: Operator): boolean =>
  hasAxis(operator.signature.outputs, 't') && statePatterns(operator).length > 0;

/** Whether an input or output is a state. One part of a sequence hands it to the next part, one token to the next. */
export const isState = (operator: Operator, name: string): boolean =>
  statePatterns(operator).some((pattern) => matches(pattern, name));

/** Whether an input belongs to a sequence, not to its tokens: a state or a position. */
export const isOfOneSequence = (operator: Operator, name: string): boolean =>
  axisOf(operator, 'time', 'inputs', name) === undefined && axisOf(operator, 'batch', 'inputs', name) !== undefined;

/** The axis of a state that grows with every token, or undefined if the state has a fixed size. */
export const growingAxis = ({ signature }: Operator, name: string): number | undefined =>
  growingAxisIn(signature.outputs, 't', name);

/** The length of the longest axis of a kind in a case or layout, by default of the longest sequence; 0 if no input has one. */
export function longestIn(
  operator: Operator,
  { inputs }: { readonly inputs: Readonly<Record<string, { readonly shape: Shape }>> },
  kind: AxisKind = 'time',
): number {
  const lengths = Object.entries(inputs).map(([name, { shape }]) => {
    const axis = axisOf(operator, kind, 'inputs', name);
    return axis === undefined ? 0 : shape[axis]!;
  });
  return Math.max(0, ...lengths);
}

/** Whether an operator is a whole model, with parameters in layers. */
export const isModel = ({ signature }: Operator): boolean =>
  signature.inputs.some(({ pattern }) => pattern.includes('**'));

/** Whether an operator has states that grow with every token. */
export const hasGrowingStates = (operator: Operator): boolean =>
  operator.signature.outputs.some(({ pattern }) => growingAxis(operator, pattern) !== undefined);

/** Whether an operator can be asked about batches, with the states of all sequences in one tensor. Whole models have other inputs. */
export const takesBatches = (operator: Operator): boolean => operator.batches === true && !isModel(operator);
