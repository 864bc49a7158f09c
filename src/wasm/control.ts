/** @file Makes statements: conditions, loops and calls. */
import type { Callee, Code, Expression, Local, Type } from './code.ts';
import { i32 } from './instructions.ts';

const noResult = 0x40;

/** Runs `then` if the condition is not 0, else `otherwise`. */
export const when = (condition: Expression<'i32'>, then: Code, otherwise: Code = []): Code => [
  condition.code,
  [0x04, noResult],
  then,
  otherwise.length === 0 ? [] : [0x05, otherwise],
  0x0b,
];

/** Repeats the body while the condition is not 0, which it checks before each round. */
export const loopWhile = (condition: Expression<'i32'>, body: Code): Code => [
  [0x02, noResult, 0x03, noResult],
  i32.eqz(condition).code,
  [0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

/** Repeats the body at least once, and then while the condition is not 0: faster than `loopWhile`, for innermost loops. */
export const repeatWhile = (body: Code, condition: Expression<'i32'>): Code => [
  [0x03, noResult],
  body,
  condition.code,
  [0x0d, 0, 0x0b],
];

/** Runs the body for i = from, from + step, … below `end`. */
export const loop = (
  i: Local<'i32'>,
  from: Expression<'i32'>,
  end: Expression<'i32'>,
  step: number | Expression<'i32'>,
  body: Code,
): Code => [
  i.set(from),
  when(
    i32.lt(i, end),
    repeatWhile([body, i.set(i32.add(i, typeof step === 'number' ? i32.const(step) : step))], i32.lt(i, end)),
  ),
];

/** The number x if the condition is not 0, else y. Both are computed. */
export const select = <T extends Type>(
  condition: Expression<'i32'>,
  x: Expression<T>,
  y: Expression<T>,
): Expression<T> => ({
  type: x.type,
  code: [x.code, y.code, condition.code, x.type === 'v128' ? [0x1c, 1, 0x7b] : 0x1b],
});

/** Calls a function that has no result. */
export const call = (callee: Callee<null>, ...args: readonly Expression[]): Code => [
  args.map(({ code }) => code),
  0x10,
  callee,
];

/** Computes an expression for its effect. */
export const discard = (x: Expression): Code => [x.code, 0x1a];

/** The result of a function. */
export const resultOf = <T extends Type>(callee: Callee<T>, ...args: readonly Expression[]): Expression<T> => ({
  type: callee.result,
  code: [args.map(({ code }) => code), 0x10, callee],
});

/** Sets `count` bytes of memory to 0. */
export const clear = (address: Expression<'i32'>, count: Expression<'i32'>): Code => [
  address.code,
  i32.const(0).code,
  count.code,
  [0xfc, 0x0b, 0],
];

/** Copies `count` bytes of memory, which may overlap. */
export const copy = (to: Expression<'i32'>, from: Expression<'i32'>, count: Expression<'i32'>): Code => [
  to.code,
  from.code,
  count.code,
  [0xfc, 0x0a, 0, 0],
];
