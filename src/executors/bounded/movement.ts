/** @file Lists the error bound rules of primitives that move numbers, or keep them. */

import { zeros } from '../f64/allocate.ts';
import {
  type Bounded,
  errorsOf,
  evaluate,
  haveTerms,
  longest,
  type Operands,
  type Rule,
  settled,
  sizesOf,
} from './operands.ts';
import { reachOfMoved } from './reach.ts';

/** Rule for data movement: moves bounds and terms in the same way as the numbers. Index operands give the positions of all. */
export const moves: Rule = (xs, primitive, params, shape) => {
  const moved = (part: (of: Bounded) => Float64Array): Float64Array => {
    const data = xs.map(({ kind, data }) => (kind === 'index' && primitive.kinds !== 'same' ? data.x : part(data)));
    return evaluate(xs, primitive, params, shape, data);
  };
  const terms = haveTerms(xs) ? { sizes: moved(sizesOf), errors: moved(errorsOf), lengths: longest(xs) } : null;
  const x = evaluate(xs, primitive, params, shape);
  // exact numbers stay exact, which is cheaper to see than to compute, unless most of them stay behind
  const e = areExact(xs, x.length)
    ? zeros(x.length)
    : terms !== null && haveErrorsOfTerms(xs)
      ? terms.errors
      : moved(({ e }) => e);
  return { x, e, terms, reach: reachOfMoved(xs, moved) };
};

/** Whether all numbers are exact. False, without a look at them, for an operand of more numbers than `most`. */
function areExact(xs: Operands, most: number): boolean {
  for (const { data } of xs) {
    const { e } = data;
    if (e.length > most) return false;
    for (let i = 0; i < e.length; i++) if (e[i] !== 0) return false;
  }
  return true;
}

/** Whether the errors of all numbers are those of their terms. */
const haveErrorsOfTerms = (xs: Operands): boolean => xs.every(({ data }) => errorsOf(data) === data.e);

/** Rule for a primitive that keeps the numbers. */
export const same: Rule = (xs) => xs[0]!.data;

/** Rule for numbers that every implementation computes as they are, whose terms it adds to no others. */
export const computed: Rule = (xs) => settled(xs[0]!.data);

/** Rule for a primitive that changes at most the signs of numbers. */
export const signed: Rule = (xs, primitive, params, shape) => {
  const { e, terms, reach } = xs[0]!.data;
  return { x: evaluate(xs, primitive, params, shape), e, terms, reach };
};
