/** @file Double-double arithmetic: numbers as unevaluated sums hi + lo, |lo| ≤ ulp(hi)/2, with about 31 digits. */

export interface DoubleDouble {
  readonly hi: number;
  readonly lo: number;
}

/** The number `hi + lo`. */
export const dd = (hi: number, lo = 0): DoubleDouble => ({ hi, lo });

/** `hi + lo`; an infinity or NaN has no low half. */
const pair = (hi: number, lo: number): DoubleDouble => ({
  hi,
  lo: Number.isFinite(hi) && Number.isFinite(lo) ? lo : 0,
});

/** hi + lo of two doubles, exactly (Knuth). */
function twoSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  const part = sum - a;
  return pair(sum, a - (sum - part) + (b - part));
}

/** Splits a double's digits into two halves (Veltkamp). */
function halves(a: number): readonly [number, number] {
  const shifted = 134_217_729 * a;
  const high = shifted - (shifted - a);
  return [high, a - high];
}

/** hi + lo of a product of two doubles, exactly (Dekker). */
function twoProduct(a: number, b: number): DoubleDouble {
  const product = a * b;
  const [[a1, a2], [b1, b2]] = [halves(a), halves(b)];
  return pair(product, a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2);
}

export function plus(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const [high, low] = [twoSum(x.hi, y.hi), twoSum(x.lo, y.lo)];
  const first = twoSum(high.hi, high.lo + low.hi);
  return twoSum(first.hi, first.lo + low.lo);
}

export function times(x: DoubleDouble, y: DoubleDouble): DoubleDouble {
  const high = twoProduct(x.hi, y.hi);
  return Number.isFinite(high.hi) ? twoSum(high.hi, high.lo + (x.hi * y.lo + x.lo * y.hi)) : high;
}

export const minus = ({ hi, lo }: DoubleDouble): DoubleDouble => ({ hi: -hi, lo: -lo });

/** x · 2ᵏ, in two steps because 2ᵏ may overflow. */
function shifted({ hi, lo }: DoubleDouble, k: number): DoubleDouble {
  const half = Math.trunc(k / 2);
  return pair(hi * 2 ** half * 2 ** (k - half), lo * 2 ** half * 2 ** (k - half));
}

export const one = dd(1);
const zero = dd(0);

/** 1/x, by a Newton step from the double-precision value. */
export function inverse(x: DoubleDouble): DoubleDouble {
  const first = dd(1 / x.hi);
  if (!Number.isFinite(first.hi) || first.hi === 0) return first;
  const better = plus(first, times(first, plus(one, minus(times(x, first)))));
  return plus(better, times(better, plus(one, minus(times(x, better)))));
}

export const divided = (x: DoubleDouble, y: DoubleDouble): DoubleDouble => times(x, inverse(y));

/** π. */
const pi = dd(Math.PI, 1.2246467991473532e-16);

/** `Σ_n (−1)ⁿ x^{2n + start} / (2n + start)!`: the cosine from 0, the sine from 1. */
function circular(x: DoubleDouble, start: 0 | 1): DoubleDouble {
  const turns = Math.round(x.hi / (2 * Math.PI));
  const near = plus(x, times(pi, dd(-2 * turns)));
  const square = minus(times(near, near));
  let term = start === 0 ? one : near;
  let total = term;
  for (let n = start + 2; n < 60; n += 2) {
    term = divided(times(term, square), dd(n * (n - 1)));
    total = plus(total, term);
  }
  return total;
}

/** cos x and sin x, to about 31 digits less those of x / 2π. */
export const cosineOf = (x: DoubleDouble): DoubleDouble => circular(x, 0);
export const sineOf = (x: DoubleDouble): DoubleDouble => circular(x, 1);

/** `2/√π Σ_n (−1)ⁿ x^{2n+1} / (n! (2n+1))` for |x| ≤ 2. */
function errorSeries(x: DoubleDouble): DoubleDouble {
  const square = minus(times(x, x));
  let [term, total] = [x, x];
  for (let n = 1; n <= 60; n++) {
    term = divided(times(term, square), dd(n));
    total = plus(total, divided(term, dd(2 * n + 1)));
  }
  return times(times(dd(2), inverseRoot(pi)), total);
}

