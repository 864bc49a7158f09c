import { describe, expect, it } from 'vitest';
import { after, type Code, type Expression, signed, type Type, unsigned } from '../../src/wasm/code.ts';
import { call, clear, copy, loop, loopWhile, resultOf, select, when } from '../../src/wasm/control.ts';
import { elements, f32, f32x4, f64, f64x2, i32, i32x4, i64x2, v128 } from '../../src/wasm/instructions.ts';
import { assemble, define } from '../../src/wasm/module.ts';
import { hasSimd, instantiate, newMemory } from '../../src/wasm/runtime.ts';

const memory = newMemory(1);
const doubles = new Float64Array(memory.buffer as ArrayBuffer);
const floats = new Float32Array(memory.buffer as ArrayBuffer);
const integers = new Int32Array(memory.buffer as ArrayBuffer);

/** Computes an expression, of numbers in memory: x at 0, y at 16. */
function run(x: Expression): number[] {
  const to = i32.const(48);
  const f = define('f', {}, () => stored(to, x));
  instantiate<'f'>(assemble([f]), memory).f();
  if (x.type === 'v128') return [...floats.subarray(12, 16)];
  return [x.type === 'i32' ? integers[12]! : x.type === 'f32' ? floats[12]! : doubles[6]!];
}

const is = <T extends Type>(x: Expression, type: T): x is Expression<T> => x.type === type;

function stored(to: Expression<'i32'>, x: Expression): Code {
  if (is(x, 'v128')) return v128.store(to, x);
  if (is(x, 'f64')) return f64.store(to, x);
  return is(x, 'f32') ? f32.store(to, x) : i32.store(to, x as Expression<'i32'>);
}

describe('the assembler', () => {
  it('encodes integers', () => {
    expect([unsigned(0), unsigned(127), unsigned(128), unsigned(624485)]).toEqual([
      [0],
      [127],
      [128, 1],
      [0xe5, 0x8e, 0x26],
    ]);
    expect([signed(63), signed(64), signed(-64), signed(-65), signed(-123456)]).toEqual([
      [63],
      [0xc0, 0],
      [0x40],
      [0xbf, 0x7f],
      [0xc0, 0xbb, 0x78],
    ]);
  });

  it('finds SIMD here', () => expect(hasSimd).toBe(true));

  it('assembles loops, conditions, calls and results', () => {
    const square = define('square', { x: 'f64' }, ({ x }) => f64.mul(x, x));
    const add = define('add', { at: 'i32', x: 'f64' }, ({ at, x }) => f64.store(at, f64.add(f64.load(at), x)));
    const sumOfSquares = define('sumOfSquares', { n: 'i32' }, ({ n }, newLocal) => {
      const [i, total] = [newLocal('i32'), newLocal('f64')];
      const odd = i32.and(i, i32.const(1));
      return after(
        [
          f64.store(i32.const(0), f64.const(0)),
          loop(i, i32.const(0), n, 1, [
            when(
              odd,
              total.set(f64.add(total, resultOf(square, f64.fromI32(i)))),
              call(add, i32.const(0), f64.const(1)),
            ),
          ]),
        ],
        total,
      );
    });
    const { sumOfSquares: run } = instantiate<'sumOfSquares'>(assemble([sumOfSquares]), memory);
    expect([0, 1, 2, 6].map((n) => [run(n), doubles[0]])).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
      [35, 3],
    ]);
  });

  it('assembles recursion through exported functions once each', () => {
    const twice = define('twice', { x: 'i32' }, ({ x }) => i32.add(x, x));
    const fourTimes = define('fourTimes', { x: 'i32' }, ({ x }) => resultOf(twice, resultOf(twice, x)));
    const exports = instantiate<'twice' | 'fourTimes'>(assemble([fourTimes, twice]), memory);
    expect([exports.twice(5), exports.fourTimes(5)]).toEqual([10, 20]);
  });

  it('assembles loops that stop at once, tee, select, clear and copy', () => {
    const f = define('f', { n: 'i32' }, ({ n }, newLocal) => {
      const i = newLocal('i32');
      const rounds = newLocal('i32');
      return after(
        [
          loopWhile(i32.lt(i.tee(i32.add(i, i32.const(1))), n), rounds.set(i32.add(rounds, i32.const(1)))),
          clear(i32.const(8), i32.const(16)),
          copy(i32.const(8), i32.const(0), i32.const(4)),
        ],
        select(i32.eqz(rounds), i32.const(-1), rounds),
      );
    });
    const { f: run } = instantiate<'f'>(assemble([f]), memory);
    integers.fill(7);
    expect([run(0), run(1), run(2), run(9)]).toEqual([-1, -1, 1, 8]);
    expect([...integers.subarray(0, 7)]).toEqual([7, 7, 7, 0, 0, 0, 7]);
  });

  it('refuses an ill-typed function', () => {
    const wrong = define('wrong', { x: 'f64' }, ({ x }) => i32.add(x as unknown as Expression<'i32'>, i32.const(1)));
    expect(() => instantiate(assemble([wrong]), memory)).toThrow(/expected type i32/);
  });
});

