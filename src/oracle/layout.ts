/** @file Layouts from signatures: the shapes of a case from the lengths of its letters. */
import type { Shape } from '../tensor/shape.ts';
import type { Layout, Settings, Slot } from './case.ts';
import { type Lengths, type Side, shapeIn, signatureOf } from './signature.ts';

/** Properties of an input that its letters do not give: the kind of its numbers, and its shape where its term has none or several. */
export type Details = Partial<Slot>;

/** The parts of a drawn layout beside the lengths of its letters. */
export interface Drawn<S extends Settings> {
  readonly lengths: Lengths;
  readonly settings: S;
  /** The inputs in the order in which their numbers are drawn, with details: all that the signature names, unless given. */
  readonly inputs?: Readonly<Record<string, Details>>;
  /** The outputs likewise: all that the signature names, unless given. */
  readonly outputs?: readonly string[];
  /** Details of some inputs, where all are drawn. */
  readonly details?: Readonly<Record<string, Details>>;
}

/** The names of a side that always come and stand for one tensor each. */
const plainNames = (side: Side): string[] =>
  side.filter(({ pattern, isOptional }) => !isOptional && !pattern.includes('*')).map(({ pattern }) => pattern);

/** A layout of a signature. Throws an Error where a letter has no length. */
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
