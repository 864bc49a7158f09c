/**
 * @file Defines what a trace learns for the next trace of the same equation. Expressions and products are numbered in order of
 * creation, which is the same in every trace.
 */

/** Records of a trace. */
export interface History {
  /** For each expression, how many kernels use it. */
  readonly uses: number[];
  readonly products: ProductHistory;
}

/** Records of matrix products, made by the first trace. */
export interface ProductHistory {
  /** Whether the first trace has ended. */
  isComplete: boolean;
  /** Products that share an operand, none of which depends on another. */
  readonly groups: ProductGroup[];
  /** Products that are added to others. */
  readonly summed: Set<number>;
  /** Products that are read otherwise. */
  readonly read: Set<number>;
}

/** Products of one A and its rows, or of one B and its columns, with their batch, rows, columns and depth. */
export interface ProductGroup {
  readonly joining: 'columns' | 'rows';
  readonly members: readonly { readonly number: number; readonly size: readonly [number, number, number, number] }[];
}

/** Records of a trace. They contain those of products of the trace before. */
export const historyAfter = (previous?: History): History => ({
  uses: [],
  products: previous?.products ?? { isComplete: false, groups: [], summed: new Set(), read: new Set() },
});
