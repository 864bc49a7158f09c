/** @file Names the programs that a backend compiles: one for the shapes and settings of a question. */
import type { Question } from './backend.ts';

/** A name for the program that answers a question. Questions with equal names differ only in their numbers. */
export const compiledForm = ({ operator, mode, dtype, gradients, c }: Question): string => {
  const shapes = Object.entries(c.inputs).map(([name, { shape }]) => [name, shape]);
  return JSON.stringify([operator, mode, dtype, gradients, c.memory, shapes, c.settings]);
};
