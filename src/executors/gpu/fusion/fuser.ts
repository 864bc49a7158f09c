/** @file What kernel rules work with: operands as expressions, and expressions as arrays once something needs their numbers. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Workgroup } from '../text/kernel.ts';
import { axesOf, merged, placesOf } from '../text/places.ts';
import { type Argument, type Script, scriptOf } from '../text/script.ts';
import type { Target } from '../text/target.ts';
import { spread } from '../text/threads.ts';
import {
  applied,
  costOf,
  costTogether,
  isRowMajor,
  madeOf,
  originOf,
  readOf,
  seenIn,
  whole,
} from '../values/expression.ts';
import type {
  Apply,
  Expression,
  Fate,
  Full,
  Node,
  Numbers,
  Operand,
  Read,
  Resident,
  Statements,
  Within,
} from '../values/numbers.ts';
import { arranged, commonShape, groupsOf, refined, repeatedAxes, without1 } from '../values/views.ts';
import type { Launches } from './schedule.ts';

/** Whether a kernel can read all that a script does. */
export const fits = ({ operands }: Script, { mostArrays }: Target): boolean =>
  operands.filter(({ is }) => is === 'resident').length <= mostArrays;

/** An operand as an expression, and which of its axes each axis of the value is. */
export interface Axes {
  readonly node: Expression;
  readonly groups: readonly (readonly number[])[];
}

/** A trace, as rules see it. */
export interface Tracer {
  readonly target: Target;
  launch(size: number, operands: readonly Argument[], body: string, workgroup?: Workgroup): Resident;
  /** A function of operands of one shape, number by number; nothing is computed yet. */
  apply(text: Statements, xs: readonly Operand[], work: number): Numbers;
  /** An expression whose axes are parts of the value's. One number everywhere is a node too, without axes. */
  axes(x: Operand & { readonly numbers: Full }): Axes;
  /** The array of an expression's numbers, row-major. */
  make(numbers: Numbers, size: number): Resident;
  /** An expression as a part of an array: its origin's, once that has been made. */
  computed(node: Expression): Read;
  /** An expression, made where it is long or reads more arrays than a kernel may. */
  kept(node: Expression): Expression;
  /**
   * Makes parts of an expression that is about to be part of a kernel, once for each kernel: what is worth it, as other kernels
   * evaluate it too, and what is more than one kernel may read. Then {@link scriptOf} gives its text.
   */
  ready(node: Node): void;
  /** The text of an expression that is all that a kernel evaluates. */
  script(node: Node): Script;
}

/**
 * Rules' view of a trace that launches kernels on a target. `uses` becomes how many kernels use each expression, by its number;
 * `foreseen` is that of an earlier trace of the same equation.
 */
export function tracer(list: Launches, target: Target, uses: number[] = [], foreseen?: readonly number[]): Tracer {
  const self: Tracer = {
    target,
    launch: (size, operands, body, workgroup = target.workgroups ? spread(size, target.spreading) : undefined) =>
      list.launch(size, operands, body, workgroup),
    make(numbers, size) {
      if (numbers.is === 'resident') return numbers;
      if (numbers.is === 'nothing') throw new Error('an array without elements has no buffer');
      if (numbers.is === 'fill') return launched(numbers, [size]);
      const made = madeOf(numbers);
      if (made !== null) return made;
      if (numbers.is === 'read') return launched(numbers, numbers.shape);
      const origin = originOf(numbers);
      // in the order of its origin there is one array for both
      const isOwn = isRowMajor(seenIn(arrayFor(numbers), numbers).form, numbers.shape) && sizeOf(origin.shape) === size;
      if (isOwn && origin !== numbers) return self.make(origin, size);
      const result = launched(numbers, numbers.shape);
      if (isOwn) numbers.fate.made = result;
      return result;
    },
    computed(node) {
      if (node.is === 'read') return node;
      const origin = originOf(node);
      return readOf(node) ?? seenIn(self.make(origin, sizeOf(origin.shape)), node);
    },
    apply(text, xs, work) {
      const size = sizeOf(xs[0]!.shape);
      let nodes = xs.map(({ numbers }) => nodeOf(numbers));
      let shape = commonShape(nodes.flatMap((node) => (node.is === 'fill' ? [] : [node.shape])));
      if (shape === null) {
        nodes = nodes.map((node) => (node.is === 'fill' ? node : whole(self.make(node, size))));
        shape = [size];
      }
      if (nodes.every(({ is }) => is === 'fill')) shape = without1([size]);
      nodes = nodes.map((node) => refined(node, shape));
      while (isLong(nodes, work, target)) {
        const dearest = dearestOf(nodes);
        if (dearest === null) break;
        nodes = nodes.with(nodes.indexOf(dearest), self.computed(dearest));
      }
      return repeated(nodes, shape, (few, own) => {
        const node = applied(text, few, own, work);
        const index = uses.push(0) - 1;
        node.fate.index = index;
        if (foreseen !== undefined && isWorthMaking(node, foreseen[index], target)) node.fate.planned = arrayFor(node);
        return node;
      });
    },
    axes({ numbers, shape }) {
      const node = numbers.is === 'resident' ? whole(numbers) : numbers;
      const fine = commonShape([node.shape, shape]);
      if (fine !== null) return { node: refined(node, fine), groups: groupsOf(shape, fine) };
      const lengths = without1(shape);
      return { node: refined(whole(self.make(node, sizeOf(shape))), lengths), groups: groupsOf(shape, lengths) };
    },
    kept: (node) => (isLong([node], 0, target) ? self.computed(node) : node),
    ready(node) {
      settle(node, true);
      while (!fits(scriptOf(node), target)) {
        const inner = dearestOf(argsOf(node));
        // a function has few arguments, and one that is made is one array
        if (inner === null) throw new Error('a function of more arguments than a kernel can read');
        self.computed(inner);
      }
    },
    script(node) {
      self.ready(node);
      return scriptOf(node);
    },
  };

  const launched = (node: Node, shape: Shape): Resident => {
    const script = self.script(node);
    return self.launch(sizeOf(shape), script.operands, pointwise(script, shape));
  };

  /** Counts the parts of an expression that is about to be part of a kernel, and makes those that are worth it. */
  const settle = (node: Node, isRoot: boolean, seen = new Set<Fate>()): void => {
    if (node.is === 'fill' || node.is === 'read' || seen.has(node.fate)) return;
    const { fate } = node;
    seen.add(fate);
    if (fate.index >= 0) uses[fate.index]!++;
    if (fate.made !== null) return;
    if (!isRoot && (fate.planned !== null || isWorthMaking(node, foreseen?.[fate.index], target))) {
      self.computed(node);
      return;
    }
    for (const arg of argsOf(node)) settle(arg, false, seen);
    fate.kernels++;
  };

  return self;
}

