/** @file Builds lazy elementwise expressions, computes their costs, and reads materialised ones. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import type {
  Apply,
  Cost,
  Expression,
  Form,
  Materialisation,
  Node,
  Place,
  Read,
  Resident,
  Statements,
  Within,
} from './numbers.ts';
import { workOf } from './work.ts';

const noArrays: ReadonlySet<Resident> = new Set();

/** Cost of an expression. If it is or will be materialised, this is the cost of one read. */
export function costOf(node: Node): Cost {
  if (node.is === 'fill') return { arrays: noArrays, size: 0, work: 0 };
  const array = readOf(node)?.array ?? (node as Apply | Within).state.planned;
  return array === null ? (node as Apply | Within).cost : { arrays: new Set([array]), size: 1, work: 0 };
}

/** Cost of several expressions in one kernel, plus `work` for combining them. */
export function costOfAll(nodes: readonly Node[], work: number): Cost {
  const costs = nodes.map(costOf);
  return {
    arrays: new Set(costs.flatMap(({ arrays }) => [...arrays])),
    size: costs.reduce((sum, { size }) => sum + size, work),
    work: costs.reduce((sum, cost) => sum + cost.work, work),
  };
}

const notMaterialised = (): Materialisation => ({ index: -1, planned: null, kernels: 0, materialised: null });

/**
 * Applies a function elementwise to nodes of one shape. `work` is its cost in the units of work.ts. The result is 0 where one of the
 * first `factors` nodes is.
 */
export const applied = (text: Statements, args: readonly Node[], shape: Shape, work: number, factors = 0): Apply => ({
  is: 'apply',
  shape,
  text,
  args,
  work,
  factors,
  cost: costOfAll(args, work),
  state: notMaterialised(),
  base: null,
});

/** Makes an expression: `inside` where a coordinate is in `[0, length)`, else `outside`. */
export const within = (coordinate: Form, length: number, inside: Node, outside: Node, shape: Shape): Within => ({
  is: 'within',
  shape,
  coordinate,
  length,
  inside,
  outside,
  cost: costOfAll([inside, outside], workOf.guard),
  state: notMaterialised(),
  base: null,
});

/** Returns the base of a view, or the expression itself if it is not a view. */
export const baseOf = (node: Apply | Within): Apply | Within => node.base?.node ?? node;

/** The place of an array's elements. */
export const placeOf = (array: Resident): Place => array.place?.() ?? { array, start: 0 };

/** Reads the same elements at their place. */
export function placed(read: Read): Read {
  const { array, start } = placeOf(read.array);
  if (array === read.array) return read;
  return { ...read, array, form: { start: read.form.start + start, steps: read.form.steps } };
}

/** Collects the reads in an expression. */
export function readsIn(node: Node, found = new Set<Read>(), known = new Set<Node>()): Set<Read> {
  if (known.has(node)) return found;
  known.add(node);
  const read = readOf(node);
  if (read !== null) found.add(read);
  else if (node.is === 'apply') for (const arg of node.args) readsIn(arg, found, known);
  else if (node.is === 'within') for (const part of [node.inside, node.outside]) readsIn(part, found, known);
  return found;
}

/** Returns a node as a read if it is one or is materialised; null if it is lazy. */
export function readOf(node: Node): Read | null {
  if (node.is === 'fill') return null;
  if (node.is === 'read') return node;
  return node.state.materialised === null ? null : readFrom(node.state.materialised, node);
}

/** Makes an expression a read of `array`, which holds the elements of its base. */
export function readFrom(array: Resident, node: Apply | Within): Read {
  const own = dense(array, baseOf(node).shape).form;
  const form = node.base === null ? own : node.base.form(own);
  return { is: 'read', shape: node.shape, array, form, masks: masksOf(node) };
}

const none: readonly Read[] = [];
const knownMasks = new WeakMap<Node, readonly Read[]>();

/** The tables among the factors of a node: it is 0 wherever one of them is, as scores are by a causal mask. */
export function masksOf(node: Node): readonly Read[] {
  if (node.is === 'fill' || node.is === 'within') return none;
  if (node.is === 'read') return node.array.source instanceof Float32Array ? [node] : (node.masks ?? none);
  const before = knownMasks.get(node);
  if (before !== undefined) return before;
  const found = node.args.slice(0, node.factors).flatMap(masksOf);
  const result = found.length === 0 ? none : [...new Set(found)];
  knownMasks.set(node, result);
  return result;
}

/** Whether a form numbers the positions of a shape in row-major order from 0. */
export function isRowMajor({ start, steps }: Form, shape: Shape): boolean {
  const strides = stridesOf(shape);
  return start === 0 && steps.every((step, axis) => step === strides[axis]);
}

/** Reads a whole array with one axis. */
export const whole = (array: Resident): Read => dense(array, array.size === 1 ? [] : [array.size]);

/** Reads a whole array, row-major, with a shape. */
export const dense = (array: Resident, shape: Shape): Read => ({
  is: 'read',
  shape,
  array,
  form: { start: 0, steps: stridesOf(shape) },
});

/** Returns the array that holds the elements of an expression in row-major order; null if there is none yet. */
export function materialisedOf(node: Expression): Resident | null {
  const read = readOf(node);
  if (read === null) return null;
  return isRowMajor(read.form, read.shape) && sizeOf(read.shape) === read.array.size ? read.array : null;
}
