/** @file Lists the rule of each primitive on elements. */

import type { ParamsOf, PrimitiveName } from '../../tensor/primitives/index.ts';
import type { PhiParams } from '../../tensor/primitives/phi.ts';
import type { Shape } from '../../tensor/shape.ts';
import { expOf, primes, type Residues, residuesOf, turnOf } from './chain.ts';
import {
  argumentsOf,
  at,
  collapsed,
  type Elements,
  type Exactly,
  each,
  inEachField,
  isZero,
  natural,
  type Ring,
} from './elements.ts';
import { centred, inverse, plus, power, residue, times } from './field.ts';
import { hashOf } from './hash.ts';
import { picked } from './moves.ts';
import { causalConvolution, einsum, linearScan, scatterAdd, sum } from './sums.ts';

/** Computes elements; `near` are the numbers of executor f64. A rule that compares also chooses among the numbers near its operands. */
type Rule<P> = (xs: readonly Ring[], params: P, shape: Shape, near: Float64Array) => Exactly | Elements;

/** A rule, or `moves` for an operation that only moves numbers. */
type RuleOf<N extends PrimitiveName> = Rule<ParamsOf<N>> | 'moves';

/** A rule for each primitive. The compiler reports a missing rule. */
export type Rules = { readonly [N in PrimitiveName]: RuleOf<N> };

const inFields = (of: (p: number, level: number) => number): number[] => primes.map(of);

/** A function of one element. Infinities and NaN have the results of executor f64. */
const onEach =
  <P>(of: (x: Residues, params: P, near: number) => Residues): Rule<P> =>
  ([x], params, _shape, near) => {
    const levels = collapsed(x!.data);
    return {
      x: each(near.length, (i) => {
        const own = at(levels, i);
        return own.every(Number.isFinite) ? of(own, params, near[i]!) : residuesOf(near[i]!);
      }),
    };
  };

/** A function of which programs use no identity: a hash, except at 0. */
const hashed = (name: string): Rule<unknown> =>
  onEach((x, _params, near) => (isZero(x) ? residuesOf(near) : hashOf(name, x)));

/** A function of `e^x`, which for `x + log e` is `e exp(x)`. */
const ofExp =
  <P>(of: (exp: Residues, x: Residues, params: P) => Residues): Rule<P> =>
  ([x], params, _shape, near) => {
    const elements = natural(x!.data);
    const [own, factors, whole] = [elements.x, argumentsOf(elements), collapsed(elements)];
    return {
      x: each(near.length, (i) => {
        const exponent = at(own, i);
        if (!exponent.every(Number.isFinite)) return residuesOf(near[i]!);
        const factor = at(factors, i);
        const exp = expOf(exponent).map((part, level) => times(part, factor[level]!, primes[level]!));
        return of(exp, at(whole, i), params);
      }),
    };
  };

const minusOne = (x: number, p: number): number => plus(x, p - 1, p);

/** `φ_k(z) = (φ_{k−1}(z) − 1/(k−1)!) / z` from φ₀ = e^z; 1/k! at 0. */
function phi(exp: Residues, z: Residues, { order }: PhiParams): number[] {
  return inFields((p, level) => {
    let [value, factorial] = [exp[level]!, 1];
    for (let k = 1; k <= order; k++) {
      const rest = plus(value, p - inverse(factorial, p), p);
      factorial = times(factorial, k, p);
      value = z[level] === 0 ? inverse(factorial, p) : times(rest, inverse(z[level]!, p), p);
    }
    return value;
  });
}

/** `log(1 + e^x)`, with the hash that counts as the logarithm. */
const softplus: Rule<unknown> = (xs, params, shape, near) => {
  const sums = ofExp((exp) => exp.map((part, level) => plus(part, 1, primes[level]!)))(xs, params, shape, near);
  const { x } = natural(xs[0]!.data);
  const logarithms = collapsed({ x: x.map((level) => level.map(() => 0)), e: sums.x });
  return {
    x: each(near.length, (i) => (at(x, i).every(Number.isFinite) ? at(logarithms, i) : residuesOf(near[i]!))),
  };
};

