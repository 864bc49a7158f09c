/**
 * @file The chain of prime fields, and exponentials and rotations between them.
 *
 * The multiplicative group of each field has a subgroup of order of the next prime, so an exponential that takes a residue of the
 * next field to one of this field turns sums into products exactly. In the last field every exponential is 1, which does so too.
 */
import { inverse, plus, power, residueOf, times } from './field.ts';

/** Each prime minus 1 is a multiple of 4 times the next one, and products of residues are below 2⁵³. */
export const primes = [94_898_537, 11_862_317, 2_965_579] as const;

/** A residue in each field. */
export type Residues = readonly number[];

/** The residues of a double. */
export const residuesOf = (x: number): number[] => primes.map(residueOf(x));

const digits = 2 ** 12;

/** `gⁿ` for n below an order, as a product of two numbers of a table. */
function powersOf(generator: number, order: number, p: number): (n: number) => number {
  const table = (base: number, count: number): Float64Array => {
    const powers = new Float64Array(count);
    for (let [n, next] = [0, 1]; n < count; n++, next = times(next, base, p)) powers[n] = next;
    return powers;
  };
  const low = table(generator, digits);
  const high = table(power(generator, digits, p), Math.ceil(order / digits));
  return (n) => times(low[n % digits]!, high[Math.floor(n / digits)]!, p);
}

/** Exponentials and rotations that take residues of the next field to residues of this one. */
interface Step {
  exp(exponent: number): number;
  /** Cosine and sine: half the sum, and the difference over 2i, of a number of the subgroup and its reciprocal. */
  turn(angle: number): readonly [cos: number, sin: number];
}

const steps: readonly Step[] = primes.slice(1).map((order, level): Step => {
  const p = primes[level]!;
  const cofactor = (p - 1) / order;
  // their powers are not 1: test/executors/ring.test.ts
  const [exp, turned] = [2, 3].map((base) => powersOf(power(base, cofactor, p), order, p)) as [
    Step['exp'],
    Step['exp'],
  ];
  const half = inverse(2, p);
  const overTwiceI = inverse(times(2, rootOfMinusOne(p), p), p);
  return {
    exp,
    turn(angle) {
      const [forth, back] = [turned(angle), turned(angle === 0 ? 0 : order - angle)];
      return [times(plus(forth, back, p), half, p), times(plus(forth, p - back, p), overTwiceI, p)];
    },
  };
});

/** A number whose square is −1. */
function rootOfMinusOne(p: number): number {
  for (let base = 2; ; base++) {
    const root = power(base, (p - 1) / 4, p);
    if (times(root, root, p) === p - 1) return root;
  }
}

/** `e^x`; 0 for −∞. */
export const expOf = (x: Residues): number[] =>
  x.map((own, level) => {
    if (!Number.isFinite(own)) return Math.exp(own);
    return level < steps.length ? steps[level]!.exp(x[level + 1]!) : 1;
  });

/** Cosine and sine of x. */
export const turnOf = (x: Residues): (readonly [cos: number, sin: number])[] =>
  x.map((own, level) => {
    if (!Number.isFinite(own)) return [Number.NaN, Number.NaN];
    return level < steps.length ? steps[level]!.turn(x[level + 1]!) : [1, 0];
  });
