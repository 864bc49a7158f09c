/**
 * @file Computes with the numbers of a kernel in WebAssembly: one number that all lanes share, or four. Integers, which count and
 * address elements, stay one number as long as the lanes differ by constants.
 */
import type { Expression } from '../../../wasm/code.ts';
import { select } from '../../../wasm/control.ts';
import { f32, f32x4, i32, i32x4, v128 } from '../../../wasm/instructions.ts';
import type { Comparison } from '../text/syntax.ts';

type I32 = Expression<'i32'>;
type F32 = Expression<'f32'>;
type V128 = Expression<'v128'>;

/** A number or condition of the text. Those of one lane are uniform: all lanes have the same. */
export type Quantity =
  | { readonly is: 'literal'; readonly value: number }
  /** Lane k is base + offsets[k]. */
  | { readonly is: 'integer'; readonly base: I32; readonly offsets: readonly number[] }
  | { readonly is: 'integers'; readonly lanes: V128 }
  | { readonly is: 'real'; readonly one: F32 }
  | { readonly is: 'reals'; readonly lanes: V128 }
  | { readonly is: 'flag'; readonly one: I32 }
  | { readonly is: 'mask'; readonly lanes: V128 };

const none = [0, 0, 0, 0];

/** An integer, the same in all lanes unless `offsets` differ. */
export const integer = (base: I32, offsets: readonly number[] = none): Quantity => ({ is: 'integer', base, offsets });
export const real = (one: F32): Quantity => ({ is: 'real', one });
export const reals = (lanes: V128): Quantity => ({ is: 'reals', lanes });
export const literal = (value: number): Quantity => ({ is: 'literal', value });

const areSame = (offsets: readonly number[]): boolean => offsets.every((offset) => offset === offsets[0]);

/** Whether all lanes have the same number. */
export const isUniform = (x: Quantity): boolean =>
  x.is === 'integer' ? areSame(x.offsets) : x.is === 'literal' || x.is === 'real' || x.is === 'flag';

/** The base of an integer whose lanes are equal. */
const baseOf = ({ base, offsets }: Extract<Quantity, { is: 'integer' }>): I32 =>
  offsets[0] === 0 ? base : i32.add(base, i32.const(offsets[0]!));

/** A uniform number as f32. */
export function asReal(x: Quantity): F32 {
  if (x.is === 'literal') return f32.const(x.value);
  if (x.is === 'real') return x.one;
  if (x.is === 'integer' && areSame(x.offsets)) return f32.fromI32(baseOf(x));
  throw new Error(`a kernel needs one number where it has ${x.is}`);
}

/** A number in all lanes, as f32. */
export function asReals(x: Quantity): V128 {
  if (x.is === 'reals') return x.lanes;
  if (x.is === 'literal') return f32x4.const(x.value);
  if (isUniform(x)) return f32x4.splat(asReal(x));
  return f32x4.fromI32(asIntegers(x));
}

/** Converts a number to an integer: one if all lanes have the same. */
export function asInteger(x: Quantity): Quantity {
  if (x.is === 'literal') return integer(i32.const(x.value));
  if (x.is === 'real') return integer(i32.truncateF32(x.one));
  return x.is === 'reals' ? { is: 'integers', lanes: i32x4.truncateF32(x.lanes) } : x;
}

/** An integer in all lanes. */
export function asIntegers(x: Quantity): V128 {
  if (x.is === 'literal') return i32x4.const(x.value);
  if (x.is === 'integers') return x.lanes;
  if (x.is !== 'integer') throw new Error(`a kernel needs an integer where it has ${x.is}`);
  const base = i32x4.splat(x.base);
  return x.offsets.every((offset) => offset === 0) ? base : i32x4.add(base, constant(x.offsets));
}

/** A vector of given integers. */
const constant = (lanes: readonly number[]): V128 =>
  lanes.reduce(
    (all, n, k) => (k > 0 && n !== lanes[0] ? i32x4.replace(all, k, i32.const(n)) : all),
    i32x4.const(lanes[0]!),
  );

const isWhole = (x: Quantity): boolean =>
  x.is === 'integer' ||
  x.is === 'integers' ||
  (x.is === 'literal' && Number.isInteger(x.value) && Math.abs(x.value) < 2 ** 31);

/** Whether an operation on both is one of integers: literals alone are f32. */
const areIntegers = (x: Quantity, y: Quantity): boolean =>
  isWhole(x) && isWhole(y) && !(x.is === 'literal' && y.is === 'literal');

