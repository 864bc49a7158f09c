/** @file Permutes, broadcasts and isolates axes of operands. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { whole } from '../values/expression.ts';
import type { Expression, Full, Numbers } from '../values/numbers.ts';
import { arranged, joined, refined, without1 } from '../values/views.ts';

/** An axis of a value, by number, or a new axis of broadcasting, by length. */
export type NewAxis = number | { readonly length: number };

/** Permutes the axes of a value, and broadcasts it along new axes. */
export function rearranged(fuser: Fuser, numbers: Numbers, shape: Shape, axes: readonly NewAxis[]): Numbers {
  if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers;
  const { node, groups } = fuser.axes({ numbers, shape });
  const all = axes.flatMap((axis): NewAxis[] => (typeof axis === 'number' ? [...groups[axis]!] : [axis]));
  const axesLeft = all.filter((axis) => typeof axis === 'number' || axis.length !== 1);
  return arranged(
    node,
    axesLeft.map((axis) => (typeof axis === 'number' ? axis : null)),
    axesLeft.map((axis) => (typeof axis === 'number' ? node.shape[axis]! : axis.length)),
  );
}

/** Returns an expression in which the given axis of the value is exactly one axis, number `at`. */
export function withAxis(fuser: Fuser, numbers: Full, shape: Shape, axis: number): { node: Expression; at: number } {
  const { node, groups } = fuser.axes({ numbers, shape });
  const group = groups[axis]!;
  const at = groups.slice(0, axis).flat().length;
  if (group.length === 0) {
    const order = node.shape.map((_, i): number | null => i).toSpliced(at, 0, null);
    return { node: arranged(node, order, node.shape.toSpliced(at, 0, 1)), at };
  }
  const one = joined(node, group);
  if (one !== null) return { node: one, at };
  const materialised = whole(fuser.materialise(node, sizeOf(shape)));
  return withAxis(fuser, refined(materialised, without1(shape)), shape, axis);
}
