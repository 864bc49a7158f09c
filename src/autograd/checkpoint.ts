/** @file Gradient checkpointing: the backward pass recomputes part of the computation instead of keeping its intermediates. */
import { fail } from '../tensor/errors.ts';
import { leavesOf, named, namedLeavesOf, type Tree, withLeaves } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';
import type { Tape, Taped } from './tape.ts';
import { vjp } from './vjp.ts';

/**
 * Computes `f(xs)`. A surrounding gradient call keeps only the inputs. Pass every differentiated value in `xs`: throws when `f`
 * closes over a value of the gradient call.
 * @example
 * item(grad((x) => checkpoint((y) => mul(y, y), x), scalar(3))) // 6
 */
export function checkpoint<X extends Tree, Y extends Tree>(f: (xs: X) => Y, xs: X): Y {
  const operands = namedLeavesOf(xs).map(([path, x]) => {
    if (x.kind === 'index')
      fail(`checkpoint: ${named('input', path)} is of kind index; close over it instead of passing it in`);
    return x;
  });
  const innermost = operands.reduce<Executor | null>((on, x) => (on && on.order >= x.on.order ? on : x.on), null);
  if (innermost === null || innermost.order === 0) return f(xs);
  const recording = innermost as Tape;
  if (!recording.open)
    fail('checkpoint: an input belongs to a gradient call that has ended; call it inside the differentiated function');

  const primals = withLeaves(
    xs,
    operands.map((x) => (x.on === recording ? (x as Value<Taped>).data.primal : x)),
  );
  const outputs = checkpoint(f, primals);
  const results = leavesOf(outputs);
  // a closed-over value of this tape, or of a tape inside it, would become a constant in the recomputation and lose its gradient
  if (results.some((y) => y.on.order >= recording.order)) {
    fail('checkpoint: the function closes over a differentiated value; pass every such value in as an input');
  }
  const pullback = (cts: readonly Value[]): Value[] => leavesOf(vjp(f, primals).pullback(withLeaves(outputs, cts)));
  return withLeaves(outputs, recording.call({ results, pullback }, operands));
}
