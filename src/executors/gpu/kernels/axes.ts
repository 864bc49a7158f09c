/** @file Operands with their axes put in another order. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Tracer } from '../fusion/fuser.ts';
import { whole } from '../values/expression.ts';
import type { Expression, Full, Numbers } from '../values/numbers.ts';
import { arranged, joined, refined, without1 } from '../values/views.ts';

/** An axis of a value by its number, or a new one of a length, along which numbers repeat. */
export type NewAxis = number | { readonly length: number };

/** A value's numbers with its axes in another order, or repeated along new ones. */
export function rearranged(tracer: Tracer, numbers: Numbers, shape: Shape, axes: readonly NewAxis[]): Numbers {
  if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers;
  const { node, groups } = tracer.axes({ numbers, shape });
  const all = axes.flatMap((axis): NewAxis[] => (typeof axis === 'number' ? [...groups[axis]!] : [axis]));
  const kept = all.filter((axis) => typeof axis === 'number' || axis.length !== 1);
  return arranged(
    node,
    kept.map((axis) => (typeof axis === 'number' ? axis : null)),
    kept.map((axis) => (typeof axis === 'number' ? node.shape[axis]! : axis.length)),
  );
}

/** A value's expression in which one axis of the value is one axis, `at`; an axis of length 1 is one that stands still. */
export function withAxis(tracer: Tracer, numbers: Full, shape: Shape, axis: number): { node: Expression; at: number } {
  const { node, groups } = tracer.axes({ numbers, shape });
  const group = groups[axis]!;
  const at = groups.slice(0, axis).flat().length;
  if (group.length === 0) {
    const order = node.shape.map((_, i): number | null => i).toSpliced(at, 0, null);
    return { node: arranged(node, order, node.shape.toSpliced(at, 0, 1)), at };
  }
  const one = joined(node, group);
  if (one !== null) return { node: one, at };
  const made = whole(tracer.make(node, sizeOf(shape)));
  return withAxis(tracer, refined(made, without1(shape)), shape, axis);
}
