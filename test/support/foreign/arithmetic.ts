/** @file Arithmetics for foreign programs: each rounds every step as one kind of machine does. */

/** Rounds a number to a format. */
export type Rounding = (x: number) => number;

/** The steps that a foreign program may take. Every result is rounded. */
export interface Arithmetic {
  readonly name: string;
  /** Rounds an operand of a matrix product. */
  operand(x: number): number;
  /** Rounds a constant to the type of accumulation. */
  constant(x: number): number;
  /** Rounds a state, score or decay that is stored. */
  state(x: number): number;
  score(x: number): number;
  decay(x: number): number;
  /** Rounds an output or a gradient. */
  out(x: number): number;
  add(x: number, y: number): number;
  sub(x: number, y: number): number;
  mul(x: number, y: number): number;
  div(x: number, y: number): number;
  /** x·y + z, rounded once or, without contraction, twice. */
  fma(x: number, y: number, z: number): number;
  exp(x: number): number;
  exp2(x: number): number;
  log(x: number): number;
  log2(x: number): number;
  log1p(x: number): number;
  expm1(x: number): number;
  tanh(x: number): number;
  sqrt(x: number): number;
  rcp(x: number): number;
  rsqrt(x: number): number;
  erf(x: number): number;
  erfc(x: number): number;
  sin(x: number): number;
  cos(x: number): number;
}

/** How a machine computes. Sites that are not given have the type of accumulation. */
export interface Machine {
  readonly name: string;
  readonly accumulate: Rounding;
  readonly operand?: Rounding;
  readonly state?: Rounding;
  readonly score?: Rounding;
  readonly decay?: Rounding;
  readonly out?: Rounding;
  /** Whether x·y + z is one instruction. */
  readonly fused?: boolean;
  /**
   * `nearest`: functions are correctly rounded. `powers`: so are they, but exp is 2^y of a rounded product. `device`: exp as before,
   * and approximate instructions for single precision, with their documented errors.
   */
  readonly functions?: 'nearest' | 'powers' | 'device';
}

/** Makes the arithmetic of a machine. */
export function arithmetic({ functions = 'nearest', fused = false, ...machine }: Machine): Arithmetic {
  const { name, accumulate: r } = machine;
  const { operand = r, state = r, score = r, decay = r, out = r } = machine;
  const isDevice = functions === 'device';
  // the relative errors of instructions include a last rounding
  const off = (x: number, log2: number): number => (isDevice ? x * (1 + (2 ** log2 - 2 ** -24) * noise(x)) : x);
  const log2E = r(Math.LOG2E);
  const exp2 = (x: number): number => r(off(2 ** x, -22.5));
  const near = (f: (x: number) => number) => (x: number) => r(off(f(x), -23));
  const quotient = (x: number): number => (isDevice ? x + 1.5 * unitOf(x) * noise(x) : x);
  return {
    name,
    operand,
    constant: r,
    state,
    score,
    decay,
    out,
    add: (x, y) => r(x + y),
    sub: (x, y) => r(x - y),
    mul: (x, y) => r(x * y),
    div: (x, y) => r(quotient(x / y)),
    fma: fused ? (x, y, z) => r(fusedInDouble(x, y, z)) : (x, y, z) => r(r(x * y) + z),
    exp: functions !== 'nearest' ? (x) => exp2(r(x * log2E)) : (x) => r(Math.exp(x)),
    exp2,
    log: near(Math.log),
    log2: near(Math.log2),
    log1p: near(Math.log1p),
    expm1: near(Math.expm1),
    tanh: near(Math.tanh),
    sqrt: near(Math.sqrt),
    rcp: (x) => r(off(1 / x, -23)),
    rsqrt: (x) => r(off(1 / Math.sqrt(x), -22.9)),
    erf: near(erf),
    erfc: near(erfc),
    sin: near(Math.sin),
    cos: near(Math.cos),
  };
}

const [bits, words] = (() => {
  const array = new Float64Array(1);
  return [array, new Uint32Array(array.buffer)] as const;
})();

/** A fixed number in [−1, 1] for each x: the error of an approximate instruction, in units of its limit. */
function noise(x: number): number {
  bits[0] = x;
  let hash = (words[0]! ^ Math.imul(words[1]!, 0x9e3779b1)) | 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 31 - 1;
}

/** The unit in the last place of single precision at x; 0 where there is none. */
const unitOf = (x: number): number =>
  x === 0 || !Number.isFinite(x) ? 0 : 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);

/** Splits a double's digits into halves (Veltkamp). */
function halves(x: number): readonly [number, number] {
  const shifted = 134_217_729 * x;
  const high = shifted - (shifted - x);
  return [high, x - high];
}

