/** @file The widths of the columns that name an operator and its mode. */
import { operators } from '../oracle/operators/index.ts';

/** The widths of the columns for operator and mode. */
export const subjectWidths: readonly [operator: number, mode: number] = [
  Math.max(...operators.map(({ name }) => name.length)),
  Math.max(...operators.flatMap(({ modes }) => Object.keys(modes).map((mode) => mode.length))),
];
