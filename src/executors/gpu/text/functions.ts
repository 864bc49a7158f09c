/**
 * @file Writes elementary functions as kernel text. On a device, the errors of exp and log may grow with the argument, and a division
 * is accurate within 2½ ulp. Where this is too much, these functions use sums and products: they are accurate to a few ulp everywhere.
 */

/** Writes statements that multiply y by 2ⁿ, for an integer n from −150 to 128. Exact unless the result is subnormal. */
export type Scaling = (y: string, n: string) => readonly string[];

/** How a device computes. */
export interface Arithmetic {
  readonly scaled: Scaling;
  /** Whether quotients and square roots are rounded to the nearest number. */
  readonly isExact: boolean;
}

/** Writes statements that declare the result of a function: `exp('x', 'y', on)` declares y = e^x. */
export type Text = (x: string, y: string, on: Arithmetic) => string;

/** Multiplies by 2ⁿ by repeated squaring of 2 or ½, in JavaScript and WebAssembly. */
export const byLadder: Scaling = (y, n) => [
  `let ${y}m = ${n} < 0 ? 0 - ${n} : ${n};`,
  `const ${y}p1 = ${n} < 0 ? 0.5 : 2;`,
  ...[2, 4, 8, 16, 32, 64].map((p) => `const ${y}p${p} = ${y}p${p / 2} * ${y}p${p / 2};`),
  ...[64, 64, 32, 16, 8, 4, 2, 1].flatMap((p) => [
    `${y} = ${y}m >= ${p} ? ${y} * ${y}p${p} : ${y};`,
    `${y}m = ${y}m >= ${p} ? ${y}m - ${p} : ${y}m;`,
  ]),
];

/** Multiplies by 2ⁿ by setting the bits of the exponent, in kernels that may call functions in WGSL. */
export const byBits: Scaling = (y, n) => [`${y} = timesPowerOf2(${y}, ${n});`];

/** c₀ + x(c₁ + x(c₂ + …)) */
const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients.map(Math.fround).reduceRight((inner, c) => (inner === '' ? `${c}` : `(${c} + ${x} * ${inner})`), '');

// ln 2 = high + low; integers up to 2¹⁵ times high are exact in f32
const high = 355 / 512;
const low = Math.LN2 - high;

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** e^x = 2ⁿ e^r with |r| ≤ ½ ln 2, and e^r by its series. */
export const exp: Text = (x, y, on) => {
  const series = polynomial(
    `${y}r`,
    [2, 3, 4, 5, 6, 7].map((n) => 1 / factorial(n)),
  );
  return [
    // beyond these bounds e^x is 0 or ∞ in f32
    `const ${y}c = ${x} > 89 ? 89 : (${x} < -104 ? -104 : ${x});`,
    `const ${y}n = Math.floor(${y}c * ${Math.fround(Math.LOG2E)} + 0.5);`,
    `const ${y}r = (${y}c - ${y}n * ${high}) - ${y}n * ${Math.fround(low)};`,
    `let ${y} = 1 + (${y}r + ${y}r * ${y}r * ${series});`,
    ...on.scaled(y, `${y}n`),
  ].join('\n');
};

/** `e^x − 1`, by its series where |x| < 1, as the subtraction would cancel there. */
export const expm1: Text = (x, y, on) => {
  const series = polynomial(
    x,
    Array.from({ length: 11 }, (_, n) => 1 / factorial(n + 2)),
  );
  return `${exp(x, `${y}e`, on)}\nconst ${y} = Math.abs(${x}) < 1 ? ${x} + ${x} * ${x} * ${series} : ${y}e - 1;`;
};

/**
 * Writes statements for `ln(1 + f) = f − (h − rest)`, where h = f²/2, `rest = s(h + R)`, s = f/(2 + f), and R = Σ 2 s^{2k}/(2k + 1),
 * truncated after the power `degree`. The error of the division in s is small relative to f.
 */
