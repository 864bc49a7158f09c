/** @file Says that an operator lacks a mode, and which modes it has. */
import { didYouMean } from '../tensor/names.ts';

/** The sentence, for errors that begin with the name of the call. */
export function noSuchMode({ name, modes }: { readonly name: string; readonly modes: object }, mode: string): string {
  const names = Object.keys(modes);
  return `${name} has no mode '${mode}'; modes are ${names.join(', ')}${didYouMean(mode, names)}`;
}
