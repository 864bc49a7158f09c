/**
 * @file The ring executor: computes in finite fields, where nothing is rounded. Programs of one algebra give equal elements, at tolerance
 * 0, and a program of another algebra gives other elements, but for a chance of about 10⁻⁸ for each number.
 *
 * - Sums, products, quotients and rational literals are exact; 1/0 is ∞ as in executor f64, and NaN where a divisor is 0 by chance.
 * - A number has a residue in each of three fields. `exp`, `cos` and `sin` take the residue of the next field to one of this field, so
 *   `exp(a + b) = exp(a) exp(b)` and the rules for sums of angles hold, also where exponents contain exponentials. `expm1`, `sigmoid` and
 *   `phi` follow from `exp`. An exponential inside two others is 1 in the third field: it is not seen there.
 * - `log` keeps its argument: `exp(n log a + log b) = aⁿ b` holds for integers n in programs and tables. Elsewhere a logarithm counts as a
 *   hash of its argument.
 * - `softplus(x)` is that hash for `log(1 + e^x)`.
 * - `rsqrt` and `erf` are hashes of their operand: programs must call them with equal elements.
 * - Elements have no order. Executor f64 runs beside them, and its numbers decide `maximum`, `maxReduce`, `sign`, `abs` and the rest: two
 *   programs may differ only where numbers are within rounding of each other, and not where they are equal, as `equal` compares elements.
 * - A table whose numbers are rounded, such as powers of a decay, says what they stand for: see `Exact`.
 * - −∞ is no element, but stays itself in sums, and `exp(−∞)` is 0. A convolution is its definition, also by the method `fft`.
 */
import type { PrimitiveName } from '../../tensor/primitives/index.ts';
import type { Exact, Executor, Value } from '../../tensor/value.ts';
import { f64 } from '../f64/index.ts';
import { primes, residuesOf, turnOf } from './chain.ts';
import { collapsed, type Elements, each, levelsOf, type Ring } from './elements.ts';
import { power, times } from './field.ts';
import { moved, withData } from './moves.ts';
import { type Rules, rebased, rules } from './rules.ts';

export type { Elements } from './elements.ts';

/** The residues of an entry of a table. */
function entry([kind, x, y, factor = 1]: Exact): number[] {
  if (kind === 'log') return residuesOf(x > 0 ? 0 : Math.log(x));
  if (kind === 'power') {
    const factors = residuesOf(factor);
    return residuesOf(x).map((part, level) => times(factors[level]!, power(part, y, primes[level]!), primes[level]!));
  }
  const angle = residuesOf(x).map((part, level) => times(part, residuesOf(y)[level]!, primes[level]!));
  return turnOf(angle).map(([cos, sin]) => (kind === 'cos' ? cos : sin));
}

/**
 * The executor that computes in finite fields. `read` returns the residues of the first field.
 * @example
 * const third = scale(input(ring, [1], [1]), 1 / 3);
 * read(add(third, add(third, third))) // [1]
 */
export const ring: Executor<Elements> = {
  name: 'ring',
  get root() {
    return ring as Executor;
  },
  order: 0,
  open: true,
  input: (near, _shape, kind) => (kind === 'index' ? { x: primes.map(() => near), near } : { x: levelsOf(near), near }),
  constant(near, _shape, _slack, exact) {
    if (exact === undefined) return { x: levelsOf(near), near, isTable: true };
    const meant = Array.from(near, (_, i) => exact(i));
    const x = each(near.length, (i) => (meant[i] === undefined ? residuesOf(near[i]!) : entry(meant[i])));
    const logarithm = meant.find((one) => one?.[0] === 'log');
    if (logarithm === undefined) return { x, near };
    const e = each(near.length, (i) =>
      meant[i]?.[0] === 'log' && meant[i][1] > 0 ? residuesOf(meant[i][1]) : residuesOf(1),
    );
    return { x, e, factor: rebased(1 / Math.log(logarithm[2])), near };
  },
  run(primitive, xs, params, shape) {
    const operands = xs as readonly Ring[];
    const near = f64.run(
      primitive,
      operands.map((x): Value => withData(x, x.data.near)),
      params,
      shape,
    );
    const rule = rules[primitive.name as PrimitiveName] as Rules['add'];
    const exact =
      rule === 'moves' ? moved(primitive, operands, params, shape) : rule(operands, params as never, shape, near);
    return { near, ...exact };
  },
  read: (data) => collapsed(data)[0]!,
};
