/** @file Makes layouts from signatures: computes the shapes of a case from the lengths of the letters. */
import type { Shape } from '../tensor/shape.ts';
import type { Layout, Settings, Slot } from './case.ts';
import { type Lengths, type Side, shapeIn, signatureOf } from './signature.ts';

/** Details of an input beyond its letters: the distribution of its numbers, and its shape if the term gives none or several. */
export type Details = Partial<Slot>;

/** The parts of a layout: the lengths of the letters, the settings, and details of inputs and outputs. */
export interface Drawn<S extends Settings> {
  readonly lengths: Lengths;
  readonly settings: S;
  /** The inputs with their details, in the order in which numbers are drawn. By default, the required inputs without `*`. */
  readonly inputs?: Readonly<Record<string, Details>>;
  /** The names of the outputs. By default, the required outputs without `*`. */
  readonly outputs?: readonly string[];
  /** Details of some inputs, used if `inputs` is absent. */
  readonly details?: Readonly<Record<string, Details>>;
}

/** The required names of a side without `*`. Each stands for exactly one tensor. */
const plainNames = (side: Side): string[] =>
  side.filter(({ pattern, isOptional }) => !isOptional && !pattern.includes('*')).map(({ pattern }) => pattern);

/** Makes a layout of a signature. Throws an Error if a letter has no length. */
export function layoutOf<S extends Settings>(
  text: string,
  { lengths, settings, inputs, outputs, details = {} }: Drawn<S>,
): Layout<S> {
  const signature = signatureOf(text);
  const slots: Record<string, Slot> = {};
  for (const name of inputs === undefined ? plainNames(signature.inputs) : Object.keys(inputs)) {
    const own = (inputs ?? details)[name] ?? {};
    slots[name] = { ...own, shape: own.shape ?? shapeIn(signature.inputs, name, lengths) };
  }
  const shapes: Record<string, Shape> = {};
  for (const name of outputs ?? plainNames(signature.outputs)) shapes[name] = shapeIn(signature.outputs, name, lengths);
  return { inputs: slots, outputs: shapes, settings };
}
