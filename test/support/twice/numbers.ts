/** @file Numbers of twice the digits of a double, as unevaluated sums hi + lo, |lo| ≤ ulp(hi)/2; about 31 digits. */

export interface Twice {
  readonly hi: number;
  readonly lo: number;
}

export const twice = (hi: number, lo = 0): Twice => ({ hi, lo });

/** What remains of infinities and NaN has no second half. */
const pair = (hi: number, lo: number): Twice => ({ hi, lo: Number.isFinite(hi) && Number.isFinite(lo) ? lo : 0 });

/** hi + lo of two doubles, exactly (Knuth). */
function twoSum(a: number, b: number): Twice {
  const sum = a + b;
  const part = sum - a;
  return pair(sum, a - (sum - part) + (b - part));
}

/** Both halves of a double's digits (Veltkamp). */
function halves(a: number): readonly [number, number] {
  const shifted = 134_217_729 * a;
  const high = shifted - (shifted - a);
  return [high, a - high];
}

/** hi + lo of a product of two doubles, exactly (Dekker). */
function twoProduct(a: number, b: number): Twice {
  const product = a * b;
  const [[a1, a2], [b1, b2]] = [halves(a), halves(b)];
  return pair(product, a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2);
}

export function plus(x: Twice, y: Twice): Twice {
  const [high, low] = [twoSum(x.hi, y.hi), twoSum(x.lo, y.lo)];
  const first = twoSum(high.hi, high.lo + low.hi);
  return twoSum(first.hi, first.lo + low.lo);
}

export function times(x: Twice, y: Twice): Twice {
  const high = twoProduct(x.hi, y.hi);
  return Number.isFinite(high.hi) ? twoSum(high.hi, high.lo + (x.hi * y.lo + x.lo * y.hi)) : high;
}

export const minus = ({ hi, lo }: Twice): Twice => ({ hi: -hi, lo: -lo });

/** x · 2ᵏ. In two steps, as 2ᵏ itself may be no double. */
function shifted({ hi, lo }: Twice, k: number): Twice {
  const half = Math.trunc(k / 2);
  return pair(hi * 2 ** half * 2 ** (k - half), lo * 2 ** half * 2 ** (k - half));
}

export const one = twice(1);
const zero = twice(0);

/** 1/x, by Newton's step from the double. */
export function inverse(x: Twice): Twice {
  const first = twice(1 / x.hi);
  if (!Number.isFinite(first.hi) || first.hi === 0) return first;
  const better = plus(first, times(first, plus(one, minus(times(x, first)))));
  return plus(better, times(better, plus(one, minus(times(x, better)))));
}

export const divided = (x: Twice, y: Twice): Twice => times(x, inverse(y));

/** 1/√x, likewise. */
export function inverseRoot(x: Twice): Twice {
  let y = twice(1 / Math.sqrt(x.hi));
  for (let step = 0; step < 2; step++) {
    const off = plus(one, minus(times(x, times(y, y))));
    y = plus(y, times(times(y, off), twice(0.5)));
  }
  return y;
}

const ln2 = twice(Math.LN2, 2.3190468138462996e-17);

/** `Σ_j z^j / (j + k)!` for |z| ≤ 1. */
function series(z: Twice, order: number): Twice {
  let term = one;
  for (let n = 2; n <= order; n++) term = divided(term, twice(n));
  let sum = term;
  for (let j = 1; j <= 32; j++) {
    term = divided(times(term, z), twice(j + order));
    sum = plus(sum, term);
  }
  return sum;
}

/** e^x. */
export function exponential(x: Twice): Twice {
  if (!(Math.abs(x.hi) < 800)) return twice(Math.exp(x.hi));
  const k = Math.round(x.hi / ln2.hi);
  return shifted(series(plus(x, times(ln2, twice(-k))), 0), k);
}

/** `Σ_j z^j / (j + k)!`: the series near 0, φ_{k+1} = (φ_k − 1/k!)/z elsewhere. */
export function phiOf(z: Twice, order: number): Twice {
  if (Math.abs(z.hi) <= 1) return series(z, order);
  let [value, factorial] = [exponential(z), one];
  for (let k = 0; k < order; k++) {
    if (k > 1) factorial = times(factorial, twice(k));
    value = divided(plus(value, minus(inverse(factorial))), z);
  }
  return value;
}

/** e^x − 1 = x φ_1(x). */
export const exponentialMinusOne = (x: Twice): Twice =>
  Number.isFinite(x.hi) ? times(x, phiOf(x, 1)) : twice(Math.expm1(x.hi));

/** log x, by Newton's steps from the double. */
export function logarithm(x: Twice): Twice {
  let y = twice(Math.log(x.hi));
  if (!Number.isFinite(y.hi)) return y;
  for (let step = 0; step < 2; step++) y = plus(y, plus(times(x, exponential(minus(y))), twice(-1)));
  return y;
}

/** 1/(1 + e^{−x}), without an overflow. */
export function sigmoidOf(x: Twice): Twice {
  const small = exponential(x.hi > 0 ? minus(x) : x);
  const share = inverse(plus(one, small));
  return x.hi > 0 ? share : times(small, share);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^{−|x|}). */
export function softplusOf(x: Twice): Twice {
  const small = exponential(x.hi > 0 ? minus(x) : x);
  // beside 1 the digits of a small one are lost: log(1 + ε) = ε − ε²/2 + …
  const rest =
    small.hi < 2 ** -40
      ? plus(small, times(times(small, small), plus(twice(-0.5), times(small, divided(one, twice(3))))))
      : logarithm(plus(one, small));
  return plus(x.hi > 0 ? x : zero, rest);
}
