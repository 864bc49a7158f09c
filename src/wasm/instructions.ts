/** @file Lists the instructions of WebAssembly that kernels use, by the type that they work on, as functions that make expressions. */
import { bytesOf, type Code, type Expression, expression, signed, type Type, unsigned } from './code.ts';

type I32 = Expression<'i32'>;
type V128 = Expression<'v128'>;

/** Instructions with one, two and three operands: the type of the operands, the bytes of the instruction, the type of the result. */
const unary =
  <A extends Type, R extends Type>(_of: A, op: Code, result: R) =>
  (x: Expression<A>): Expression<R> =>
    expression(result, x.code, op);
const binary =
  <A extends Type, R extends Type>(_of: A, op: Code, result: R) =>
  (x: Expression<A>, y: Expression<A>): Expression<R> =>
    expression(result, x.code, y.code, op);
const shift =
  (op: Code) =>
  (x: V128, by: I32): V128 =>
    expression('v128', x.code, by.code, op);
const splat =
  <A extends Type>(_of: A, op: Code) =>
  (x: Expression<A>): V128 =>
    expression('v128', x.code, op);
const extract =
  <R extends Type>(op: Code, result: R) =>
  (x: V128, lane: number): Expression<R> =>
    expression(result, x.code, op, lane);
const replace =
  <A extends Type>(_of: A, op: Code) =>
  (x: V128, lane: number, by: Expression<A>): V128 =>
    expression('v128', x.code, by.code, op, lane);

/** Memory instructions. `offset` is added to the address, in bytes. `align` is the logarithm of the assumed alignment. */
const load =
  <R extends Type>(op: Code, align: number, result: R) =>
  (address: I32, offset = 0): Expression<R> =>
    expression(result, address.code, op, align, unsigned(offset));
const store =
  <A extends Type>(_of: A, op: Code, align: number) =>
  (address: I32, value: Expression<A>, offset = 0): Code => [address.code, value.code, op, align, unsigned(offset)];

/** The bytes of an instruction on memory that threads share. */
const shared = (op: number): number[] => [0xfe, op];

/** The bytes of a vector instruction. */
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];

const oneVector = (op: number) => unary('v128', simd(op), 'v128');
const twoVectors = (op: number) => binary('v128', simd(op), 'v128');

const comparisons = <A extends 'f32' | 'f64'>(type: A, first: number) => {
  const at = (i: number) => binary(type, [first + i], 'i32');
  return { eq: at(0), ne: at(1), lt: at(2), gt: at(3), le: at(4), ge: at(5) };
};
const compareLanes = (first: number) => {
  const at = (i: number) => twoVectors(first + i);
  return { eq: at(0), ne: at(1), lt: at(2), gt: at(3), le: at(4), ge: at(5) };
};

export const i32 = {
  const: (n: number): I32 => expression('i32', 0x41, signed(n | 0)),
  load: load([0x28], 2, 'i32'),
  store: store('i32', [0x36], 2),
  eqz: unary('i32', [0x45], 'i32'),
  eq: binary('i32', [0x46], 'i32'),
  ne: binary('i32', [0x47], 'i32'),
  lt: binary('i32', [0x48], 'i32'),
  ltUnsigned: binary('i32', [0x49], 'i32'),
  gt: binary('i32', [0x4a], 'i32'),
  le: binary('i32', [0x4c], 'i32'),
  ge: binary('i32', [0x4e], 'i32'),
  add: binary('i32', [0x6a], 'i32'),
  sub: binary('i32', [0x6b], 'i32'),
  mul: binary('i32', [0x6c], 'i32'),
  div: binary('i32', [0x6d], 'i32'),
  divUnsigned: binary('i32', [0x6e], 'i32'),
  rem: binary('i32', [0x6f], 'i32'),
  remUnsigned: binary('i32', [0x70], 'i32'),
  and: binary('i32', [0x71], 'i32'),
  or: binary('i32', [0x72], 'i32'),
  xor: binary('i32', [0x73], 'i32'),
  shl: binary('i32', [0x74], 'i32'),
  shr: binary('i32', [0x75], 'i32'),
  shrUnsigned: binary('i32', [0x76], 'i32'),
  /** Rounds towards 0. NaN gives 0, numbers out of range the nearest integer. */
  truncateF32: unary('f32', [0xfc, 0], 'i32'),
  truncateF64: unary('f64', [0xfc, 2], 'i32'),
  reinterpretF32: unary('f32', [0xbc], 'i32'),
};

export const i64 = {
  const: (n: bigint): Expression<'i64'> => expression('i64', 0x42, signed(n)),
};