/** The logarithm keeps its argument; that of 0 is −∞. */
const log: Rule<unknown> = ([x], _params, _shape, near) => {
  const levels = collapsed(x!.data);
  const isProper = (i: number): boolean => at(levels, i).every((part) => Number.isFinite(part) && part > 0);
  return {
    x: each(near.length, (i) =>
      isProper(i) ? inFields(() => 0) : isZero(at(levels, i)) ? residuesOf(near[i]!) : inFields(() => Number.NaN),
    ),
    e: each(near.length, (i) => (isProper(i) ? at(levels, i) : inFields(() => 1))),
  };
};

const mul: Rule<unknown> = ([x, y]) => {
  if (x!.data.e !== undefined || y!.data.e !== undefined) {
    const [logs, factors] = x!.data.e === undefined ? [y!, x!] : [x!, y!];
    const integers = integersOf(factors.data);
    if (integers !== null) return multiple(logs.data, integers);
  }
  const [left, right] = [collapsed(x!.data), collapsed(y!.data)];
  return { x: inEachField((level, p) => left[level]!.map((a, i) => times(a, right[level]![i]!, p))) };
};

const largestMultiple = 2 ** 20;

/** The numbers of a table as small integers, or null if they are others. */
function integersOf({ x, isTable, near }: Elements): Float64Array | null {
  if (!isTable) return null;
  const isSmall = (n: number): boolean => Number.isInteger(n) && Math.abs(n) <= largestMultiple;
  const areSame = near.every((n, i) => isSmall(n) && primes.every((p, level) => centred(x[level]![i]!, p) === n + 0));
  return areSame ? near : null;
}

/** `n (x + log e) = n x + log eⁿ`. */
function multiple({ x, e, factor }: Exactly, n: Float64Array): Exactly {
  return {
    x: inEachField((level, p) => x[level]!.map((own, i) => scaled(own, n[i]!, p))),
    ...(e && { e: inEachField((level, p) => e[level]!.map((own, i) => power(own, n[i]!, p))), factor }),
  };
}

const scaled = (x: number, by: number, p: number): number =>
  Number.isFinite(x) ? times(x, residue(by, p), p) : x * by;

const scale: Rule<{ readonly by: number }> = ([x], { by }) => {
  const { x: own, e, factor = 1, near } = x!.data;
  const isMultiple = Number.isInteger(by) && Math.abs(by) <= largestMultiple;
  if (e !== undefined && isMultiple)
    return multiple(
      x!.data,
      near.map(() => by),
    );
  const factors = residuesOf(by);
  const product = (part: number, level: number, p: number): number =>
    Number.isFinite(part) ? times(part, factors[level]!, p) : part * by;
  return {
    x: inEachField((level, p) => own[level]!.map((part) => product(part, level, p))),
    ...(e && { e, factor: rebased(factor * by) }),
  };
};

/** The factor of a logarithm that changed its base; absent where rounding alone keeps it from 1. */
export const rebased = (factor: number): number | undefined => (Math.abs(factor - 1) < 2 ** -50 ? undefined : factor);

const add: Rule<unknown> = ([x, y]) => {
  const [a, b] = [natural(x!.data), natural(y!.data)];
  const total = inEachField((level, p) => a.x[level]!.map((own, i) => plus(own, b.x[level]![i]!, p)));
  if (a.e === undefined && b.e === undefined) return { x: total };
  const [left, right] = [argumentsOf(a), argumentsOf(b)];
  return { x: total, e: inEachField((level, p) => left[level]!.map((own, i) => times(own, right[level]![i]!, p))) };
};

/** The larger operand by the numbers near them, or the one that is NaN. */
const larger =
  (sign: 1 | -1): Rule<unknown> =>
  ([x, y]) => {
    const [a, b] = [x!.data.near, y!.data.near];
    return picked((i) => Number.isNaN(a[i]!) || sign * a[i]! >= sign * b[i]!, x!.data, y!.data);
  };

const equal: Rule<unknown> = ([x, y]) => {
  const [a, b] = [collapsed(x!.data), collapsed(y!.data)];
  const near = x!.data.near.map((_, i) => (a.every((level, of) => level[i] === b[of]![i]) ? 1 : 0));
  return { x: primes.map(() => near), near };
};

