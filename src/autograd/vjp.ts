/** @file Reverse-mode differentiation of functions of trees of values: vjp, grad, jvp. It mutates nothing. */
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { filledLike, zerosLike } from '../tensor/operand.ts';
import { sameShape, show, sizeOf } from '../tensor/shape.ts';
import { leavesOf, mapTree, named, namedLeavesOf, type Tree, withLeaves } from '../tensor/tree.ts';
import { isValue, type Value } from '../tensor/value.ts';
import { type Taped, tape } from './tape.ts';

/** Result of a function, and the map from its cotangents to those of its inputs. */
export interface Vjp<X extends Tree, Y extends Tree> {
  readonly value: Y;
  /** Computes `Jᵀ ct`. It can be called any number of times. */
  readonly pullback: (ct: Y) => X;
}

/**
 * Returns the result of `f` at `xs` and its vector-Jacobian product. `f` may close over other values, also those of outer gradient
 * calls, so gradients nest to any order. Throws when `xs` has an index value or values of unrelated executors.
 * @example
 * const { pullback } = vjp((x) => mul(x, x), tensor([1, 2]));
 * read(pullback(tensor([1, 10]))) // [2, 40]
 */
export function vjp<X extends Tree, Y extends Tree>(f: (xs: X) => Y, xs: X): Vjp<X, Y> {
  if (typeof f !== 'function')
    fail(`vjp: ${described(f)} comes first, not a function of the inputs; write grad((x) => …, x)`);
  const primals = leavesOf(xs);
  if (primals.length === 0) fail('vjp: the inputs hold no values; there is nothing to differentiate with respect to');
  const recording = tape(primals[0]!.on.root);
  const inputs = mapTree(xs, (x, path) => {
    if (x.kind === 'index') {
      fail(`vjp: ${named('input', path)} is of kind index; close over it instead of differentiating it`);
    }
    if (x.on.root !== recording.root) {
      fail(
        `vjp: ${named('input', path)} lives on ${x.on.name}, the first on ${primals[0]!.on.name}; move one with input(executor, read(x), x.shape)`,
      );
    }
    return recording.watch(x);
  });
  let outputs: Y;
  try {
    outputs = f(inputs);
  } finally {
    recording.end();
  }
  if (typeof (outputs as { readonly then?: unknown } | undefined)?.then === 'function')
    fail('vjp: the function is async, and its result a promise; compute it without await, and read numbers outside');
  const value = mapTree(outputs, (y, path) => {
    if (y.on === recording) return (y as Value<Taped>).data.primal;
    // a value of an inner call would be a constant here and lose its gradient
    if (!y.on.open) {
      fail(
        `vjp: ${named('result', path)} belongs to an inner gradient call that has ended; return it from that call instead of keeping it`,
      );
    }
    return y;
  });
  const results = leavesOf(outputs);
  const watched = leavesOf(inputs);
  return {
    value,
    pullback(ct) {
      const seeds = beside(value, ct, 'pullback', 'cotangent', 'result');
      const cotangents = recording.backward(
        seeds.map((seed, i) => [results[i]!, seed]),
        watched,
      );
      return withLeaves(
        xs,
        cotangents.map((cotangent, i) => cotangent ?? zerosLike(primals[i]!)),
      );
    },
  };
}

/** Returns the values of `given` in the order of `tree`. Throws unless both have the same places, shapes and executors. */
function beside(tree: Tree, given: Tree, call: string, what: string, like: string): Value[] {
  const byPath = new Map(namedLeavesOf(given));
  const found = namedLeavesOf(tree).map(([path, { shape, on }]) => {
    const x = byPath.get(path);
    if (x === undefined) return fail(`${call}: there is no ${what} for ${named(like, path)}; give one for each`);
    byPath.delete(path);
    const place = `${call}: the ${what} for ${named(like, path)}`;
    if (!sameShape(x.shape, shape)) fail(`${place} has shape ${show(x.shape)}, not ${show(shape)}; they must agree`);
    if (x.on.root !== on.root) {
      fail(`${place} lives on ${x.on.name}, not ${on.root.name}; move it with input(executor, read(x), x.shape)`);
    }
    return x;
  });
  for (const path of byPath.keys()) fail(`${call}: there is no ${named(like, path)} for a ${what}; give one for each`);
  return found;
}

/**
 * Returns the value and the gradient of a scalar function. Throws when the result has more than one element.
 * @example
 * read(valueAndGrad((x) => sum(mul(x, x)), tensor([1, 2])).gradient) // [2, 4]
 */
export function valueAndGrad<X extends Tree>(f: (xs: X) => Value, xs: X): { value: Value; gradient: X } {
  const { value, pullback } = vjp(f, xs);
  if (!isValue(value))
    fail('grad: the result is no value; grad needs one number, so return sum(…), or use vjp with a cotangent');
  if (sizeOf(value.shape) !== 1) {
    fail(`grad: the result has shape ${show(value.shape)}; grad needs one number: sum it, or use vjp with a cotangent`);
  }
  return { value, gradient: pullback(filledLike(value, 1, value.shape)) };
}

/**
 * Returns the gradient of a scalar function with respect to every value of `xs`.
 * @example
 * read(grad((x) => sum(mul(x, x)), tensor([1, 2]))) // [2, 4]
 */
export const grad = <X extends Tree>(f: (xs: X) => Value, xs: X): X => valueAndGrad(f, xs).gradient;

/**
 * Computes the directional derivative `J dx`: `pushforward` for one direction.
 * @example
 * read(jvp((x) => mul(x, x), tensor([1, 2]), tensor([1, 1]))) // [2, 4]
 */
export const jvp = <X extends Tree, Y extends Tree>(f: (xs: X) => Y, xs: X, dx: X): Y => pushforward(f, xs)(dx);

/**
 * Returns the map `dx ↦ J dx` at `xs`, for any number of directions: `f` runs once. The pullback is linear in its cotangent, so the
 * pullback of the pullback is J (double reverse).
 */
export function pushforward<X extends Tree, Y extends Tree>(f: (xs: X) => Y, xs: X): (dx: X) => Y {
  const { value, pullback } = vjp(f, xs);
  const zero = mapTree(value, (y) => zerosLike(y));
  const twice = vjp(pullback, zero);
  return (dx) => twice.pullback(withLeaves(xs, beside(xs, dx, 'jvp', 'direction', 'input')));
}
