/** @file The same numbers in another order or another form: views of expressions, pushed down to the arrays that they read. */
import { type Shape, sizeOf, stridesOf } from '../../../tensor/shape.ts';
import { applied, isRowMajor, originOf, readOf, within } from './expression.ts';
import type { Apply, Expression, Form, Node, Origin, Within } from './numbers.ts';

/** A change of axes: the new shape, and what becomes of a linear form of the position. */
interface View {
  readonly shape: Shape;
  /** Whether every number is seen. */
  readonly isWhole: boolean;
  form(old: Form): Form;
}

/** Lengths without those that are 1. */
export const without1 = (shape: Shape): number[] => shape.filter((length) => length !== 1);

function seen<N extends Node>(node: N, view: View, known = new Map<Node, Node>()): N {
  if (node.is === 'fill') return node;
  const before = known.get(node);
  if (before !== undefined) return before as N;
  const see = (inner: Node): Node => seen(inner, view, known);
  const { shape } = view;
  const read = readOf(node);
  const after = ((): Node => {
    if (read !== null) return { ...read, shape, form: view.form(read.form) };
    const own = node as Apply | Within;
    const origin = view.isWhole ? originThrough(own, view) : null;
    if (origin !== null && isItself(origin, shape)) return origin.node;
    const parts =
      own.is === 'apply'
        ? applied(own.text, own.args.map(see), shape, own.work)
        : within(view.form(own.coordinate), own.length, see(own.inside), see(own.outside), shape);
    return origin === null ? parts : { ...parts, fate: own.fate, origin };
  })();
  known.set(node, after);
  return after as N;
}

/** The origin of a view of a node. */
function originThrough(node: Apply | Within, view: View): Origin {
  const before = node.origin;
  return { node: originOf(node), form: (of) => view.form(before === null ? of : before.form(of)) };
}

/** Whether a view shows its origin as it is. */
function isItself({ node, form }: Origin, shape: Shape): boolean {
  const isSame = node.shape.length === shape.length && node.shape.every((length, axis) => length === shape[axis]);
  return isSame && isRowMajor(form({ start: 0, steps: stridesOf(node.shape) }), shape);
}

// one node seen in one way twice stays one node, so that what it costs is paid once
const views = new WeakMap<Expression, Map<string, Expression>>();

function view<N extends Expression>(node: N, key: string, make: () => View): N {
  const known = views.get(node) ?? new Map<string, Expression>();
  views.set(node, known);
  const result = known.get(key) ?? seen(node as Expression, make());
  known.set(key, result);
  return result as N;
}

/** Places at which row-major numbers are cut into axes, from the last axis on: 1, e, he, the, … */
function cutsOf(shape: Shape): number[] {
  const cuts = [1];
  for (const length of without1(shape).reverse()) cuts.push(cuts.at(-1)! * length);
  return cuts;
}

/** The coarsest shape that has the axes of all shapes, parts of one another; null where they cut across each other. */
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

/** For each axis of `shape`, which axes of the finer `fine` it is. */
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

/** An expression with some axes cut into several; the shape must be a finer one. */
export function refined<N extends Node>(node: N, fine: Shape): N {
  if (node.is === 'fill' || node.shape.length === fine.length) return node;
  const groups = groupsOf(node.shape, fine);
  return view(node as Expression, `refine ${fine}`, () => ({
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

/** Every linear form in an expression. */
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

/** An expression with neighbouring axes joined into one; null where an array does not step through them as through one. */
export function joined<N extends Node>(node: N, axes: readonly number[]): N | null {
  if (node.is === 'fill' || axes.length === 1) return node;
  const [first, last] = [axes[0]!, axes.at(-1)!];
  const { shape } = node;
  for (const { steps } of formsIn(node)) {
    for (let axis = first; axis < last; axis++) if (steps[axis] !== steps[axis + 1]! * shape[axis + 1]!) return null;
  }
  const join = <T>(list: readonly T[], middle: T): T[] => [...list.slice(0, first), middle, ...list.slice(last + 1)];
  return view(node as Expression, `join ${axes}`, () => ({
    shape: join(shape, sizeOf(shape.slice(first, last + 1))),
    isWhole: true,
    form: ({ start, steps }) => ({ start, steps: join(steps, steps[last]!) }),
  })) as N;
}

/** An expression with its axes in another order; an axis that is null is new, of a given length, and stands still. */
export function arranged(node: Expression, axes: readonly (number | null)[], shape: Shape): Expression {
  if (axes.length === node.shape.length && axes.every((axis, i) => axis === i)) return node;
  return view(node, `arrange ${axes.map((axis) => axis ?? '+')} ${shape}`, () => ({
    shape,
    isWhole: true,
    form: ({ start, steps }) => ({ start, steps: axes.map((axis) => (axis === null ? 0 : steps[axis]!)) }),
  }));
}

/** The axes along which all of several nodes of one shape stand still: each number is there as often as the axis is long. */
export function repeatedAxes(nodes: readonly Node[], shape: Shape): number[] {
  const forms = nodes.flatMap((node) => [...formsIn(node)]);
  return shape.flatMap((_, axis) => (forms.every(({ steps }) => steps[axis] === 0) ? [axis] : []));
}

/** The part of an expression from `start` on along one axis, `length` long: 1 takes the axis away. */
export function part(node: Expression, axis: number, start: number, length: number): Expression {
  const gone = length === 1;
  const set = <T>(list: readonly T[], to: T): T[] =>
    gone ? list.filter((_, i) => i !== axis) : list.map((x, i) => (i === axis ? to : x));
  return view(node, `part ${axis} ${start} ${length}`, () => ({
    shape: set(node.shape, length),
    isWhole: false,
    form: (old) => ({ start: old.start + start * old.steps[axis]!, steps: set(old.steps, old.steps[axis]!) }),
  }));
}