const nodeOf = (numbers: Numbers): Node => {
  if (numbers.is === 'nothing') throw new Error('an expression of an array without elements');
  return numbers.is === 'resident' ? whole(numbers) : numbers;
};

/** An array for an expression's numbers, which nothing has written. */
const arrayFor = (node: Apply | Within): Resident => ({
  is: 'resident',
  size: sizeOf(originOf(node).shape),
  source: null,
});

/** What evaluating an expression takes, as bytes that could be read meanwhile. */
function bytesOf(node: Expression, { workBytes }: Target): number {
  const size = sizeOf(node.shape);
  const { arrays, work } = node.is === 'read' ? costOf(node) : node.cost;
  const read = [...arrays].reduce((sum, array) => sum + 4 * Math.min(array.size, size), 0);
  return read + workBytes * work * size;
}

/**
 * Whether to write the numbers of a part of an expression now: the kernels that use it, where that is foreseen, take longer to
 * evaluate it than to read it; or those that have evaluated it before have taken so much longer already.
 */
function isWorthMaking(node: Apply | Within, uses: number | undefined, target: Target): boolean {
  const bytes = 4 * sizeOf(originOf(node).shape);
  const longer = bytesOf(node, target) - bytes;
  const { kernels } = node.fate;
  if (uses === undefined) return kernels > 0 && kernels * longer >= target.launchBytes + bytes;
  return (uses - kernels - 1) * longer >= target.launchBytes + 2 * bytes;
}

/** What `make` makes of nodes, made of the numbers that differ only, and repeated along the other axes. */
function repeated(
  nodes: readonly Node[],
  shape: Shape,
  make: (few: readonly Node[], shape: Shape) => Expression,
): Expression {
  const still = repeatedAxes(nodes, shape);
  if (still.length === 0 || nodes.every(({ is }) => is === 'fill')) return make(nodes, shape);
  const moving = shape.flatMap((_, axis) => (still.includes(axis) ? [] : [axis]));
  const lengths = moving.map((axis) => shape[axis]!);
  const few = nodes.map((node) => (node.is === 'fill' ? node : arranged(node, moving, lengths)));
  const places = shape.map((_, axis) => (still.includes(axis) ? null : moving.indexOf(axis)));
  return arranged(make(few, lengths), places, shape);
}

const isLong = (nodes: readonly Node[], work: number, { mostWork, mostArrays }: Target): boolean => {
  const { arrays, size } = costTogether(nodes, work);
  return arrays.size > mostArrays || size > mostWork;
};

const argsOf = (node: Node): readonly Node[] => {
  if (node.is === 'apply') return node.args;
  return node.is === 'within' ? [node.inside, node.outside] : [];
};

/** The expression that is worth most to be computed by itself; null where all are mere reads. */
function dearestOf(nodes: readonly Node[]): Expression | null {
  let dearest: Expression | null = null;
  let most = 0;
  for (const node of nodes) {
    if (node.is === 'fill' || node.is === 'read' || node.fate.made !== null) continue;
    const worth = node.cost.arrays.size * 100 + node.cost.size;
    if (worth > most) [dearest, most] = [node, worth];
  }
  return dearest;
}

/** The body of a kernel that evaluates an expression, a thread for each position. */
export function pointwise({ forms, write }: Script, shape: Shape): string {
  const axes = shape.map((length, axis) => ({ length, steps: forms.map(({ steps }) => steps[axis]!) }));
  const { setup, offsets } = placesOf(forms.length === 0 ? axesOf(shape) : merged(axes), forms.length);
  const { lines, result } = write(offsets.map((offset, k) => plus(offset, forms[k]!.start)));
  return `${setup}\n${lines}\nreturn ${result};`;
}

/** The text of a sum with a whole number, which may be 0. */
export const plus = (text: string, start: number): string => {
  if (start === 0) return text;
  return start < 0 ? `${text} - ${-start}` : `${text} + ${start}`;
};
