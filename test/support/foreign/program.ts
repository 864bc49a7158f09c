/** @file The interface of foreign programs: correct kernels, written from the pages alone, with gradients by hand. */
import type { Arithmetic } from './arithmetic.ts';

/** An array of numbers with its shape, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A question: the inputs, the cotangents of the outputs, and the settings of the operator. */
export interface Call {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly cotangents: Readonly<Record<string, Tensor>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The numbers of an answer: `out/…` for each output, `grad/…` for each input. */
export type Numbers = Readonly<Record<string, Float64Array>>;

/** A kernel: computes outputs and gradients with the steps of an arithmetic. */
export type Kernel = (call: Call, a: Arithmetic) => Numbers;

/** A correct program of another shape than those of `src`. */
export interface Foreign {
  readonly name: string;
  readonly operator: string;
  /** The modes that it may be declared as. */
  readonly modes: readonly string[];
  /** What it computes in another way. */
  readonly says: string;
  readonly run: Kernel;
  /** Whether it takes a case; all cases by default. Kernels of its kind decline the others. */
  admits?(call: Call): boolean;
  /** Where its formula loses digits. Such a program is no proof of a false alarm. */
  readonly loses?: string;
}

/** An input by its name. Throws an Error if there is none. */
export function need(call: Call, name: string): Tensor {
  const tensor = call.inputs[name];
  if (tensor === undefined) throw new Error(`the case has no input ${name}`);
  return tensor;
}

/** The cotangent of an output. Throws an Error if there is none. */
export function cotangent(call: Call, name: string): Float64Array {
  const tensor = call.cotangents[name];
  if (tensor === undefined) throw new Error(`the case has no cotangent of ${name}`);
  return tensor.data;
}