const partsOfLog = (f: string, y: string, degree: number): string => {
  const series = polynomial(
    `${y}z`,
    Array.from({ length: (degree - 1) / 2 }, (_, k) => 2 / (2 * k + 3)),
  );
  return [
    `const ${y}s = ${f} / (2 + ${f});`,
    `const ${y}z = ${y}s * ${y}s;`,
    `const ${y}h = 0.5 * ${f} * ${f};`,
    `const ${y}rest = ${y}s * (${y}h + ${y}z * ${series});`,
  ].join('\n');
};

/** ln x = e ln 2 + ln m with √½ ≤ m < √2; f = m − 1 is exact. */
export const log: Text = (x, y) => {
  const small = 2 ** -32;
  return [
    // −∞ for 0, NaN for negative x; ∞ and NaN unchanged. Devices differ on ln 0
    `let ${y} = ${x} === 0 ? (0 - 1) / Math.abs(${x}) : (${x} < 0 ? Math.sqrt(${x}) : ${x});`,
    `if (${x} > 0 && ${x} < 3.4028234e38) {`,
    `let ${y}m = ${x};`,
    `let ${y}e = 0;`,
    // scale up to at least 1, then down, by powers of 2, which is exact
    ...[0, 1, 2, 3, 4].flatMap(() => [
      `${y}e = ${y}m < 1 ? ${y}e - 32 : ${y}e;`,
      `${y}m = ${y}m < 1 ? ${y}m * ${1 / small} : ${y}m;`,
    ]),
    ...[32, 32, 32, 16, 8, 4, 2, 1].flatMap((p) => [
      `${y}e = ${y}m >= ${2 ** p} ? ${y}e + ${p} : ${y}e;`,
      `${y}m = ${y}m >= ${2 ** p} ? ${y}m * ${2 ** -p} : ${y}m;`,
    ]),
    `${y}e = ${y}m > 1.4142135 ? ${y}e + 1 : ${y}e;`,
    `${y}m = ${y}m > 1.4142135 ? ${y}m * 0.5 : ${y}m;`,
    `const ${y}f = ${y}m - 1;`,
    partsOfLog(`${y}f`, y, 9),
    `const ${y}l = ${y}f - (${y}h - (${y}rest + ${y}e * ${Math.fround(low)}));`,
    `${y} = ${y}e * ${high} + ${y}l;`,
    '}',
  ].join('\n');
};

/** 1/x, where it is not exact with one Newton step y + y(1 − xy) unless the result is 0 or ∞. */
export const reciprocal: Text = (x, y, { isExact }) =>
  isExact
    ? `const ${y} = 1 / ${x};`
    : [
        `let ${y} = 1 / ${x};`,
        `const ${y}t = ${x} * ${y};`,
        `if (${y}t > 0.5 && ${y}t < 2) { ${y} = ${y} + ${y} * (1 - ${y}t); }`,
      ].join('\n');

/**
 * x/d, as x · (1/d) where quotients are not exact. Then a large divisor is first scaled down, with x, as its reciprocal is no normal
 * number. Where that makes x underflow, the quotient underflows.
 */
export const div = (x: string, d: string, y: string, on: Arithmetic): string =>
  on.isExact
    ? `const ${y} = ${x} / ${d};`
    : [
        `const ${y}c = Math.abs(${d}) > ${2 ** 64} ? ${2 ** -64} : 1;`,
        `const ${y}d = ${d} * ${y}c;`,
        reciprocal(`${y}d`, `${y}i`, on),
        `const ${y} = (${x} * ${y}c) * ${y}i;`,
      ].join('\n');

/** 1/√x, where it is not exact with one Newton step y + ½y(1 − xy²). */
export const rsqrt: Text = (x, y, { isExact }) =>
  isExact
    ? `const ${y} = 1 / Math.sqrt(${x});`
    : [
        `let ${y} = 1 / Math.sqrt(${x});`,
        `const ${y}t = ${x} * ${y} * ${y};`,
        `if (${y}t > 0.5 && ${y}t < 2) { ${y} = ${y} + 0.5 * ${y} * (1 - ${y}t); }`,
      ].join('\n');

