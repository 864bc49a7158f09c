/** @file What functions of values ask of their arguments before they compute. */
import { checkValue, told } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { show } from '../tensor/shape.ts';
import type { Value } from '../tensor/value.ts';

/** Throws unless something is a value with as many axes as are named. */
export function checkAxes(call: string, what: string, x: Value, axes: readonly string[]): void {
  checkValue(call, what, x);
  if (x.shape.length !== axes.length) {
    fail(`${call}: ${what} has shape ${show(x.shape)}; it is [${axes.join(', ')}], so reshape it`);
  }
}

/** Throws unless a position counts tokens. */
export function checkPosition(call: string, position: number): void {
  if (!Number.isInteger(position) || position < 0) {
    fail(`${call}: the position is ${told(position)}; it counts the tokens before, an integer ≥ 0`);
  }
}
