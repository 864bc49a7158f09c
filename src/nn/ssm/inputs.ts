/** @file Types of inputs and result that the modes of a state space model share, and checks of their shapes. */
import { checkValue } from '../../tensor/apply.ts';
import { fail } from '../../tensor/errors.ts';
import { zerosLike } from '../../tensor/operand.ts';
import { sameShape, show } from '../../tensor/shape.ts';
import { leavesOf, mapTree } from '../../tensor/tree.ts';
import { isValue, type Value } from '../../tensor/value.ts';
import { checkAxes } from '../check.ts';
import type { Complex } from './complex.ts';
import { complexForm, type Form, matrixForm, realForm, type StateValue } from './form.ts';

/**
 * Inputs x [b, t, e] and the discrete model of each channel. Ā is `a` [e, n], or [e, n, n] for matrices; B̄ is `b` [e, n]; C is `c`
 * [e, n]. A complex model has one state of each conjugate pair, and n counts the pairs.
 */
export interface SsmInputs<S extends StateValue> {
  readonly x: Value;
  readonly a: S;
  readonly b: S;
  readonly c: S;
}

/** Outputs [b, t, e] and the state [b, e, n] after the last token. */
export interface SsmResult<S extends StateValue> {
  readonly output: Value;
  readonly state: S;
}

/** A state space model in one mode. All modes compute the same function, in different orders. */
export type Ssm = <S extends StateValue>(inputs: SsmInputs<S>, state: S) => SsmResult<S>;

/** Kind of decay, and lengths of the axes. */
export interface SsmAxes<S extends StateValue> {
  readonly form: Form<S>;
  readonly b: number;
  readonly t: number;
  readonly e: number;
  readonly n: number;
}

/** Returns the kind of decay of Ā or A. Throws on any other shape. */
export function formOf<S extends StateValue>(call: string, what: string, a: S): Form<S> {
  const form = kindOf(call, what, a);
  // the caller's S determines the form
  return form as unknown as Form<S>;
}

function kindOf(call: string, what: string, a: StateValue): Form<Value> | Form<Complex> {
  if (isValue(a)) {
    if (a.shape.length === 2) return realForm;
    const [, n, m] = a.shape;
    if (a.shape.length === 3 && n === m) return matrixForm;
    return fail(`${call}: ${what} has shape ${show(a.shape)}; it is [e, n] for a diagonal, [e, n, n] for a matrix`);
  }
  checkValue(call, `${what}.re`, a?.re);
  checkValue(call, `${what}.im`, a.im);
  checkAxes(call, `${what}.re`, a.re, ['e', 'n']);
  return complexForm;
}

/** Throws unless a value, or both values of a complex pair, have the given shape. */
export function checkStates<S extends StateValue>(
  call: string,
  what: string,
  given: S,
  form: Form<S>,
  axes: string,
  shape: readonly number[],
): void {
  if (isValue(given) === (form.name === 'complex')) {
    fail(`${call}: ${what} is ${isValue(given) ? 'real' : 'complex'}, the decay is not; make both of one kind`);
  }
  mapTree(given, (x, part) => {
    const name = part === '' ? what : `${what}.${part}`;
    if (!sameShape(x.shape, shape)) {
      fail(`${call}: ${name} has shape ${show(x.shape)}; for this decay it is ${axes} = ${show(shape)}`);
    }
    return x;
  });
}

/**
 * Checks inputs and state, and returns the kind of decay and the lengths of the axes. Throws when a shape is wrong, or real and
 * complex are mixed.
 */
export function ssmAxes<S extends StateValue>(call: string, { x, a, b, c }: SsmInputs<S>, state: S): SsmAxes<S> {
  checkAxes(call, 'x', x, ['b', 't', 'e']);
  const form = formOf(call, 'a', a);
  const [batch, t] = x.shape as readonly [number, number, number];
  const [e, n] = leavesOf(a)[0]!.shape as readonly [number, number];
  if (x.shape[2] !== e) fail(`${call}: x has ${x.shape[2]} channels and a has ${e}; give one model per channel`);
  if (form.name === 'complex') checkStates(call, 'a', a, form, '[e, n]', [e, n]);
  checkStates(call, 'b', b, form, '[e, n]', [e, n]);
  checkStates(call, 'c', c, form, '[e, n]', [e, n]);
  checkStates(call, 'the state', state, form, '[b, e, n]', [batch, e, n]);
  return { form, b: batch, t, e, n };
}

/**
 * State before the first token of `batch` sequences: zeros [b, e, n], real or complex like `a`.
 * @example
 * emptySsmState(tensor([[0.5, 0.25]]), 3).shape // [3, 1, 2]
 */
export function emptySsmState<S extends StateValue>(a: S, batch: number): S {
  formOf('emptySsmState', 'a', a);
  return mapTree(a, (x) => zerosLike(x, [batch, x.shape[0]!, x.shape[1]!]));
}