/** The sign of the number near an element; 0 where the element is 0. */
const sign: Rule<unknown> = ([x], _params, _shape, near) => {
  const levels = collapsed(x!.data);
  const signs = near.map((own, i) => (isZero(at(levels, i)) ? 0 : own));
  return { x: inEachField((_level, p) => signs.map((own) => (own < 0 ? p - 1 : own))), near: signs };
};

const abs: Rule<unknown> = ([x]) => {
  const levels = collapsed(x!.data);
  const isNegative = (i: number): boolean => x!.data.near[i]! < 0;
  return { x: inEachField((level, p) => levels[level]!.map((own, i) => (isNegative(i) ? scaled(own, -1, p) : own))) };
};

const maxReduce: Rule<{ readonly axis: number }> = ([x], { axis }, shape, near) => {
  const inner = shape.slice(axis).reduce((product, length) => product * length, 1);
  const length = x!.shape[axis]!;
  const from = near.map((largest, i) => {
    const first = Math.floor(i / inner) * length * inner + (i % inner);
    for (let t = 0; t < length; t++)
      if (Object.is(x!.data.near[first + t * inner]! + 0, largest + 0)) return first + t * inner;
    return first;
  });
  const pick = (data: Float64Array): Float64Array => from.map((at) => data[at]!);
  const { x: own, e, factor } = x!.data;
  return { x: own.map(pick), ...(e && { e: e.map(pick), factor }) };
};

const select: Rule<unknown> = ([mask, x, y]) => {
  const chosen = collapsed(mask!.data)[0]!;
  return picked((i) => chosen[i] !== 0, x!.data, y!.data);
};

const opposite = (x: number, p: number): number => (x === 0 ? 0 : p - x);

/** A hash that is odd, as the error function is. */
function erf(x: Residues): number[] {
  if (isZero(x)) return [...x];
  const negated = (parts: Residues): number[] => parts.map((part, level) => opposite(part, primes[level]!));
  return centred(x[0]!, primes[0]) < 0 ? negated(hashOf('erf', negated(x))) : hashOf('erf', x);
}

export const rules: Rules = {
  abs,
  add,
  broadcast: 'moves',
  causalConvolution,
  concat: 'moves',
  cos: onEach((x) => turnOf(x).map(([cos]) => cos)),
  einsum,
  equal,
  div: ([x, y], _params, _shape, near) => {
    const [a, b] = [collapsed(x!.data), collapsed(y!.data)];
    const quotient = (i: number): number[] =>
      inFields((p, level) => times(a[level]![i]!, inverse(b[level]![i]!, p), p));
    const isProper = (i: number): boolean =>
      Number.isFinite(a[0]![i]!) && Number.isFinite(b[0]![i]!) && !isZero(at(b, i));
    return { x: each(near.length, (i) => (isProper(i) ? quotient(i) : residuesOf(near[i]!))) };
  },
  erf: onEach(erf),
  erfc: onEach((x) => erf(x).map((part, level) => plus(1, opposite(part, primes[level]!), primes[level]!))),
  exp: ofExp((exp) => exp),
  expm1: ofExp((exp) => exp.map((part, level) => minusOne(part, primes[level]!))),
  gather: 'moves',
  linearScan,
  log,
  maximum: larger(1),
  maxReduce,
  minimum: larger(-1),
  mul,
  pad: 'moves',
  phi: ofExp(phi),
  reciprocal: onEach((x, _params, near) =>
    isZero(x) ? residuesOf(near) : inFields((p, level) => inverse(x[level]!, p)),
  ),
  reshape: 'moves',
  rsqrt: hashed('rsqrt'),
  scale,
  scatterAdd,
  select,
  // e^x / (1 + e^x)
  sigmoid: ofExp((exp) => inFields((p, level) => times(exp[level]!, inverse(plus(exp[level]!, 1, p), p), p))),
  sign,
  sin: onEach((x) => turnOf(x).map(([, sin]) => sin)),
  site: 'moves',
  slice: 'moves',
  softplus,
  stopGradient: 'moves',
  stored: 'moves',
  sum,
  transpose: 'moves',
};