/** Instructions on integers in memory that threads share, each in one piece. */
export const atomic = {
  load: load(shared(0x10), 2, 'i32'),
  store: store('i32', shared(0x17), 2),
  /** Adds to an integer, and is what it was before. */
  add: (address: I32, by: I32): I32 => expression('i32', address.code, by.code, shared(0x1e), 2, 0),
  /** Writes `next` if the integer is `expected`. Is what it was before. */
  compareExchange: (address: I32, expected: I32, next: I32): I32 =>
    expression('i32', address.code, expected.code, next.code, shared(0x48), 2, 0),
  /** Sleeps while the integer is `expected`, until a thread notifies it. Is 1 if it was another one. */
  wait: (address: I32, expected: I32): I32 =>
    expression('i32', address.code, expected.code, i64.const(-1n).code, shared(0x01), 2, 0),
  /** Wakes all threads that wait at the address. Is their number. */
  notify: (address: I32): I32 => expression('i32', address.code, i32.const(-1).code, shared(0x00), 2, 0),
};

export const f32 = {
  const: (x: number): Expression<'f32'> => expression('f32', 0x43, bytesOf(Float32Array.of(x))),
  load: load([0x2a], 2, 'f32'),
  store: store('f32', [0x38], 2),
  ...comparisons('f32', 0x5b),
  abs: unary('f32', [0x8b], 'f32'),
  neg: unary('f32', [0x8c], 'f32'),
  ceil: unary('f32', [0x8d], 'f32'),
  floor: unary('f32', [0x8e], 'f32'),
  trunc: unary('f32', [0x8f], 'f32'),
  nearest: unary('f32', [0x90], 'f32'),
  sqrt: unary('f32', [0x91], 'f32'),
  add: binary('f32', [0x92], 'f32'),
  sub: binary('f32', [0x93], 'f32'),
  mul: binary('f32', [0x94], 'f32'),
  div: binary('f32', [0x95], 'f32'),
  min: binary('f32', [0x96], 'f32'),
  max: binary('f32', [0x97], 'f32'),
  copysign: binary('f32', [0x98], 'f32'),
  fromI32: unary('i32', [0xb2], 'f32'),
  fromF64: unary('f64', [0xb6], 'f32'),
  reinterpretI32: unary('i32', [0xbe], 'f32'),
};

export const f64 = {
  const: (x: number): Expression<'f64'> => expression('f64', 0x44, bytesOf(Float64Array.of(x))),
  load: load([0x2b], 3, 'f64'),
  store: store('f64', [0x39], 3),
  ...comparisons('f64', 0x61),
  abs: unary('f64', [0x99], 'f64'),
  neg: unary('f64', [0x9a], 'f64'),
  ceil: unary('f64', [0x9b], 'f64'),
  floor: unary('f64', [0x9c], 'f64'),
  trunc: unary('f64', [0x9d], 'f64'),
  nearest: unary('f64', [0x9e], 'f64'),
  sqrt: unary('f64', [0x9f], 'f64'),
  add: binary('f64', [0xa0], 'f64'),
  sub: binary('f64', [0xa1], 'f64'),
  mul: binary('f64', [0xa2], 'f64'),
  div: binary('f64', [0xa3], 'f64'),
  min: binary('f64', [0xa4], 'f64'),
  max: binary('f64', [0xa5], 'f64'),
  copysign: binary('f64', [0xa6], 'f64'),
  fromI32: unary('i32', [0xb7], 'f64'),
  fromF32: unary('f32', [0xbb], 'f64'),
};

export const v128 = {
  load: load(simd(0), 2, 'v128'),
  store: store('v128', simd(0x0b), 2),
  /** Loads one number into every lane. */
  loadSplat32: load(simd(0x09), 2, 'v128'),
  loadSplat64: load(simd(0x0a), 3, 'v128'),
  /** Loads one number into the first lane; the others are 0. */
  loadFirst32: load(simd(0x5c), 2, 'v128'),
  loadFirst64: load(simd(0x5d), 3, 'v128'),
  /** Bytes of x (0 to 15) and of y (16 to 31), chosen by position. */
  shuffle: (x: V128, y: V128, bytes: readonly number[]): V128 => expression('v128', x.code, y.code, simd(0x0d), bytes),
  not: oneVector(0x4d),
  and: twoVectors(0x4e),
  /** x and not y. */
  andNot: twoVectors(0x4f),
  or: twoVectors(0x50),
  xor: twoVectors(0x51),
  /** Bits of x where the mask has ones, else those of y. */
  choose: (x: V128, y: V128, mask: V128): V128 => expression('v128', x.code, y.code, mask.code, simd(0x52)),
  anyTrue: unary('v128', simd(0x53), 'i32'),
};

export const i32x4 = {
  const: (n: number): V128 => expression('v128', simd(0x0c), bytesOf(new Int32Array(4).fill(n))),
  splat: splat('i32', simd(0x11)),
  extract: extract(simd(0x1b), 'i32'),
  replace: replace('i32', simd(0x1c)),
  eq: twoVectors(0x37),
  lt: twoVectors(0x39),
  gt: twoVectors(0x3b),
  allTrue: unary('v128', simd(0xa3), 'i32'),
  shl: shift(simd(0xab)),
  shr: shift(simd(0xac)),
  shrUnsigned: shift(simd(0xad)),
  add: twoVectors(0xae),
  sub: twoVectors(0xb1),
  mul: twoVectors(0xb5),
  min: twoVectors(0xb6),
  max: twoVectors(0xb8),
  /** Rounds towards 0. NaN gives 0, numbers out of range the nearest integer. */
  truncateF32: oneVector(0xf8),
  /** The same for 2 f64; the upper lanes are 0. */
  truncateF64: oneVector(0xfc),
};

