/** @file Gives a function a backward pass of its own, instead of the one that the tape derives from its primitives. */
import { fail } from '../tensor/errors.ts';
import { sameShape, show } from '../tensor/shape.ts';
import { leavesOf, named, namedLeavesOf, type Tree, withLeaves } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';
import type { Tape, Taped } from './tape.ts';

/** A function and its backward pass. */
export interface WithPullback<X extends Tree, Y extends Tree> {
  /** The name of the call in errors. */
  readonly call: string;
  readonly f: (xs: X) => Y;
  /** Computes the cotangents of `xs`, in the order of its fields, from those of `ys = f(xs)`. It is differentiable itself. */
  readonly pullback: (xs: X, ys: Y, cts: Y) => X;
}

/**
 * Returns `f` with a backward pass of its own (a custom VJP): `backward` gets inputs, results and cotangents of the results, and returns
 * those of the inputs, a tree of the same structure and shapes: throws on another. Gradients of higher order differentiate `backward`. Inputs
 * are real values: throws on index values, when `f` closes over a value of the gradient call, and at once on what is no function.
 * @example
 * const gentle = withGradient((x) => x, (_x, _y, ct) => minimum(ct, 1));
 * item(grad((x) => scale(gentle(x), 3), scalar(2))) // 1
 */
export function withGradient<X extends Tree, Y extends Tree>(
  f: (xs: X) => Y,
  backward: (xs: X, ys: Y, cts: Y) => X,
): (xs: X) => Y {
  for (const [name, given] of Object.entries({ f, backward }))
    if (typeof given !== 'function')
      fail(`withGradient: ${name} is ${String(given)}, not a function; write withGradient(f, backward)`);
  const pullback = (...asked: [xs: X, ys: Y, cts: Y]): X => besideInputs(asked[0], backward(...asked));
  return (xs) => withPullback({ call: 'withGradient', f, pullback }, xs);
}

/** The cotangents of inputs. Throws unless there is a real one for each, of its shape. */
function besideInputs<X extends Tree>(xs: X, cotangents: X): X {
  const found = new Map(namedLeavesOf(cotangents));
  const inputs = namedLeavesOf(xs);
  for (const [path, { shape }] of inputs) {
    const own = found.get(path);
    if (own === undefined)
      fail(`withGradient: backward returns no cotangent for ${named('input', path)}; give one for each`);
    if (own.kind !== 'real')
      fail(`withGradient: the cotangent for ${named('input', path)} is of kind ${own.kind}; return real values`);
    if (!sameShape(own.shape, shape))
      fail(
        `withGradient: the cotangent for ${named('input', path)} has shape ${show(own.shape)}, not ${show(shape)}; they must agree`,
      );
  }
  const odd = [...found.keys()].find((path) => !inputs.some(([name]) => name === path));
  if (odd !== undefined) fail(`withGradient: backward returns ${named('cotangent', odd)} for no such input`);
  return cotangents;
}

/**
 * Computes `f(xs)`. A surrounding gradient call runs `pullback` for the backward pass, and keeps only the inputs and results. Pass
 * every differentiated value in `xs`: throws when `f` closes over a value of the gradient call.
 * @example
 * const twice = { call: 'twice', f: (x) => scale(x, 2), pullback: (_x, _y, ct) => scale(ct, 3) };
 * item(grad((x) => withPullback(twice, x), scalar(1))) // 3
 */
export function withPullback<X extends Tree, Y extends Tree>({ call, f, pullback }: WithPullback<X, Y>, xs: X): Y {
  const operands = namedLeavesOf(xs).map(([path, x]) => {
    if (x.kind === 'index')
      fail(`${call}: ${named('input', path)} is of kind index; close over it instead of passing it in`);
    return x;
  });
  const innermost = operands.reduce<Executor | null>((on, x) => (on && on.order >= x.on.order ? on : x.on), null);
  if (innermost === null || innermost.order === 0) return f(xs);
  const recording = innermost as Tape;
  if (!recording.open)
    fail(`${call}: an input belongs to a gradient call that has ended; call it inside the differentiated function`);

  const primals = withLeaves(
    xs,
    operands.map((x) => (x.on === recording ? (x as Value<Taped>).data.primal : x)),
  );
  const outputs = withPullback({ call, f, pullback }, primals);
  const results = leavesOf(outputs);
  // a closed-over value of this tape, or of a tape inside it, would be a constant in the backward pass and lose its gradient
  if (results.some((y) => y.on.order >= recording.order)) {
    fail(`${call}: the function closes over a differentiated value; pass every such value in as an input`);
  }
  const back = (cts: readonly Value[]): Value[] => leavesOf(pullback(primals, outputs, withLeaves(outputs, cts)));
  return withLeaves(outputs, recording.call({ results, pullback: back }, operands));
}
