/** @file Kernel rules of einsum, sum and maxReduce. */
import type { EinsumParams } from '../../../tensor/primitives/einsum.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { type Expression, type Full, fill, isNothing, type Numbers, nothing, type Operand } from '../values/numbers.ts';
import { rearranged } from './axes.ts';
import { product, type Term } from './contraction.ts';
import { maxima, type Reduction, reduced, sums } from './reduce.ts';
import type { Rules } from './rule.ts';

function reduceAxes(
  fuser: Fuser,
  x: Operand & { readonly numbers: Full },
  axes: readonly number[],
  how: Reduction,
): Expression {
  const { node, groups } = fuser.axes(x);
  return reduced(fuser, node, new Set(axes.flatMap((axis) => groups[axis]!)), how);
}

/** Sums an operand over axes. */
function sumOver(fuser: Fuser, x: Operand, axes: readonly number[]): Numbers {
  const { numbers, shape } = x;
  if (numbers.is === 'nothing') return sizeOf(shape.filter((_, i) => !axes.includes(i))) === 0 ? nothing : fill(0);
  if (numbers.is === 'fill') return fill(numbers.number * axes.reduce((count, axis) => count * shape[axis]!, 1));
  return reduceAxes(fuser, { shape, numbers }, axes, sums);
}

/** Sums a term over the letters that no other term has. */
function without(fuser: Fuser, term: Term, others: string): Term {
  const letters = [...term.letters];
  const axes = letters.flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return term;
  return {
    letters: letters.filter((_, axis) => !axes.includes(axis)).join(''),
    shape: term.shape.filter((_, axis) => !axes.includes(axis)),
    numbers: sumOver(fuser, term, axes),
  };
}

/** Einsum of many operands, two at a time from the left. Sums over a letter as soon as no later term has it. */
function einsum(fuser: Fuser, xs: readonly Operand[], { terms, out }: EinsumParams): Numbers {
  const all = xs.map((x, k): Term => ({ ...x, letters: terms[k]! }));
  if (all.some(({ numbers }) => isNothing(numbers))) return fill(0);
  const [first, ...rest] = all as [Term, ...Term[]];
  const last = rest.reduce(
    (total, next, k) => {
      const later = [out, ...rest.slice(k + 1).map(({ letters }) => letters)].join('');
      const a = without(fuser, total, next.letters + later);
      const b = without(fuser, next, total.letters + later);
      const both = [...new Set(a.letters + b.letters)];
      const lettersLeft = k === rest.length - 1 ? out : both.filter((letter) => later.includes(letter)).join('');
      return product(fuser, a, b, lettersLeft);
    },
    without(fuser, first, [out, ...rest.map(({ letters }) => letters)].join('')),
  );
  return inOrder(fuser, last, out);
}

/** Permutes the axes of a term to the order of `out`. */
function inOrder(fuser: Fuser, { letters, shape, numbers }: Term, out: string): Numbers {
  if (letters === out) return numbers;
  const order = [...out].map((letter) => letters.indexOf(letter));
  return rearranged(fuser, numbers, shape, order);
}

export const reductions = {
  einsum,
  sum: (fuser, [x], { axes }) => sumOver(fuser, x!, axes),
  maxReduce(fuser, [x], { axis }) {
    const { numbers, shape } = x!;
    return numbers.is === 'fill' || numbers.is === 'nothing'
      ? numbers
      : reduceAxes(fuser, { shape, numbers }, [axis], maxima);
  },
} satisfies Partial<Rules>;