const names = { '+': 'add', '-': 'sub', '*': 'mul', '/': 'div' } as const;

/** The whole number of an operation on two, or null. In f32 it would lose digits from 2²⁴ on, where it is part of a position. */
function folded(op: keyof typeof names, x: Quantity, y: Quantity): Quantity | null {
  if (op === '/' || x.is !== 'literal' || y.is !== 'literal' || !isWhole(x) || !isWhole(y)) return null;
  const of = { '+': x.value + y.value, '-': x.value - y.value, '*': x.value * y.value };
  const both = literal(of[op]);
  return isWhole(both) ? both : null;
}

/** x + y, x − y, x y or x / y. A quotient is always f32. */
export function arithmetic(op: keyof typeof names, x: Quantity, y: Quantity): Quantity {
  const whole = folded(op, x, y);
  if (whole !== null) return whole;
  if (op !== '/' && areIntegers(x, y)) return ofIntegers(op, x, y);
  return isUniform(x) && isUniform(y)
    ? real(f32[names[op]](asReal(x), asReal(y)))
    : reals(f32x4[names[op]](asReals(x), asReals(y)));
}

function ofIntegers(op: '+' | '-' | '*', x: Quantity, y: Quantity): Quantity {
  const [a, b] = [asInteger(x), asInteger(y)];
  if (a.is === 'integer' && b.is === 'integer') {
    if (op !== '*') {
      const offsets = a.offsets.map((own, k) => (op === '+' ? own + b.offsets[k]! : own - b.offsets[k]!));
      return integer(i32[names[op]](a.base, b.base), offsets);
    }
    if (isUniform(a) && isUniform(b)) return integer(i32.mul(baseOf(a), baseOf(b)));
    if (y.is === 'literal')
      return integer(
        i32.mul(a.base, b.base),
        a.offsets.map((own) => own * y.value),
      );
    if (x.is === 'literal')
      return integer(
        i32.mul(a.base, b.base),
        b.offsets.map((own) => own * x.value),
      );
  }
  return { is: 'integers', lanes: i32x4[names[op]](asIntegers(a), asIntegers(b)) };
}

/** The quotient of a uniform integer ≥ 0, without its remainder; null if the lanes differ. */
export function quotient(x: Quantity, divisor: number): Quantity | null {
  const whole = asInteger(x);
  if (whole.is !== 'integer' || !isUniform(whole)) return null;
  return integer(i32.divUnsigned(baseOf(whole), i32.const(divisor)));
}

const relations = { '<': 'lt', '>': 'gt', '<=': 'le', '>=': 'ge', '===': 'eq', '!==': 'ne' } as const;

/** Comparisons of lanes of integers, by those that exist. */
const compareIntegers: Readonly<Record<Comparison, (x: V128, y: V128) => V128>> = {
  '<': i32x4.lt,
  '>': i32x4.gt,
  '<=': (x, y) => v128.not(i32x4.gt(x, y)),
  '>=': (x, y) => v128.not(i32x4.lt(x, y)),
  '===': i32x4.eq,
  '!==': (x, y) => v128.not(i32x4.eq(x, y)),
};

/** Compares two numbers. */
export function comparison(op: Comparison, x: Quantity, y: Quantity): Quantity {
  const whole = areIntegers(x, y);
  if (isUniform(x) && isUniform(y)) {
    if (!whole) return { is: 'flag', one: f32[relations[op]](asReal(x), asReal(y)) };
    const [a, b] = [asInteger(x), asInteger(y)] as Extract<Quantity, { is: 'integer' }>[];
    return { is: 'flag', one: i32[relations[op]](baseOf(a!), baseOf(b!)) };
  }
  if (whole) return { is: 'mask', lanes: compareIntegers[op](asIntegers(x), asIntegers(y)) };
  return { is: 'mask', lanes: f32x4[relations[op]](asReals(x), asReals(y)) };
}

/** A condition as a mask: all bits of a lane. */
export function asMask(x: Quantity): V128 {
  if (x.is === 'mask') return x.lanes;
  if (x.is === 'flag') return i32x4.splat(i32.sub(i32.const(0), x.one));
  throw new Error(`a kernel needs a condition where it has ${x.is}`);
}

/** Whether both conditions hold. */
export const both = (x: Quantity, y: Quantity): Quantity =>
  x.is === 'flag' && y.is === 'flag'
    ? { is: 'flag', one: i32.and(x.one, y.one) }
    : { is: 'mask', lanes: v128.and(asMask(x), asMask(y)) };