/** Each instruction beside what it computes; a wrong byte computes something else, or does not validate. */
describe('each instruction computes what its name says', () => {
  const x = v128.load(i32.const(0));
  const y = v128.load(i32.const(16));
  const [xs, ys] = [
    [-2.5, 1.5, 0.5, -7],
    [2, -3, 0.25, 7],
  ];
  const lanes = (f: (x: number, y: number) => number): number[] => xs.map((a, i) => Math.fround(f(a, ys[i]!)));
  const nearest = (a: number): number => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a));
  const binary = {
    add: (a: number, b: number) => a + b,
    sub: (a: number, b: number) => a - b,
    mul: (a: number, b: number) => a * b,
    div: (a: number, b: number) => a / b,
    min: Math.min,
    max: Math.max,
  };
  const unary = {
    abs: Math.abs,
    neg: (a: number) => -a,
    ceil: Math.ceil,
    floor: Math.floor,
    trunc: Math.trunc,
    nearest,
    sqrt: Math.sqrt,
  };
  const comparisons = {
    eq: (a: number, b: number) => a === b,
    ne: (a: number, b: number) => a !== b,
    lt: (a: number, b: number) => a < b,
    gt: (a: number, b: number) => a > b,
    le: (a: number, b: number) => a <= b,
    ge: (a: number, b: number) => a >= b,
  };
  const names = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

  it.each(names(binary))('%s', (name) => {
    floats.set([...xs, ...ys]);
    expect(run(f32x4[name](x, y))).toEqual(lanes(binary[name]));
    doubles.set([...xs.slice(0, 2), ...ys.slice(0, 2)]);
    const two = [0, 1].map((lane) => run(f64x2.extract(f64x2[name](x, y), lane))[0]);
    expect(two).toEqual([0, 1].map((i) => binary[name](xs[i]!, ys[i]!)));
    expect(run(f64[name](f64.load(i32.const(0)), f64.load(i32.const(16))))).toEqual([binary[name](xs[0]!, ys[0]!)]);
    expect(run(f32[name](f32.const(xs[1]!), f32.const(ys[1]!)))).toEqual([Math.fround(binary[name](xs[1]!, ys[1]!))]);
  });

  it.each(names(unary))('%s', (name) => {
    floats.set([...xs, ...ys]);
    expect(run(f32x4[name](x))).toEqual(lanes(unary[name]));
    doubles.set(xs.slice(0, 2));
    expect(run(f64x2.extract(f64x2[name](x), 1))).toEqual([unary[name](xs[1]!)]);
    for (const value of xs) {
      expect(run(f64[name](f64.const(value)))).toEqual([unary[name](value)]);
      expect(run(f32[name](f32.const(value)))).toEqual([Math.fround(unary[name](value))]);
    }
  });

  it.each(names(comparisons))('%s', (name) => {
    const [few, many] = [
      [1, 2, 3, 4],
      [2, 2, 2, 5],
    ];
    floats.set([...few, ...many]);
    const ones = f32x4.const(1);
    expect(run(v128.and(f32x4[name](x, y), ones))).toEqual(few.map((a, i) => Number(comparisons[name](a, many[i]!))));
    for (const [i, a] of few.entries()) {
      expect(run(f64[name](f64.const(a), f64.const(many[i]!)))).toEqual([Number(comparisons[name](a, many[i]!))]);
      expect(run(f32[name](f32.const(a), f32.const(many[i]!)))).toEqual([Number(comparisons[name](a, many[i]!))]);
      const mask = f64x2[name](f64x2.const(a), f64x2.const(many[i]!));
      expect(run(f64x2.extract(v128.and(mask, f64x2.const(1)), 1))).toEqual([Number(comparisons[name](a, many[i]!))]);
    }
  });

  it.each<[string, Expression, readonly number[]]>([
    ['i32.sub', i32.sub(i32.const(3), i32.const(10)), [-7]],
    ['i32.mul', i32.mul(i32.const(-3), i32.const(10)), [-30]],
    ['i32.div', i32.div(i32.const(-7), i32.const(2)), [-3]],
    ['i32.divUnsigned', i32.divUnsigned(i32.const(-1), i32.const(2)), [2 ** 31 - 1]],
    ['i32.rem', i32.rem(i32.const(-7), i32.const(2)), [-1]],
    ['i32.remUnsigned', i32.remUnsigned(i32.const(-1), i32.const(16)), [15]],
    ['i32.or', i32.or(i32.const(5), i32.const(2)), [7]],
    ['i32.xor', i32.xor(i32.const(5), i32.const(6)), [3]],
    ['i32.shl', i32.shl(i32.const(3), i32.const(4)), [48]],
    ['i32.shr', i32.shr(i32.const(-8), i32.const(1)), [-4]],
    ['i32.shrUnsigned', i32.shrUnsigned(i32.const(-8), i32.const(1)), [2 ** 31 - 4]],
    ['i32.eq', i32.eq(i32.const(1), i32.const(1)), [1]],
    ['i32.ne', i32.ne(i32.const(1), i32.const(1)), [0]],
    ['i32.gt', i32.gt(i32.const(1), i32.const(-1)), [1]],
    ['i32.le', i32.le(i32.const(1), i32.const(1)), [1]],
    ['i32.ge', i32.ge(i32.const(0), i32.const(1)), [0]],
    ['i32.ltUnsigned', i32.ltUnsigned(i32.const(1), i32.const(-1)), [1]],
    ['i32.truncateF32', i32.truncateF32(f32.const(-2.75)), [-2]],
    ['i32.truncateF64', i32.truncateF64(f64.const(1e12)), [2 ** 31 - 1]],
    ['i32.reinterpretF32', i32.reinterpretF32(f32.const(1)), [0x3f800000]],
    ['f32.reinterpretI32', f32.reinterpretI32(i32.const(0x40000000)), [2]],
    ['f32.fromI32', f32.fromI32(i32.const(-9)), [-9]],
    ['f32.fromF64', f32.fromF64(f64.const(0.1)), [Math.fround(0.1)]],
    ['f32.copysign', f32.copysign(f32.const(3), f32.const(-0)), [-3]],
    ['f64.copysign', f64.copysign(f64.const(-3), f64.const(1)), [3]],
    ['f64.fromF32', f64.fromF32(f32.const(0.1)), [Math.fround(0.1)]],
    ['f32x4.splat', f32x4.splat(f32.const(4)), [4, 4, 4, 4]],
    ['f32x4.replace', f32x4.replace(f32x4.const(1), 2, f32.const(4)), [1, 1, 4, 1]],
    ['f32x4.fromI32', f32x4.fromI32(i32x4.const(-6)), [-6, -6, -6, -6]],
    ['f64x2.fromI32', f64x2.extract(f64x2.fromI32(i32x4.const(-6)), 1), [-6]],
    ['f64x2.replace', f64x2.extract(f64x2.replace(f64x2.const(1), 1, f64.const(4)), 1), [4]],
    ['f64x2.splat', f64x2.extract(f64x2.splat(f64.const(0.1)), 1), [0.1]],
    ['i32x4.add', f32x4.fromI32(i32x4.add(i32x4.const(2), i32x4.const(3))), [5, 5, 5, 5]],
    ['i32x4.sub', f32x4.fromI32(i32x4.sub(i32x4.const(2), i32x4.const(3))), [-1, -1, -1, -1]],
    ['i32x4.mul', f32x4.fromI32(i32x4.mul(i32x4.const(2), i32x4.const(3))), [6, 6, 6, 6]],
    ['i32x4.min', f32x4.fromI32(i32x4.min(i32x4.const(-2), i32x4.const(3))), [-2, -2, -2, -2]],
    ['i32x4.max', f32x4.fromI32(i32x4.max(i32x4.const(-2), i32x4.const(3))), [3, 3, 3, 3]],
    ['i32x4.shl', f32x4.fromI32(i32x4.shl(i32x4.const(3), i32.const(2))), [12, 12, 12, 12]],
    ['i32x4.shr', f32x4.fromI32(i32x4.shr(i32x4.const(-8), i32.const(2))), [-2, -2, -2, -2]],
    ['i32x4.shrUnsigned', i32x4.extract(i32x4.shrUnsigned(i32x4.const(-8), i32.const(2)), 3), [2 ** 30 - 2]],
    ['i32x4.eq', f32x4.fromI32(i32x4.eq(i32x4.const(2), i32x4.const(2))), [-1, -1, -1, -1]],
    ['i32x4.lt', f32x4.fromI32(i32x4.lt(i32x4.const(1), i32x4.const(2))), [-1, -1, -1, -1]],
    ['i32x4.gt', f32x4.fromI32(i32x4.gt(i32x4.const(1), i32x4.const(2))), [0, 0, 0, 0]],
    ['i32x4.replace', i32x4.extract(i32x4.replace(i32x4.splat(i32.const(1)), 1, i32.const(9)), 1), [9]],
    ['i32x4.allTrue', i32x4.allTrue(i32x4.const(1)), [1]],
    ['i32x4.truncateF32', f32x4.fromI32(i32x4.truncateF32(f32x4.const(-2.75))), [-2, -2, -2, -2]],
    ['i32x4.truncateF64', f32x4.fromI32(i32x4.truncateF64(f64x2.const(2.75))), [2, 2, 0, 0]],
    ['i64x2.shl', f64x2.extract(i64x2.shl(i64x2.const(1023n), i32.const(52)), 1), [1]],
    ['i64x2.add', f64x2.extract(i64x2.add(f64x2.const(1), i64x2.const(1n << 52n)), 1), [2]],
    ['i64x2.sub', f64x2.extract(i64x2.sub(f64x2.const(1), i64x2.const(1n << 52n)), 1), [0.5]],
    ['i64x2.shr', i32x4.extract(i64x2.shr(i64x2.const(-8n), i32.const(2)), 3), [-1]],
    ['i64x2.shrUnsigned', i32x4.extract(i64x2.shrUnsigned(i64x2.const(-1n), i32.const(33)), 3), [0]],
    ['i64x2.extendI32', i32x4.extract(i64x2.extendI32(i32x4.const(-5)), 3), [-1]],
    ['v128.not', f32x4.fromI32(v128.not(i32x4.const(0))), [-1, -1, -1, -1]],
    ['v128.or', f32x4.fromI32(v128.or(i32x4.const(5), i32x4.const(2))), [7, 7, 7, 7]],
    ['v128.xor', f32x4.fromI32(v128.xor(i32x4.const(5), i32x4.const(6))), [3, 3, 3, 3]],
    ['v128.andNot', f32x4.fromI32(v128.andNot(i32x4.const(7), i32x4.const(2))), [5, 5, 5, 5]],
    ['v128.choose', v128.choose(f32x4.const(1), f32x4.const(2), i32x4.const(-1)), [1, 1, 1, 1]],
    ['v128.anyTrue', v128.anyTrue(i32x4.const(0)), [0]],
  ])('%s', (_name, value, expected) => expect(run(value)).toEqual(expected));

  it('loads of one number, and shuffles', () => {
    floats.set([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(run(v128.loadSplat32(i32.const(4)))).toEqual([2, 2, 2, 2]);
    expect(run(v128.loadFirst32(i32.const(0), 4))).toEqual([2, 0, 0, 0]);
    const words = [0, 4, 1, 5].flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte));
    expect(run(v128.shuffle(x, y, words))).toEqual([1, 5, 2, 6]);
    doubles.set([0.1, 0.2]);
    expect(run(f64x2.extract(v128.loadSplat64(i32.const(8)), 0))).toEqual([0.2]);
    expect(run(f64x2.extract(v128.loadFirst64(i32.const(8)), 1))).toEqual([0]);
    expect(Object.values(elements).map(({ bytes, lanes: count }) => bytes * count)).toEqual([16, 16]);
  });
});
