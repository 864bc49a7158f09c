/** @file What kernel rules work with: operands as expressions, and expressions as arrays once something needs their numbers. */
import { type Shape, sizeOf } from '../../tensor/shape.ts';
import { applied, costTogether, type Expression, madeOf, type Node, type Statements, whole } from './expression.ts';
import { axesOf, merged, placesOf } from './kernels/places.ts';
import { spread } from './kernels/threads.ts';
import type { Launches, Workgroup } from './launches.ts';
import type { Full, Numbers, Operand, Resident } from './numbers.ts';
import { type Argument, type Script, scriptOf } from './script.ts';
import type { Target } from './target.ts';
import { commonShape, groupsOf, refined, without1 } from './views.ts';

/** How many arrays a kernel can read: a device binds 8 buffers, one of which is the result. */
const mostArrays = 7;

/** Whether a kernel can read all that a script does. */
export const fits = ({ operands }: Script): boolean =>
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
  /** An expression, made where it is long or reads more arrays than a kernel may. */
  kept(node: Expression): Expression;
  /**
   * Makes parts of an expression that is about to be part of a kernel, once for each kernel: what is dear and was evaluated
   * before, and what is more than one kernel may read. Then {@link scriptOf} gives its text.
   */
  ready(node: Node): void;
  /** The text of an expression that is all that a kernel evaluates. */
  script(node: Node): Script;
}

/** Rules' view of a trace that launches kernels on a target. */
export function tracer(list: Launches, target: Target): Tracer {
  const self: Tracer = {
    target,
    launch: (size, operands, body, workgroup = target.workgroups ? spread(size, target.spreading) : undefined) =>
      list.launch(size, operands, body, workgroup),
    make(numbers, size) {
      if (numbers.is === 'resident') return numbers;
      if (numbers.is === 'nothing') throw new Error('an array without elements has no buffer');
      const made = numbers.is === 'fill' ? null : madeOf(numbers);
      if (made !== null) return made;
      const script = self.script(numbers);
      const shape = numbers.is === 'fill' ? [size] : numbers.shape;
      const result = self.launch(size, script.operands, pointwise(script, shape));
      if (numbers.is === 'apply' || numbers.is === 'within') numbers.fate.made = result;
      return result;
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
        nodes = nodes.with(nodes.indexOf(dearest), refined(whole(self.make(dearest, size)), shape));
      }
      return applied(text, nodes, shape, work);
    },
    axes({ numbers, shape }) {
      const node = numbers.is === 'resident' ? whole(numbers) : numbers;
      const fine = commonShape([node.shape, shape]);
      if (fine !== null) return { node: refined(node, fine), groups: groupsOf(shape, fine) };
      const lengths = without1(shape);
      return { node: refined(whole(self.make(node, sizeOf(shape))), lengths), groups: groupsOf(shape, lengths) };
    },
    kept(node) {
      if (isLong([node], 0, target)) self.make(node, sizeOf(node.shape));
      return node;
    },
    ready(node) {
      settle(node, true);
      while (!fits(scriptOf(node))) {
        const inner = dearestOf(argsOf(node));
        // a function has few arguments, and one that is made is one array
        if (inner === null) throw new Error('a function of more arguments than a kernel can read');
        self.make(inner, sizeOf(inner.shape));
      }
    },
    script(node) {
      self.ready(node);
      return scriptOf(node);
    },
  };

  /** Makes what kernels before evaluated too, where evaluating it again costs more than reading it. */
  const settle = (node: Node, isRoot: boolean, seen = new Set<Node>()): void => {
    if (node.is === 'fill' || node.is === 'read' || node.fate.made !== null || seen.has(node)) return;
    seen.add(node);
    const again = 4 * sizeOf(node.shape) * (node.cost.size - 2) * node.fate.kernels;
    if (!isRoot && node.fate.kernels > 0 && again >= target.launchBytes) self.make(node, sizeOf(node.shape));
    else {
      for (const arg of argsOf(node)) settle(arg, false, seen);
      node.fate.kernels++;
    }
  };

  return self;
}

const nodeOf = (numbers: Numbers): Node => {
  if (numbers.is === 'nothing') throw new Error('an expression of an array without elements');
  return numbers.is === 'resident' ? whole(numbers) : numbers;
};

const isLong = (nodes: readonly Node[], work: number, { mostWork }: Target): boolean => {
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