/** x·y + z with one rounding, except where the exact product overflows or underflows. */
function fusedInDouble(x: number, y: number, z: number): number {
  const product = x * y;
  const plain = product + z;
  if (!Number.isFinite(plain) || Math.abs(x) > 2 ** 900 || Math.abs(y) > 2 ** 900 || Math.abs(product) < 2 ** -900) {
    return plain;
  }
  const [[x1, x2], [y1, y2]] = [halves(x), halves(y)];
  const rest = x1 * y1 - product + x1 * y2 + x2 * y1 + x2 * y2;
  const part = plain - product;
  return plain + (product - (plain - part) + (z - part) + rest);
}

/** erf by its series near 0, and by erfc far from it. */
function erf(x: number): number {
  if (Math.abs(x) > 1) return Math.sign(x) * (1 - erfc(Math.abs(x)));
  let [term, total] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** erfc by a continued fraction where it is small, to some 1e-14. */
function erfc(x: number): number {
  if (x < 1) return 1 - erf(x);
  let fraction = x;
  for (let n = 300; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

/** Rounds to p significant bits, to nearest. */
function toBits(p: number): Rounding {
  const factor = 2 ** (53 - p) + 1;
  return (x) => {
    if (!Number.isFinite(x) || Math.abs(x) > 2 ** 900) return x;
    const shifted = factor * x;
    return shifted - (shifted - x);
  };
}

/** Cuts off all but p significant bits, as some matrix units do with their operands. */
function cutToBits(p: number): Rounding {
  const round = toBits(p);
  return (x) => {
    const near = round(x);
    if (Math.abs(near) <= Math.abs(x)) return near;
    return near - Math.sign(x) * 2 ** (Math.floor(Math.log2(Math.abs(x))) - p + 1);
  };
}

const [largestHalf, leastHalf, stepHalf] = [65504, 2 ** -14, 2 ** -24];
const elevenBits = toBits(11);
const eightBits = toBits(8);

/** The formats. Halves keep subnormal numbers; the others flush them, or keep them, as their name says. */
export const formats = {
  f64: (x: number): number => x,
  f32: Math.fround,
  f32Flushed: (x: number): number => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(x)),
  tf32: toBits(11),
  tf32Cut: cutToBits(11),
  bf16: (x: number): number => (Math.abs(x) < 2 ** -126 ? 0 : Math.fround(eightBits(x))),
  f16: (x: number): number => {
    if (Math.abs(x) < leastHalf) return Math.round(x / stepHalf) * stepHalf;
    const near = elevenBits(x);
    return Math.abs(near) > largestHalf ? Math.sign(x) * Number.POSITIVE_INFINITY : near;
  },
} satisfies Readonly<Record<string, Rounding>>;

const { f64, f32, f32Flushed, tf32, tf32Cut, bf16, f16 } = formats;
const short = (name: string, format: Rounding): Machine => ({ name, accumulate: f32, operand: format, out: format });

/** The arithmetics of each profile. All of them are right at it. */
export const arithmetics = {
  F64: [
    arithmetic({ name: 'f64', accumulate: f64 }),
    arithmetic({ name: 'f64 fused', accumulate: f64, fused: true }),
    arithmetic({ name: 'f64 powers', accumulate: f64, fused: true, functions: 'powers' }),
  ],
  F32: [
    arithmetic({ name: 'f32', accumulate: f32 }),
    arithmetic({ name: 'f32 fused', accumulate: f32, fused: true }),
    arithmetic({ name: 'f32 device', accumulate: f32Flushed, fused: true, functions: 'device' }),
    arithmetic({ name: 'f64 inside', accumulate: f64, out: f32 }),
  ],
  TF32: [
    arithmetic({ name: 'tf32', accumulate: f32, operand: tf32, fused: true }),
    arithmetic({ name: 'tf32 cut', accumulate: f32Flushed, operand: tf32Cut, fused: true, functions: 'device' }),
  ],
  BF16: [
    arithmetic({ ...short('bf16', bf16), fused: true }),
    arithmetic({ ...short('bf16 device', bf16), accumulate: f32Flushed, fused: true, functions: 'device' }),
  ],
  'BF16 state': [arithmetic({ ...short('bf16 state', bf16), state: bf16 })],
  'BF16 scores': [arithmetic({ ...short('bf16 scores', bf16), score: bf16, decay: bf16 })],
  F16: [
    arithmetic({ ...short('f16', f16), fused: true }),
    arithmetic({ ...short('f16 device', f16), accumulate: f32Flushed, fused: true, functions: 'device' }),
  ],
  'F16 state': [arithmetic({ ...short('f16 state', f16), state: f16 })],
  'F16 scores': [arithmetic({ ...short('f16 scores', f16), score: f16, decay: f16 })],
} satisfies Readonly<Record<string, readonly Arithmetic[]>>;

/** The name of a profile. */
export type ProfileName = keyof typeof arithmetics;