export const i64x2 = {
  const: (n: bigint): V128 => expression('v128', simd(0x0c), bytesOf(new BigInt64Array(2).fill(n))),
  shl: shift(simd(0xcb)),
  shr: shift(simd(0xcc)),
  shrUnsigned: shift(simd(0xcd)),
  add: twoVectors(0xce),
  sub: twoVectors(0xd1),
  /** Extends the lower 2 of 4 i32, with their signs. */
  extendI32: oneVector(0xc7),
};

export const f32x4 = {
  const: (x: number): V128 => expression('v128', simd(0x0c), bytesOf(new Float32Array(4).fill(x))),
  splat: splat('f32', simd(0x13)),
  extract: extract(simd(0x1f), 'f32'),
  replace: replace('f32', simd(0x20)),
  ...compareLanes(0x41),
  ceil: oneVector(0x67),
  floor: oneVector(0x68),
  trunc: oneVector(0x69),
  nearest: oneVector(0x6a),
  abs: oneVector(0xe0),
  neg: oneVector(0xe1),
  sqrt: oneVector(0xe3),
  add: twoVectors(0xe4),
  sub: twoVectors(0xe5),
  mul: twoVectors(0xe6),
  div: twoVectors(0xe7),
  min: twoVectors(0xe8),
  max: twoVectors(0xe9),
  fromI32: oneVector(0xfa),
};

export const f64x2 = {
  const: (x: number): V128 => expression('v128', simd(0x0c), bytesOf(new Float64Array(2).fill(x))),
  splat: splat('f64', simd(0x14)),
  extract: extract(simd(0x21), 'f64'),
  replace: replace('f64', simd(0x22)),
  ...compareLanes(0x47),
  ceil: oneVector(0x74),
  floor: oneVector(0x75),
  trunc: oneVector(0x7a),
  nearest: oneVector(0x94),
  abs: oneVector(0xec),
  neg: oneVector(0xed),
  sqrt: oneVector(0xef),
  add: twoVectors(0xf0),
  sub: twoVectors(0xf1),
  mul: twoVectors(0xf2),
  div: twoVectors(0xf3),
  min: twoVectors(0xf4),
  max: twoVectors(0xf5),
  fromI32: oneVector(0xfe),
};

/** A type of real numbers. */
export type Real = 'f32' | 'f64';
type Number = Expression<Real>;

/** The instructions of one type of elements, alone (`scalar`) and in lanes (`vector`): kernels are written once, for f32 and f64. */
export interface Elements {
  readonly type: Real;
  readonly bytes: number;
  readonly lanes: number;
  readonly loadSplat: typeof v128.loadSplat64;
  readonly vector: Vectors;
  readonly scalar: Scalars;
}

/** Scalar instructions that f32 and f64 have. Operands are of the one type. */
interface Scalars {
  const(x: number): Number;
  load(address: I32, offset?: number): Number;
  store(address: I32, value: Number, offset?: number): Code;
  fromI32(n: I32): Number;
  abs(x: Number): Number;
  neg(x: Number): Number;
  ceil(x: Number): Number;
  floor(x: Number): Number;
  trunc(x: Number): Number;
  nearest(x: Number): Number;
  sqrt(x: Number): Number;
  add(x: Number, y: Number): Number;
  sub(x: Number, y: Number): Number;
  mul(x: Number, y: Number): Number;
  div(x: Number, y: Number): Number;
  min(x: Number, y: Number): Number;
  max(x: Number, y: Number): Number;
  copysign(x: Number, y: Number): Number;
  eq(x: Number, y: Number): I32;
  ne(x: Number, y: Number): I32;
  lt(x: Number, y: Number): I32;
  gt(x: Number, y: Number): I32;
  le(x: Number, y: Number): I32;
  ge(x: Number, y: Number): I32;
}

/** Vector instructions that f32 and f64 have. */
interface Vectors extends Omit<typeof f64x2, 'splat' | 'extract' | 'replace'> {
  splat(x: Number): V128;
  extract(x: V128, lane: number): Number;
  replace(x: V128, lane: number, by: Number): V128;
}

export const elements: Readonly<Record<Real, Elements>> = {
  f32: { type: 'f32', bytes: 4, lanes: 4, scalar: f32, vector: f32x4, loadSplat: v128.loadSplat32 },
  f64: { type: 'f64', bytes: 8, lanes: 2, scalar: f64, vector: f64x2, loadSplat: v128.loadSplat64 },
};
