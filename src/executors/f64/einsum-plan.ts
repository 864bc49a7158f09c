/** @file Plans an einsum: the order of pairwise products, and the axes of each as a batched matrix product. */
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';

/** Indices of an einsum, one per axis, as positions in its list of letters. */
export type Indices = readonly number[];

/** How an operand becomes batched matrices: the order of its axes, and whether its matrices are then transposed. */
export interface Layout {
  readonly axes: Indices;
  readonly transposed: boolean;
}

/** One product of two operands, summed over the indices that no other operand or the result has; indices by role. */
export interface Product {
  readonly left: number;
  readonly right: number;
  readonly x: Layout;
  readonly y: Layout;
  readonly batch: Indices;
  readonly rows: Indices;
  readonly columns: Indices;
  readonly summed: Indices;
  /** The indices of the result: batch, rows, columns. */
  readonly out: Indices;
}

/** The plan: each operand is summed to the indices that others need; then pairs are multiplied, each product a new operand. */
export interface Plan {
  readonly kept: readonly Indices[];
  readonly products: readonly Product[];
}

const plans = new Map<string, Plan>();

/** The plan of an einsum, cached. One product has one plan for all lengths; the order of several depends on the lengths. */
export function planOf(params: EinsumParams, lengths: readonly number[]): Plan {
  const key = params.terms.length > 2 ? `${params.spec} ${lengths}` : params.spec;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = makePlan(params, lengths);
    plans.set(key, plan);
  }
  return plan;
}

/** The number of elements under some indices. */
export function sizeIn(indices: Indices, lengths: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < indices.length; i++) size *= lengths[indices[i]!]!;
  return size;
}

/** Whether two operands have the same axes in the same order. */
export const sameAxes = (a: Indices, b: Indices): boolean =>
  a.length === b.length && a.every((index, i) => index === b[i]);

function makePlan({ axes, outAxes }: EinsumParams, lengths: readonly number[]): Plan {
  const kept = axes.map((own, i) => common(own, neededBy(axes, outAxes, [i])));
  const operands: Indices[] = [...kept];
  const products: Product[] = [];
  let waiting = operands.map((_, i) => i);
  while (waiting.length > 1) {
    const terms = waiting.map((at) => operands[at]!);
    const [i, j] = cheapestPair(terms, outAxes, lengths);
    const product = productOf(operands, waiting[i]!, waiting[j]!, neededBy(terms, outAxes, [i, j]), outAxes);
    products.push(product);
    waiting = [...waiting.filter((_, at) => at !== i && at !== j), operands.push(product.out) - 1];
  }
  return { kept, products };
}

const common = (a: Indices, b: Indices): number[] => a.filter((index) => b.includes(index));
const without = (a: Indices, b: Indices): number[] => a.filter((index) => !b.includes(index));

/** The indices that the result needs, or an operand outside `leftOut`. */
const neededBy = (terms: readonly Indices[], out: Indices, leftOut: Indices): Indices =>
  [out, ...terms.filter((_, at) => !leftOut.includes(at))].flat();

/** The two operands whose product takes the least work and memory. */
function cheapestPair(terms: readonly Indices[], out: Indices, lengths: readonly number[]): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const all = [...terms[i]!, ...without(terms[j]!, terms[i]!)];
      const cost = sizeIn(all, lengths) + sizeIn(common(all, neededBy(terms, out, [i, j])), lengths);
      if (cost < least) {
        least = cost;
        best = [i, j];
      }
    }
  }
  return best;
}

function productOf(operands: readonly Indices[], left: number, right: number, needed: Indices, last: Indices): Product {
  const [x, y] = [operands[left]!, operands[right]!];
  const shared = common(x, y);
  const batch = common(shared, needed);
  const summed = without(shared, needed);
  const rows = without(x, y);
  const columns = without(y, x);
  const out = [...batch, ...rows, ...columns];
  // the operand whose indices come first in the result gives the rows: then the result needs no copy
  if (!sameAxes(out, last) && sameAxes([...batch, ...columns, ...rows], last)) {
    return productOf(operands, right, left, needed, last);
  }
  return {
    left,
    right,
    x: layout(x, batch, rows, summed),
    y: layout(y, batch, summed, columns),
    batch,
    rows,
    columns,
    summed,
    out,
  };
}

function layout(own: Indices, batch: Indices, rows: Indices, columns: Indices): Layout {
  const axes = [...batch, ...columns, ...rows];
  return sameAxes(own, axes)
    ? { axes, transposed: true }
    : { axes: [...batch, ...rows, ...columns], transposed: false };
}
