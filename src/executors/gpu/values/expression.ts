/** @file Elementwise expressions over arrays that no kernel has computed yet: what a value is until something needs its numbers. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type { Apply, Cost, Expression, Fate, Form, Node, Read, Resident, Statements, Within } from './numbers.ts';

const noArrays: ReadonlySet<Resident> = new Set();

/** What an expression costs. */
export function costOf(node: Node): Cost {
  if (node.is === 'fill') return { arrays: noArrays, size: 0, work: 0 };
  const array = readOf(node)?.array ?? (node as Apply | Within).fate.planned;
  return array === null ? (node as Apply | Within).cost : { arrays: new Set([array]), size: 1, work: 0 };
}

/** What several expressions cost in one kernel, and the work of joining them. */
export function costTogether(nodes: readonly Node[], work: number): Cost {
  const costs = nodes.map(costOf);
  return {
    arrays: new Set(costs.flatMap(({ arrays }) => [...arrays])),
    size: costs.reduce((sum, { size }) => sum + size, work),
    work: costs.reduce((sum, cost) => sum + cost.work, work),
  };
}

const unknownFate = (): Fate => ({ index: -1, planned: null, kernels: 0, made: null });

/** A function applied number by number to nodes of one shape. `work` is what that takes, where a read is 1. */
export const applied = (text: Statements, args: readonly Node[], shape: Shape, work: number): Apply => ({
  is: 'apply',
  shape,
  text,
  args,
  work,
  cost: costTogether(args, work),
  fate: unknownFate(),
  origin: null,
});

/** `inside` where a coordinate lies in `[0, length)`, else `outside`. */
export const within = (coordinate: Form, length: number, inside: Node, outside: Node, shape: Shape): Within => ({
  is: 'within',
  shape,
  coordinate,
  length,
  inside,
  outside,
  cost: costTogether([inside, outside], 1),
  fate: unknownFate(),
  origin: null,
});

/** The expression that is computed when the numbers of this one are. */
export const originOf = (node: Apply | Within): Apply | Within => node.origin?.node ?? node;

/** The array that a node reads, and where; null where it has to be computed. */
export function readOf(node: Node): Read | null {
  if (node.is === 'fill') return null;
  if (node.is === 'read') return node;
  return node.fate.made === null ? null : seenIn(node.fate.made, node);
}

/** An expression as a part of the array of its origin's numbers. */
export function seenIn(array: Resident, node: Apply | Within): Read {
  const own = dense(array, originOf(node).shape).form;
  return { is: 'read', shape: node.shape, array, form: node.origin === null ? own : node.origin.form(own) };
}

/** Whether a form goes through a shape row-major from the beginning. */
export function isRowMajor({ start, steps }: Form, shape: Shape): boolean {
  const strides = stridesOf(shape);
  return start === 0 && steps.every((step, axis) => step === strides[axis]);
}

/** The whole of an array, as one axis. */
export const whole = (array: Resident): Read => dense(array, array.size === 1 ? [] : [array.size]);

/** The whole of an array, row-major. */
export const dense = (array: Resident, shape: Shape): Read => ({
  is: 'read',
  shape,
  array,
  form: { start: 0, steps: stridesOf(shape) },
});

/** The array that holds an expression's numbers row-major, if there is one already. */
export function madeOf(node: Expression): Resident | null {
  const read = readOf(node);
  if (read === null) return null;
  return isRowMajor(read.form, read.shape) && sizeOf(read.shape) === read.array.size ? read.array : null;
}
