/** @file Plans an einsum: the order of pairwise products, and the axes of each as a batched matrix product. */
import type { EinsumParams } from '../../tensor/primitives/einsum.ts';

/** Indices of an einsum, one per axis, as positions in its list of letters. */
export type Indices = readonly number[];

/** An operand as batched matrices: the order of its axes, and whether the matrices are then transposed. */
export interface Layout {
  readonly axes: Indices;
  readonly transposed: boolean;
}

/** A product of two operands, with indices by role. It sums over the indices that neither the result nor other operands have. */
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

/** The plan of an einsum: first sum each operand over indices that only it has, then multiply pairs. A product is a new operand. */
export interface Plan {
  readonly kept: readonly Indices[];
  readonly products: readonly Product[];
}

const plans = new Map<string, Plan>();

/** Returns the plan of an einsum, from a cache. With more than two operands, the order of products depends on the lengths. */
export function planOf(params: EinsumParams, lengths: readonly number[]): Plan {
  const key = params.terms.length > 2 ? `${params.spec} ${lengths}` : params.spec;
  let plan = plans.get(key);
  if (plan === undefined) {
    plan = makePlan(params, lengths);
    plans.set(key, plan);
  }
  return plan;
}

/** The number of elements of an operand with these indices. */
export function sizeIn(indices: Indices, lengths: readonly number[]): number {
  let size = 1;
  for (let i = 0; i < indices.length; i++) size *= lengths[indices[i]!]!;
  return size;
}

/** Whether two operands have the same indices in the same order. */
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

/** The indices of the result and of all operands except those in `leftOut`. */
const neededBy = (terms: readonly Indices[], out: Indices, leftOut: Indices): Indices =>
  [out, ...terms.filter((_, at) => !leftOut.includes(at))].flat();

/** Finds the two operands whose product needs the least work and memory. */
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
  // the operand whose indices come first in the result gives the rows, so that the result needs no copy
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