/** Largest difference of lanes that memory has behind its last array (arrays.ts), for reads that a uniform condition turns off. */
export const mostSlack = 64;

/**
 * x where the condition holds, else y. If it is a `place` that is read only where the condition holds, lanes of y may differ as those of
 * x do.
 */
export function choice(condition: Quantity, x: Quantity, y: Quantity, isPlace: boolean): Quantity {
  const whole = areIntegers(x, y);
  if (condition.is === 'flag') {
    if (!whole) {
      return isUniform(x) && isUniform(y)
        ? real(select(condition.one, asReal(x), asReal(y)))
        : reals(select(condition.one, asReals(x), asReals(y)));
    }
    const [a, b] = [asInteger(x), asInteger(y)];
    if (a.is === 'integer' && b.is === 'integer') {
      const isNear = isPlace && y.is === 'literal' && a.offsets.every((offset) => offset >= 0 && offset <= mostSlack);
      if (isNear || a.offsets.every((offset, k) => offset === b.offsets[k]))
        return integer(select(condition.one, a.base, b.base), a.offsets);
    }
    return { is: 'integers', lanes: select(condition.one, asIntegers(a), asIntegers(b)) };
  }
  const mask = asMask(condition);
  return whole
    ? { is: 'integers', lanes: v128.choose(asIntegers(asInteger(x)), asIntegers(asInteger(y)), mask) }
    : reals(v128.choose(asReals(x), asReals(y), mask));
}

/** Functions of one number, by their names in the text. */
const functions = { 'Math.floor': 'floor', 'Math.abs': 'abs', 'Math.sqrt': 'sqrt' } as const;

/** A function of the text. */
export function applied(name: string, args: readonly Quantity[]): Quantity {
  const [x, n] = args as [Quantity, Quantity];
  const isOne = args.every(isUniform);
  if (name === 'timesPowerOf2')
    return isOne ? real(f32.mul(...powerOf2(asReal(x), asReal(n)))) : reals(powersOf2(asReals(x), asReals(n)));
  const instruction = functions[name as keyof typeof functions];
  if (instruction === undefined) throw new Error(`a kernel calls ${name}, which has no instruction`);
  return isOne ? real(f32[instruction](asReal(x))) : reals(f32x4[instruction](asReals(x)));
}

/** x 2ⁿ as two factors: 2ⁿ may overflow where the product does not. */
function powerOf2(x: F32, n: F32): [F32, F32] {
  const whole = i32.truncateF32(n);
  const half = i32.shr(whole, i32.const(1));
  const power = (k: I32): F32 => f32.reinterpretI32(i32.shl(i32.add(k, i32.const(127)), i32.const(23)));
  return [f32.mul(x, power(half)), power(i32.sub(whole, half))];
}

function powersOf2(x: V128, n: V128): V128 {
  const whole = i32x4.truncateF32(n);
  const half = i32x4.shr(whole, i32.const(1));
  const power = (k: V128): V128 => i32x4.shl(i32x4.add(k, i32x4.const(127)), i32.const(23));
  return f32x4.mul(f32x4.mul(x, power(half)), power(i32x4.sub(whole, half)));
}

/** Reads an element of the array at an address. `kept` keeps a number in a local variable. */
export function element(
  array: I32,
  at: Quantity,
  kept: (x: Quantity) => Quantity,
): { readonly value: Quantity; readonly isGather: boolean } {
  const index = asInteger(at);
  const place = (base: I32): I32 => i32.add(array, i32.shl(base, i32.const(2)));
  if (index.is === 'integer') {
    if (isUniform(index)) return { value: real(f32.load(place(baseOf(index)))), isGather: false };
    if (index.offsets.every((offset, k) => offset === k))
      return { value: reals(v128.load(place(index.base))), isGather: false };
    const least = Math.min(...index.offsets);
    const first = kept(integer(place(i32.add(index.base, i32.const(least))))) as Extract<Quantity, { is: 'integer' }>;
    const loads = index.offsets.map((offset) => f32.load(first.base, 4 * (offset - least)));
    return { value: reals(joined(loads)), isGather: true };
  }
  const { lanes } = kept(index) as Extract<Quantity, { is: 'integers' }>;
  const loads = [0, 1, 2, 3].map((k) => f32.load(place(i32x4.extract(lanes, k))));
  return { value: reals(joined(loads)), isGather: true };
}

const joined = ([first, ...rest]: readonly F32[]): V128 =>
  rest.reduce((all, x, k) => f32x4.replace(all, k + 1, x), f32x4.splat(first!));
