/** @file Elementwise expressions over arrays that no kernel has computed yet: what a value is until something needs its numbers. */
import { type Shape, sizeOf, stridesOf } from '../../tensor/shape.ts';
import type { Fill, Resident } from './numbers.ts';

/** Statements that declare `result` as a function of names or literals. */
export type Statements = (args: readonly string[], result: string) => string;

/** A linear form of a position: `start + Σ_a p_a steps_a`, an offset in an array or a coordinate. */
export interface Form {
  readonly start: number;
  readonly steps: readonly number[];
}

/** An array seen through strides. */
export interface Read {
  readonly is: 'read';
  readonly shape: Shape;
  readonly array: Resident;
  readonly form: Form;
}

/** A function of expressions of the same shape, number by number. */
export interface Apply {
  readonly is: 'apply';
  readonly shape: Shape;
  readonly text: Statements;
  readonly args: readonly Node[];
  /** What it takes beyond its arguments; a read is 1. */
  readonly work: number;
  readonly cost: Cost;
  readonly fate: Fate;
}

/** `inside` where `0 ≤ coordinate < length`, else `outside`: a pad or a concat. */
export interface Within {
  readonly is: 'within';
  readonly shape: Shape;
  readonly coordinate: Form;
  readonly length: number;
  readonly inside: Node;
  readonly outside: Node;
  readonly cost: Cost;
  readonly fate: Fate;
}

/** Shapes of expressions have no axes of length 1; what they are to the value's shape is a matter of its user. */
export type Expression = Read | Apply | Within;

/** An expression, or one number everywhere. */
export type Node = Expression | Fill;

/** What evaluating an expression once at each position takes. */
export interface Cost {
  readonly arrays: ReadonlySet<Resident>;
  /** Reads and operations; what is used twice counts twice. */
  readonly size: number;
}

/** What has become of an expression: the kernels that evaluate it, and the array of its numbers once one has written it. */
export interface Fate {
  kernels: number;
  made: Resident | null;
}

const noArrays: ReadonlySet<Resident> = new Set();

/** What an expression costs. */
export function costOf(node: Node): Cost {
  if (node.is === 'fill') return { arrays: noArrays, size: 0 };
  if (node.is === 'read') return { arrays: new Set([node.array]), size: 1 };
  return node.fate.made === null ? node.cost : { arrays: new Set([node.fate.made]), size: 1 };
}

/** What several expressions cost in one kernel, and the work of joining them. */
export function costTogether(nodes: readonly Node[], work: number): Cost {
  const costs = nodes.map(costOf);
  return {
    arrays: new Set(costs.flatMap(({ arrays }) => [...arrays])),
    size: costs.reduce((sum, { size }) => sum + size, work),
  };
}

/** A function applied number by number to nodes of one shape. `work` is what that takes, where a read is 1. */
export const applied = (text: Statements, args: readonly Node[], shape: Shape, work: number): Apply => ({
  is: 'apply',
  shape,
  text,
  args,
  work,
  cost: costTogether(args, work),
  fate: { kernels: 0, made: null },
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
  fate: { kernels: 0, made: null },
});

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
  if (node.is !== 'read') return node.fate.made;
  const { array, form, shape } = node;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (form.steps[axis] !== step) return null;
    step *= shape[axis]!;
  }
  return form.start === 0 && sizeOf(shape) === array.size ? array : null;
}
