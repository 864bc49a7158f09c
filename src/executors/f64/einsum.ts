/** @file Einsum lowered to batched matrix products, two operands at a time. */
import { type EinsumParams, indexLengths } from '../../tensor/primitives/einsum.ts';
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import { type Matrices, matmul } from './matmul.ts';
import { stridedCopy } from './movement.ts';
import { sum } from './reduce.ts';

/** Numbers with one index letter per axis. */
interface Indexed {
  readonly data: Float64Array;
  readonly term: string;
}
type Lengths = ReadonlyMap<string, number>;

const shapeOf = (term: string, lengths: Lengths): Shape => [...term].map((index) => lengths.get(index)!);
const sizeIn = (term: string, lengths: Lengths): number => sizeOf(shapeOf(term, lengths));
const keep = (term: string, test: (index: string) => boolean): string => [...term].filter(test).join('');

/** The value of an einsum over checked operands. */
export function einsum(
  xs: readonly Float64Array[],
  shapes: readonly Shape[],
  { spec, terms, out }: EinsumParams,
): Float64Array {
  const lengths = indexLengths(spec, terms, shapes);
  let rest: Indexed[] = xs.map((data, i) => sumPrivate({ data, term: terms[i]! }, terms, i, out, lengths));
  while (rest.length > 1) {
    const [i, j] = cheapestPair(rest, lengths, out);
    const others = rest.filter((_, at) => at !== i && at !== j);
    const needed = out + others.map((x) => x.term).join('');
    rest = [...others, contract(rest[i]!, rest[j]!, needed, others.length === 0 ? out : undefined, lengths)];
  }
  return permuted(rest[0]!, out, lengths);
}

/** Sums away the indices that stand in this operand alone. */
function sumPrivate(x: Indexed, terms: readonly string[], i: number, out: string, lengths: Lengths): Indexed {
  const known = out + terms.filter((_, j) => j !== i).join('');
  const term = keep(x.term, (index) => known.includes(index));
  if (term === x.term) return x;
  const axes = [...x.term].flatMap((index, axis) => (known.includes(index) ? [] : [axis]));
  return { data: sum(x.data, shapeOf(x.term, lengths), axes), term };
}

/** The two operands whose product is smallest to compute. */
function cheapestPair(xs: readonly Indexed[], lengths: Lengths, out: string): [number, number] {
  if (xs.length === 2) return [0, 1];
  let best: [number, number] = [0, 1];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < xs.length; i++) {
    for (let j = i + 1; j < xs.length; j++) {
      const needed =
        out +
        xs
          .filter((_, at) => at !== i && at !== j)
          .map((x) => x.term)
          .join('');
      const all = [...new Set(xs[i]!.term + xs[j]!.term)].join('');
      const cost =
        sizeIn(all, lengths) +
        sizeIn(
          keep(all, (index) => needed.includes(index)),
          lengths,
        );
      if (cost < least) {
        least = cost;
        best = [i, j];
      }
    }
  }
  return best;
}

/** How the indices of a product of two operands fall into the roles of a batched matrix product. */
interface Roles {
  readonly batch: string;
  readonly rows: string;
  readonly columns: string;
  readonly summed: string;
}

const roles = new Map<string, Roles>();

function rolesOf(x: string, y: string, needed: string): Roles {
  const key = `${x},${y},${needed}`;
  const known = roles.get(key);
  if (known !== undefined) return known;
  const shared = keep(x, (index) => y.includes(index));
  const found = {
    batch: keep(shared, (index) => needed.includes(index)),
    rows: keep(x, (index) => !y.includes(index)),
    columns: keep(y, (index) => !x.includes(index)),
    summed: keep(shared, (index) => !needed.includes(index)),
  };
  roles.set(key, found);
  return found;
}

/** The product of two operands, summed over what nobody else needs. `out` only chooses which operand gives the rows. */
function contract(x: Indexed, y: Indexed, needed: string, out: string | undefined, lengths: Lengths): Indexed {
  const { batch, rows, columns, summed } = rolesOf(x.term, y.term, needed);
  if (out !== undefined && out !== batch + rows + columns && out === batch + columns + rows) {
    return contract(y, x, needed, out, lengths);
  }
  const left = matrices(x, batch, rows, summed, lengths);
  const right = matrices(y, batch, summed, columns, lengths);
  const size = (term: string): number => sizeIn(term, lengths);
  const data = matmul(left, right, size(batch), size(rows), size(columns), size(summed));
  return { data, term: batch + rows + columns };
}

/** An operand as batched matrices: as it lies where its axes already group so, else copied. */
function matrices(x: Indexed, batch: string, rows: string, columns: string, lengths: Lengths): Matrices {
  const r = sizeIn(rows, lengths);
  const c = sizeIn(columns, lengths);
  if (x.term === batch + columns + rows) return { data: x.data, batch: r * c, row: 1, column: r };
  return { data: permuted(x, batch + rows + columns, lengths), batch: r * c, row: c, column: 1 };
}

function permuted(x: Indexed, term: string, lengths: Lengths): Float64Array {
  if (x.term === term) return x.data;
  const strides = stridesOf(shapeOf(x.term, lengths));
  return stridedCopy(
    x.data,
    shapeOf(term, lengths),
    [...term].map((index) => strides[x.term.indexOf(index)]!),
  );
}
