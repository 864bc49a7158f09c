/** @file Sums of products, and largest elements. */
import type { EinsumParams } from '../../../tensor/primitives/einsum.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import type { Tracer } from '../fusion/fuser.ts';
import { type Expression, type Full, fill, isNothing, type Numbers, nothing, type Operand } from '../values/numbers.ts';
import { rearranged } from './axes.ts';
import { product, type Term } from './contraction.ts';
import { maxima, type Reduction, reduced, sums } from './reduce.ts';
import type { Rules } from './rule.ts';

function reduceAxes(
  tracer: Tracer,
  x: Operand & { readonly numbers: Full },
  axes: readonly number[],
  how: Reduction,
): Expression {
  const { node, groups } = tracer.axes(x);
  return reduced(tracer, node, new Set(axes.flatMap((axis) => groups[axis]!)), how);
}

/** The sum of one operand over axes. */
function sumOver(tracer: Tracer, x: Operand, axes: readonly number[]): Numbers {
  const { numbers, shape } = x;
  if (numbers.is === 'nothing') return sizeOf(shape.filter((_, i) => !axes.includes(i))) === 0 ? nothing : fill(0);
  if (numbers.is === 'fill') return fill(numbers.number * axes.reduce((count, axis) => count * shape[axis]!, 1));
  return reduceAxes(tracer, { shape, numbers }, axes, sums);
}

/** One operand without the letters that nobody else has. */
function without(tracer: Tracer, term: Term, others: string): Term {
  const letters = [...term.letters];
  const axes = letters.flatMap((letter, axis) => (others.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return term;
  return {
    letters: letters.filter((_, axis) => !axes.includes(axis)).join(''),
    shape: term.shape.filter((_, axis) => !axes.includes(axis)),
    numbers: sumOver(tracer, term, axes),
  };
}

/** An einsum of many operands, two at a time from the left; what no later term has is summed on the way. */
function einsum(tracer: Tracer, xs: readonly Operand[], { terms, out }: EinsumParams): Numbers {
  const all = xs.map((x, k): Term => ({ ...x, letters: terms[k]! }));
  if (all.some(({ numbers }) => isNothing(numbers))) return fill(0);
  const [first, ...rest] = all as [Term, ...Term[]];
  const last = rest.reduce(
    (total, next, k) => {
      const later = [out, ...rest.slice(k + 1).map(({ letters }) => letters)].join('');
      const a = without(tracer, total, next.letters + later);
      const b = without(tracer, next, total.letters + later);
      const both = [...new Set(a.letters + b.letters)];
      const kept = k === rest.length - 1 ? out : both.filter((letter) => later.includes(letter)).join('');
      return product(tracer, a, b, kept);
    },
    without(tracer, first, [out, ...rest.map(({ letters }) => letters)].join('')),
  );
  return inOrder(tracer, last, out);
}

/** A term with its axes in the order of `out`. */
function inOrder(tracer: Tracer, { letters, shape, numbers }: Term, out: string): Numbers {
  if (letters === out) return numbers;
  const order = [...out].map((letter) => letters.indexOf(letter));
  return rearranged(tracer, numbers, shape, order);
}

export const reductions = {
  einsum,
  sum: (tracer, [x], { axes }) => sumOver(tracer, x!, axes),
  maxReduce(tracer, [x], { axis }) {
    const { numbers, shape } = x!;
    return numbers.is === 'fill' || numbers.is === 'nothing'
      ? numbers
      : reduceAxes(tracer, { shape, numbers }, [axis], maxima);
  },
} satisfies Partial<Rules>;
