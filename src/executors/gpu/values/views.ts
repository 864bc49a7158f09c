/** @file Makes views of expressions (reshape, transpose, broadcast, slice) by changing the strides of the arrays that they read. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import { applied, baseOf, isRowMajor, masksOf, readOf, within } from './expression.ts';
import type { Apply, Base, Expression, Form, Node, Read, Within } from './numbers.ts';

/** A change of axes: the new shape, and a function from an old affine form to the new one. */
interface AxisMap {
  readonly shape: Shape;
  /** Whether the view contains every element. */
  readonly isWhole: boolean;
  form(old: Form): Form;
}

/** Removes the axes of length 1 from a shape. */
export const without1 = (shape: Shape): number[] => shape.filter((length) => length !== 1);

function viewed<N extends Node>(node: N, map: AxisMap, known = new Map<Node, Node>()): N {
  if (node.is === 'fill') return node;
  const before = known.get(node);
  if (before !== undefined) return before as N;
  const see = (inner: Node): Node => viewed(inner, map, known);
  const { shape } = map;
  const read = readOf(node);
  const after = ((): Node => {
    const readThrough = (own: Read): Read => ({ ...own, shape, form: map.form(own.form) });
    if (read !== null) return { ...readThrough(read), masks: masksOf(read).map(readThrough) };
    const own = node as Apply | Within;
    const base = map.isWhole ? baseThrough(own, map) : null;
    if (base !== null && isItself(base, shape)) return base.node;
    const parts =
      own.is === 'apply'
        ? applied(own.text, own.args.map(see), shape, own.work, own.factors)
        : within(map.form(own.coordinate), own.length, see(own.inside), see(own.outside), shape);
    return base === null ? parts : { ...parts, state: own.state, base };
  })();
  known.set(node, after);
  return after as N;
}

/** The base of a view of a node. */
function baseThrough(node: Apply | Within, map: AxisMap): Base {
  const before = node.base;
  return { node: baseOf(node), form: (of) => map.form(before === null ? of : before.form(of)) };
}

/** Whether a view has the shape and order of its base. */
function isItself({ node, form }: Base, shape: Shape): boolean {
  const isSame = node.shape.length === shape.length && node.shape.every((length, axis) => length === shape[axis]);
  return isSame && isRowMajor(form({ start: 0, steps: stridesOf(node.shape) }), shape);
}

// equal views of a node are one object, so that their cost counts once
const views = new WeakMap<Expression, Map<string, Expression>>();

function viewOf<N extends Expression>(node: N, key: string, make: () => AxisMap): N {
  const known = views.get(node) ?? new Map<string, Expression>();
  views.set(node, known);
  const result = known.get(key) ?? viewed(node as Expression, make());
  known.set(key, result);
  return result as N;
}

/** Cumulative products of the lengths of a shape, from the last: 1, e, he, the, … */
function cutsOf(shape: Shape): number[] {
  const cuts = [1];
  for (const length of without1(shape).reverse()) cuts.push(cuts.at(-1)! * length);
  return cuts;
}

/** The coarsest shape that refines all given shapes: each of their axes is a product of its axes. Null if there is none. */
export function commonShape(shapes: readonly Shape[]): number[] | null {
  const cuts = [...new Set(shapes.flatMap(cutsOf))].sort((a, b) => a - b);
  const lengths: number[] = [];
  for (let i = 1; i < cuts.length; i++) {
    const length = cuts[i]! / cuts[i - 1]!;
    if (!Number.isInteger(length)) return null;
    lengths.push(length);
  }
  return lengths.reverse();
}

/** For each axis of `shape`, lists the axes of the finer shape `fine` that form it. */
export function groupsOf(shape: Shape, fine: Shape): number[][] {
  let next = 0;
  return shape.map((length) => {
    const group: number[] = [];
    for (let product = 1; product < length; next++) {
      product *= fine[next]!;
      group.push(next);
    }
    return group;
  });
}

/** Splits axes of an expression to get the shape `fine`, which must refine its shape. */
export function refined<N extends Node>(node: N, fine: Shape): N {
  if (node.is === 'fill' || node.shape.length === fine.length) return node;
  const groups = groupsOf(node.shape, fine);
  return viewOf(node as Expression, `refine ${fine}`, () => ({
    shape: fine,
    isWhole: true,
    form: ({ start, steps }) => ({
      start,
      steps: groups.flatMap((group, axis) =>
        group.map((_, k) => group.slice(k + 1).reduce((product, inner) => product * fine[inner]!, steps[axis]!)),
      ),
    }),
  })) as N;
}

/** Collects all affine forms in an expression. */
function formsIn(node: Node, found = new Set<Form>(), known = new Set<Node>()): Set<Form> {
  if (known.has(node)) return found;
  known.add(node);
  const read = readOf(node);
  if (read !== null) found.add(read.form);
  else if (node.is === 'apply') for (const arg of node.args) formsIn(arg, found, known);
  else if (node.is === 'within') {
    found.add(node.coordinate);
    formsIn(node.inside, found, known);
    formsIn(node.outside, found, known);
  }
  return found;
}

/** Merges neighbouring axes of an expression into one. Null if the strides of an array do not allow it. */
export function joined<N extends Node>(node: N, axes: readonly number[]): N | null {
  if (node.is === 'fill' || axes.length === 1) return node;
  const [first, last] = [axes[0]!, axes.at(-1)!];
  const { shape } = node;
  for (const { steps } of formsIn(node)) {
    for (let axis = first; axis < last; axis++) if (steps[axis] !== steps[axis + 1]! * shape[axis + 1]!) return null;
  }
  const join = <T>(list: readonly T[], middle: T): T[] => [...list.slice(0, first), middle, ...list.slice(last + 1)];
  return viewOf(node as Expression, `join ${axes}`, () => ({
    shape: join(shape, sizeOf(shape.slice(first, last + 1))),
    isWhole: true,
    form: ({ start, steps }) => ({ start, steps: join(steps, steps[last]!) }),
  })) as N;
}

/** Permutes the axes of an expression. A null is a new axis of broadcasting, with the length in `shape`. */
export function arranged(node: Expression, axes: readonly (number | null)[], shape: Shape): Expression {
  if (axes.length === node.shape.length && axes.every((axis, i) => axis === i)) return node;
  return viewOf(node, `arrange ${axes.map((axis) => axis ?? '+')} ${shape}`, () => ({
    shape,
    isWhole: true,
    form: ({ start, steps }) => ({ start, steps: axes.map((axis) => (axis === null ? 0 : steps[axis]!)) }),
  }));
}

/** Finds the axes of broadcasting, along which all nodes have stride 0. */
export function repeatedAxes(nodes: readonly Node[], shape: Shape): number[] {
  const forms = nodes.flatMap((node) => [...formsIn(node)]);
  return shape.flatMap((_, axis) => (forms.every(({ steps }) => steps[axis] === 0) ? [axis] : []));
}

/** Slices an expression along one axis: `length` positions from `start`. Removes the axis if `length` is 1. */
export function part(node: Expression, axis: number, start: number, length: number): Expression {
  const isRemoved = length === 1;
  const set = <T>(list: readonly T[], to: T): T[] =>
    isRemoved ? list.filter((_, i) => i !== axis) : list.map((x, i) => (i === axis ? to : x));
  return viewOf(node, `part ${axis} ${start} ${length}`, () => ({
    shape: set(node.shape, length),
    isWhole: false,
    form: (old) => ({ start: old.start + start * old.steps[axis]!, steps: set(old.steps, old.steps[axis]!) }),
  }));
}