/** Sigmoid: 1/(1 + e^{−|x|}), times e^{−|x|} for negative x. Accurate on both tails. */
export const sigmoid: Text = (x, y, on) =>
  [
    `const ${y}a = ${x} > 0 ? 0 - ${x} : ${x};`,
    exp(`${y}a`, `${y}e`, on),
    `const ${y}d = 1 + ${y}e;`,
    reciprocal(`${y}d`, `${y}i`, on),
    `const ${y} = ${x} < 0 ? ${y}e * ${y}i : ${y}i;`,
  ].join('\n');

// π/2 as a sum. Products of its terms of at most 11 bits with integers up to 2¹³ are exact in f32 (Cody and Waite)
const quarterTurn = [201 / 2 ** 7, 2029 / 2 ** 22, 1297 / 2 ** 34, 1443 / 2 ** 49, Math.fround(6.123234262925839e-17)];

/**
 * Sine, or cosine as the sine of x + π/2: `|x| = n π/2 + r`, then the series of sin r for even n, of cos r for odd n. Within 2 ulp for
 * |x| ≤ 12,000, also where the result is near 0. For larger |x|, the error is that of changing x by a few ulp.
 */
const circular =
  (ahead: 0 | 1): Text =>
  (x, y) => {
    const signed = (start: number): number[] =>
      [0, 1, 2, 3].map((k) => (k % 2 === start % 2 ? 1 : -1) / factorial(2 * k + start + 2));
    return [
      `const ${y}a = Math.abs(${x});`,
      `const ${y}n = Math.floor(${y}a * ${Math.fround(2 / Math.PI)} + 0.5);`,
      `const ${y}d = ${'('.repeat(quarterTurn.length)}${y}a${quarterTurn.map((part) => ` - ${y}n * ${part})`).join('')};`,
      // limits r for very large angles, where all digits of r are wrong
      `const ${y}r = ${y}d > 2 ? 2 : (${y}d < 0 - 2 ? 0 - 2 : ${y}d);`,
      `const ${y}z = ${y}r * ${y}r;`,
      `const ${y}s = ${y}r + ${y}r * ${y}z * ${polynomial(`${y}z`, signed(1))};`,
      `const ${y}c = 1 - (0.5 * ${y}z - ${y}z * ${y}z * ${polynomial(`${y}z`, signed(2))});`,
      `const ${y}t = ${y}n + ${ahead};`,
      `const ${y}q = ${y}t - 4 * Math.floor(0.25 * ${y}t);`,
      `const ${y}o = ${y}q - 2 * Math.floor(0.5 * ${y}q);`,
      `const ${y}v = ${y}o > 0.5 ? ${y}c : ${y}s;`,
      `const ${y}w = ${y}q > 1.5 ? 0 - ${y}v : ${y}v;`,
      `const ${y} = ${ahead === 1 ? `${y}w` : `${x} < 0 ? 0 - ${y}w : ${y}w`};`,
    ].join('\n');
  };

export const sin = circular(0);
export const cos = circular(1);

/** `max(x, 0) + ln(1 + e^{−|x|})`. */
export const softplus: Text = (x, y, on) =>
  [
    `const ${y}a = ${x} > 0 ? 0 - ${x} : ${x};`,
    exp(`${y}a`, `${y}e`, on),
    partsOfLog(`${y}e`, y, 17),
    `const ${y}l = ${y}e - (${y}h - ${y}rest);`,
    `const ${y} = ${x} > 0 ? ${x} + ${y}l : ${y}l;`,
  ].join('\n');

/**
 * `φ_k(x) = Σ_j x^j / (j + k)!` by this series where |x| < k, else by `φ_{k+1} = (φ_k − 1/k!)/x` from `φ_1 = (e^x − 1)/x`. Where e^x
 * nearly overflows, only the term `e^x / x^k` matters. It is computed with two factors e^{x/2}.
 */
