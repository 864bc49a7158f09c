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
  readonly origin: Origin | null;
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
  readonly origin: Origin | null;
}

/** Shapes of expressions have no axes of length 1; what they are to the value's shape is a matter of its user. */
export type Expression = Read | Apply | Within;

/** An expression, or one number everywhere. */
export type Node = Expression | Fill;

/** Where an expression comes from that is another one seen in another order, or repeated: they have one fate. */
export interface Origin {
  readonly node: Apply | Within;
  /** What becomes of a form of a position in `node`. */
  form(of: Form): Form;
}

/** What evaluating an expression once at each position takes. */
export interface Cost {
  readonly arrays: ReadonlySet<Resident>;
  /** Reads and operations; what is used twice counts twice. */
  readonly size: number;
  /** Operations only. */
  readonly work: number;
}

/** What has become of an expression and its views. */
export interface Fate {
  /** Its number among those of a trace that are made of others; -1 for what is not counted. */
  index: number;
  /** Stands for the array that is to be made as soon as a kernel uses it; null where that is not foreseen. */
  planned: Resident | null;
  /** Kernels that evaluate it. */
  kernels: number;
  /** The array of its numbers, in the order of the expression that is no view, once a kernel has written it. */
  made: Resident | null;
}

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
