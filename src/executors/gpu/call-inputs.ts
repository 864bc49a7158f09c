/** @file Checks the inputs of a call of a compiled function. */
import { fail } from '../../tensor/errors.ts';
import { didYouMean } from '../../tensor/names.ts';
import { show, sizeOf } from '../../tensor/shape.ts';
import type { Slot } from './trace/trace.ts';

/** Inputs of a call by name: their numbers, row-major. */
export type CallInputs = Readonly<Record<string, Float32Array | Int32Array | Uint32Array>>;

/** Throws an InputError unless the inputs of a call have the expected names, types, lengths and numbers. */
export function checkInputs(inputs: Readonly<Record<string, Slot>>, given: CallInputs): void {
  for (const [name, slot] of Object.entries(inputs)) checkInput(name, slot, given[name], Object.keys(inputs));
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(inputs, name));
  if (unknown !== undefined) {
    const names = Object.keys(inputs);
    fail(
      `compiled function: there is no input ${unknown}; the inputs are ${names.join(', ')}${didYouMean(unknown, names)}`,
    );
  }
}

function checkInput(name: string, slot: Slot, numbers: unknown, names: readonly string[]): void {
  const { shape, kind = 'real' } = slot;
  const what = `compiled function: input ${name}`;
  if (numbers === undefined) fail(`${what} is missing; give one array for each of ${names.join(', ')}`);
  const isIndexArray = numbers instanceof Int32Array || numbers instanceof Uint32Array;
  if (!(numbers instanceof Float32Array) && !(kind === 'index' && isIndexArray)) {
    const type = (numbers as object | null)?.constructor?.name ?? String(numbers);
    const types = kind === 'index' ? 'Float32Array or Int32Array' : 'Float32Array';
    fail(`${what} is of kind ${kind} but given as ${type}; give a ${types}`);
  }
  const array = numbers as Float32Array;
  if (array.length !== sizeOf(shape)) {
    fail(
      `${what} has shape ${show(shape)}, which ${sizeOf(shape)} numbers fill, not ${array.length}; change one of them`,
    );
  }
  const wrong = kind === 'index' ? array.findIndex((n) => !Number.isInteger(n) || n < 0 || n > 2 ** 24) : -1;
  if (wrong >= 0) fail(`${what}: element ${wrong} is ${array[wrong]}; an index is an integer from 0 to 2^24`);
  slot.check?.(array);
}
