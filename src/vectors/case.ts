/** @file The interface of an adapter, its input and its answers, with helpers for both. */

import { f64 } from '../executors/f64/index.ts';
import type { StoredTensor } from '../io/safetensors.ts';
import { fail } from '../tensor/errors.ts';
import { input, read } from '../tensor/input.ts';
import { type Shape, sameShape, show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/** One case of a family: its configuration, its inputs, and the names of the expected outputs. */
export interface VectorCase {
  readonly family: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The `in/`, `param/` and `buffer/` tensors. Adapters do not get the expected numbers, so they cannot copy them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Stored type and shape of every tensor to be answered: `out/`, `inter/`, `grad/`. */
  readonly wanted: ReadonlyMap<string, Pick<StoredTensor, 'dtype' | 'shape'>>;
}

/** A computed tensor: row-major numbers. */
export interface Answer {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** The project's answers to a case, by the names of the vectors. Only those wanted are computed. */
export interface Answers {
  readonly tensors: Readonly<Record<string, () => Answer>>;
  /** The same tensors as other modes compute them, by mode: each is compared too, and a tensor passes where all of them do. */
  readonly modes?: Readonly<Record<string, Answers['tensors']>>;
  /** Tensors that can't be compared, with the reason. One that is answered is compared all the same. */
  readonly waived?: Readonly<Record<string, string>>;
}

/** Computes a case. Throws InputError on a configuration it can't honour. */
export type Adapter = (testCase: VectorCase) => Answers;

/** A tensor given to a case, of a known shape when one is named. Throws when it is missing or has another shape. */
export function givenIn({ name, tensors }: VectorCase, tensor: string, shape?: Shape): StoredTensor {
  const stored = tensors.get(tensor) ?? fail(`case ${name}: has no tensor ${tensor}; add it to the file`);
  if (shape !== undefined && !sameShape(stored.shape, shape)) {
    fail(
      `case ${name}: ${tensor} has shape ${show(stored.shape)}, by the config it is ${show(shape)}; correct one of them`,
    );
  }
  return stored;
}

/** A given tensor as a real value on f64. Throws as {@link givenIn} does. */
export function realIn(testCase: VectorCase, tensor: string, shape?: Shape): Value {
  const stored = givenIn(testCase, tensor, shape);
  return input(f64, stored.data, stored.shape);
}

/** A value as an answer. */
export const answer = (x: Value): Answer => ({ shape: x.shape, data: read(x) });