/** `e^{−x²} / (√π (x + ½/(x + 1/(x + ³⁄₂/(x + …)))))` for x ≥ 2. */
function errorTail(x: DoubleDouble): DoubleDouble {
  let fraction = x;
  for (let n = Math.ceil(800 / x.hi ** 2) + 20; n > 0; n--) fraction = plus(x, divided(dd(n / 2), fraction));
  return divided(times(exponential(minus(times(x, x))), inverseRoot(pi)), fraction);
}

/** 1 − erf x. */
export function erfcOf(x: DoubleDouble): DoubleDouble {
  if (x.hi < -2) return plus(dd(2), minus(erfcOf(minus(x))));
  if (x.hi > 30) return zero;
  return x.hi < 2 ? plus(one, minus(errorSeries(x))) : errorTail(x);
}

export const erfOf = (x: DoubleDouble): DoubleDouble =>
  Math.abs(x.hi) < 2 ? errorSeries(x) : plus(one, minus(erfcOf(x)));

/** 1/√x, by a Newton step from the double-precision value. */
export function inverseRoot(x: DoubleDouble): DoubleDouble {
  let y = dd(1 / Math.sqrt(x.hi));
  for (let step = 0; step < 2; step++) {
    const off = plus(one, minus(times(x, times(y, y))));
    y = plus(y, times(times(y, off), dd(0.5)));
  }
  return y;
}

const ln2 = dd(Math.LN2, 2.3190468138462996e-17);

/** `Σ_j z^j / (j + k)!` for |z| ≤ 1. */
function series(z: DoubleDouble, order: number): DoubleDouble {
  let term = one;
  for (let n = 2; n <= order; n++) term = divided(term, dd(n));
  let sum = term;
  for (let j = 1; j <= 32; j++) {
    term = divided(times(term, z), dd(j + order));
    sum = plus(sum, term);
  }
  return sum;
}

/** e^x. */
export function exponential(x: DoubleDouble): DoubleDouble {
  if (!(Math.abs(x.hi) < 800)) return dd(Math.exp(x.hi));
  const k = Math.round(x.hi / ln2.hi);
  return shifted(series(plus(x, times(ln2, dd(-k))), 0), k);
}

/** `Σ_j z^j / (j + k)!`: the series near 0, φ_{k+1} = (φ_k − 1/k!)/z elsewhere. */
export function phiOf(z: DoubleDouble, order: number): DoubleDouble {
  if (Math.abs(z.hi) <= 1) return series(z, order);
  let [value, factorial] = [exponential(z), one];
  for (let k = 0; k < order; k++) {
    if (k > 1) factorial = times(factorial, dd(k));
    value = divided(plus(value, minus(inverse(factorial))), z);
  }
  return value;
}

/** e^x − 1 = x φ_1(x). */
export const exponentialMinusOne = (x: DoubleDouble): DoubleDouble =>
  Number.isFinite(x.hi) ? times(x, phiOf(x, 1)) : dd(Math.expm1(x.hi));

/** log x, by Newton steps from the double-precision value. */
export function logarithm(x: DoubleDouble): DoubleDouble {
  let y = dd(Math.log(x.hi));
  if (!Number.isFinite(y.hi)) return y;
  for (let step = 0; step < 2; step++) y = plus(y, plus(times(x, exponential(minus(y))), dd(-1)));
  return y;
}

/** 1/(1 + e^{−x}) without overflow. */
export function sigmoidOf(x: DoubleDouble): DoubleDouble {
  const small = exponential(x.hi > 0 ? minus(x) : x);
  const share = inverse(plus(one, small));
  return x.hi > 0 ? share : times(small, share);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^{−|x|}). */
export function softplusOf(x: DoubleDouble): DoubleDouble {
  const small = exponential(x.hi > 0 ? minus(x) : x);
  // 1 + ε would lose the digits of a small ε: log(1 + ε) = ε − ε²/2 + …
  const rest =
    small.hi < 2 ** -40
      ? plus(small, times(times(small, small), plus(dd(-0.5), times(small, divided(one, dd(3))))))
      : logarithm(plus(one, small));
  return plus(x.hi > 0 ? x : zero, rest);
}