export const phi =
  (order: number): Text =>
  (x, y, on) => {
    let count = 1;
    for (let term = 1; term > 2 ** -28; count++) term *= order / (order + count);
    const series = polynomial(
      x,
      Array.from({ length: count }, (_, j) => 1 / factorial(j + order)),
    );
    const steps = Array.from({ length: order - 1 }, (_, k) => `- ${Math.fround(1 / factorial(k + 1))}) * ${y}r`);
    return [
      // limits the divisor x, as the reciprocal overflows near 0, and a quotient of infinities is NaN
      `const ${y}f = Math.abs(${x}) < ${order} ? 1 : (${x} > 1000 ? 1000 : ${x});`,
      reciprocal(`${y}f`, `${y}r`, on),
      expm1(`${y}f`, `${y}m`, on),
      `const ${y}u = ${'('.repeat(order - 1)}${y}m * ${y}r ${steps.join(' ')};`,
      `const ${y}q = 0.5 * ${y}f;`,
      exp(`${y}q`, `${y}g`, on),
      `const ${y}v = ${y}g${` * ${y}r`.repeat(order)} * ${y}g;`,
      `const ${y} = Math.abs(${x}) < ${order} ? ${series} : (${y}f > 80 ? ${y}v : ${y}u);`,
    ].join('\n');
  };

/** e^{x²} erfc(x) / t in powers of t = 1/(1 + x/2): interpolation at Chebyshev nodes of ½ ≤ x ≤ 10.3, within 4·10⁻⁹. */
const scaledTail = [
  0.28208525049293975, 0.2823504562425278, 0.24390713213909637, 0.19499569736104083, 0.011024033086497484,
  0.17046706753135377, -0.3004586862967087, 0.09070378494833578, 0.05168143110088137, -0.02678011806116986,
];

/**
 * erfc(x) for x ≥ ½. With x = h + d for a multiple h of 2⁻⁸, h² is exact, and `e^{−x²} = e^{−h²} e^{−d(x + h)}`, the second factor by
 * its series. A rounded x² would cost up to 100 units in the last place.
 */
const tail: Text = (x, y, on) => {
  const series = polynomial(
    `${y}l`,
    [0, 1, 2, 3, 4].map((n) => 1 / factorial(n)),
  );
  return [
    // erfc(11) is 0 in f32
    `const ${y}b = ${x} > 11 ? 11 : ${x};`,
    `const ${y}h = Math.floor(${y}b * 256 + 0.5) * ${2 ** -8};`,
    `const ${y}l = (${y}h - ${y}b) * (${y}b + ${y}h);`,
    `const ${y}n = 0 - ${y}h * ${y}h;`,
    exp(`${y}n`, `${y}e`, on),
    `const ${y}d = 1 + 0.5 * ${y}b;`,
    reciprocal(`${y}d`, `${y}t`, on),
    `const ${y} = ${y}e * (${series} * (${y}t * ${polynomial(`${y}t`, scaledTail)}));`,
  ].join('\n');
};

/** Error function where |x| < 1: the series `2/√π Σ (−1)ⁿ x^{2n+1} / (n! (2n + 1))`. */
const centre: Text = (x, y) => {
  const terms = Array.from({ length: 11 }, (_, n) => (n % 2 ? -1 : 1) / (factorial(n) * (2 * n + 1)));
  const factors = terms.map((term) => (term * 2) / Math.sqrt(Math.PI));
  return `const ${y}z = ${x} * ${x};\nconst ${y} = ${x} * ${polynomial(`${y}z`, factors)};`;
};

/** Error function: its series where |x| < 1, else 1 − erfc. There erfc is at most 1/6, which reduces the weight of its error. */
export const erf: Text = (x, y, on) =>
  [
    `const ${y}a = Math.abs(${x});`,
    tail(`${y}a`, `${y}o`, on),
    centre(x, `${y}i`, on),
    `const ${y}f = ${x} < 0 ? ${y}o - 1 : 1 - ${y}o;`,
    `const ${y} = ${y}a < 1 ? ${y}i : ${y}f;`,
  ].join('\n');

/** Complementary error function: 1 − erf by its series where |x| < ½, else the tail, or 2 less the tail of −x. */
export const erfc: Text = (x, y, on) =>
  [
    `const ${y}a = Math.abs(${x});`,
    tail(`${y}a`, `${y}o`, on),
    centre(x, `${y}i`, on),
    `const ${y}f = ${x} < 0 ? 2 - ${y}o : ${y}o;`,
    `const ${y} = ${y}a < 0.5 ? 1 - ${y}i : ${y}f;`,
  ].join('\n');
