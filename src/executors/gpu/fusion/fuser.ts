/** @file Fuses lazy expressions into kernels, and materialises them on demand. Kernel rules use this interface. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { spread } from '../text/invocations.ts';
import type { Routine, Workgroup } from '../text/kernel.ts';
import { type Argument, pointwise, type Script, scriptOf } from '../text/script.ts';
import type { Target } from '../text/target.ts';
import {
  applied,
  baseOf,
  dense,
  isRowMajor,
  materialisedOf,
  placeOf,
  readFrom,
  readOf,
  readsIn,
  whole,
} from '../values/expression.ts';
import type {
  Apply,
  Expression,
  Full,
  Materialisation,
  Node,
  Numbers,
  Operand,
  Read,
  Resident,
  Statements,
  Within,
} from '../values/numbers.ts';
import { arranged, commonShape, groupsOf, refined, repeatedAxes, without1 } from '../values/views.ts';
import { type History, historyAfter, type ProductHistory } from './history.ts';
import { costliestOf, fits, isTooLarge, isWorthMaterialising } from './policy.ts';
import type { Schedule } from './schedule.ts';

/** An operand as an expression. `groups` has, for each axis of the value, the axes of the expression that form it. */
export interface Axes {
  readonly node: Expression;
  readonly groups: readonly (readonly number[])[];
}

/** Builds the lazy expressions and kernels of one trace. It is the first argument of every kernel rule. */
export interface Fuser {
  readonly target: Target;
  readonly products: ProductHistory;
  /** Schedules a kernel that computes `size` elements, and returns its result. */
  launch(
    size: number,
    operands: readonly Argument[],
    body: string,
    workgroup?: Workgroup,
    routine?: Routine | null,
  ): Resident;
  /** Returns an array of constants, which is uploaded once. */
  table(numbers: Float32Array): Resident;
  /**
   * Makes a lazy elementwise function of operands of one shape. Materialises operands only if the expression would be too large for
   * one kernel. The result is 0 where one of the first `factors` operands is.
   */
  apply(text: Statements, xs: readonly Operand[], work: number, factors?: number): Numbers;
  /** Returns an operand as an expression. Each of its axes belongs to one axis of the value; a constant has no axes. */
  axes(x: Operand & { readonly numbers: Full }): Axes;
  /** Returns the array that holds the elements in row-major order. If there is none yet, schedules a kernel that writes it. */
  materialise(numbers: Numbers, size: number): Resident;
  /** Returns an expression as a read of an array. Materialises its base if needed. */
  asRead(node: Expression): Read;
  /** Returns an expression that fits into one kernel: materialises it if it is too large or reads too many arrays. */
  withinLimits(node: Expression): Expression;
  /**
   * Prepares an expression for a kernel that will evaluate it. Call it once for each kernel, before {@link scriptOf}. It counts the
   * uses of the parts. It materialises parts that are cheaper to store than to recompute, and parts when there are too many to read.
   */
  prepare(node: Node): void;
  /** Prepares an expression and writes its text, for a kernel that evaluates no other expression. */
  script(node: Node): Script;
}

/**
 * Makes a fuser that adds its kernels to a schedule, and fills the records of this trace. `previousUses` are the use counts of the previous trace of the same equation. The order of creation identifies an
 * expression, so it must be the same in every trace.
 */
export function createFuser(
  schedule: Schedule,
  target: Target,
  { uses, products }: History = historyAfter(),
  previousUses?: readonly number[],
): Fuser {
  const self: Fuser = {
    target,
    table: (numbers) => schedule.table(numbers),
    products,
    launch: (
      size,
      operands,
      body,
      workgroup = target.workgroups ? spread(size, target.spreading) : undefined,
      routine,
    ) => schedule.launch(size, operands, body, workgroup, routine),
    materialise(numbers, size) {
      if (numbers.is === 'resident') return settled(numbers);
      if (numbers.is === 'nothing') throw new Error('an array without elements has no buffer');
      if (numbers.is === 'fill') return evaluated(numbers, [size]);
      const array = materialisedOf(numbers);
      if (array !== null) return settled(array);
      if (numbers.is === 'read') return settled(evaluated(numbers, numbers.shape));
      const base = baseOf(numbers);
      // a view with the same order as its base uses the array of the base
      const isOwn = isRowMajor(readFrom(arrayFor(numbers), numbers).form, numbers.shape) && sizeOf(base.shape) === size;
      if (isOwn && base !== numbers) return self.materialise(base, size);
      const result = evaluated(numbers, numbers.shape);
      if (isOwn) numbers.state.materialised = result;
      return settled(result);
    },
    asRead(node) {
      if (node.is === 'read') return node;
      const base = baseOf(node);
      return readOf(node) ?? readFrom(self.materialise(base, sizeOf(base.shape)), node);
    },
    apply(text, xs, work, factors) {
      const size = sizeOf(xs[0]!.shape);
      let nodes = xs.map(({ numbers }) => nodeOf(numbers));
      let shape = commonShape(nodes.flatMap((node) => (node.is === 'fill' ? [] : [node.shape])));
      if (shape === null) {
        nodes = nodes.map((node) => (node.is === 'fill' ? node : whole(self.materialise(node, size))));
        shape = [size];
      }
      if (nodes.every(({ is }) => is === 'fill')) shape = without1([size]);
      nodes = nodes.map((node) => refined(node, shape));
      while (isTooLarge(nodes, work, target)) {
        const costliest = costliestOf(nodes);
        if (costliest === null) break;
        nodes = nodes.with(nodes.indexOf(costliest), self.asRead(costliest));
      }
      return onDistinct(nodes, shape, (few, own) => {
        const node = applied(text, few, own, work, factors);
        const index = uses.push(0) - 1;
        node.state.index = index;
        if (previousUses !== undefined && isWorthMaterialising(node, previousUses[index], target))
          node.state.planned = arrayFor(node);
        return node;
      });
    },
    axes({ numbers, shape }) {
      const node = numbers.is === 'resident' ? whole(numbers) : numbers;
      const fine = commonShape([node.shape, shape]);
      if (fine !== null) return { node: refined(node, fine), groups: groupsOf(shape, fine) };
      const lengths = without1(shape);
      return { node: refined(whole(self.materialise(node, sizeOf(shape))), lengths), groups: groupsOf(shape, lengths) };
    },
    withinLimits: (node) => (isTooLarge([node], 0, target) ? self.asRead(node) : node),
    prepare(node) {
      prepareParts(node, true);
      shorten(node);
    },
    script(node) {
      self.prepare(node);
      return scriptOf(node);
    },
  };

  /** An array that begins with the elements: a copy if they are inside another. */
  const settled = (own: Resident): Resident => {
    const { array, start } = placeOf(own);
    return start === 0 ? array : evaluated(dense(own, [own.size]), [own.size]);
  };
  const evaluated = (node: Node, shape: Shape): Resident => {
    prepareParts(node, true);
    const waiting = [...readsIn(node)].find(({ array }) => node.is !== 'fill' && array.joint?.suits(node))?.array;
    if (waiting?.joint !== undefined) {
      shorten(node, waiting);
      const joint = waiting.joint.suits(node as Expression) ? waiting.joint.write(node as Expression) : null;
      if (joint !== null) return joint;
    }
    shorten(node);
    const script = scriptOf(node);
    return self.launch(sizeOf(shape), script.operands, pointwise(script, shape));
  };

  /** Materialises parts of an expression until one kernel can read all of its arrays. */
  const shorten = (node: Node, held: Resident | null = null): void => {
    // kernels that wait are scheduled now, as they may materialise parts of the expression
    for (const { array } of readsIn(node)) if (array !== held) placeOf(array);
    while (!fits(scriptOf(node, [], held), target)) {
      const inner = costliestOf(argsOf(node));
      // not reached: a function has few arguments, and each materialised argument is one array
      if (inner === null) throw new Error('a function of more arguments than a kernel can read');
      self.asRead(inner);
    }
  };

  /** Increments the use count of every part of an expression, and materialises the parts that are cheaper to store. */
  const prepareParts = (node: Node, isRoot: boolean, seen = new Set<Materialisation>()): void => {
    if (node.is === 'fill' || node.is === 'read' || seen.has(node.state)) return;
    const { state } = node;
    seen.add(state);
    if (state.index >= 0) uses[state.index]!++;
    if (state.materialised !== null) return;
    if (!isRoot && (state.planned !== null || isWorthMaterialising(node, previousUses?.[state.index], target))) {
      self.asRead(node);
      return;
    }
    for (const arg of argsOf(node)) prepareParts(arg, false, seen);
    state.kernels++;
  };

  return self;
}

const nodeOf = (numbers: Numbers): Node => {
  if (numbers.is === 'nothing') throw new Error('an expression of an array without elements');
  return numbers.is === 'resident' ? whole(numbers) : numbers;
};

/** Makes an array for the elements of the base of an expression. No kernel writes it yet. */
const arrayFor = (node: Apply | Within): Resident => ({
  is: 'resident',
  size: sizeOf(baseOf(node).shape),
  source: null,
});

/** Removes the axes of broadcasting from nodes, applies `make`, and broadcasts the result along these axes. */
function onDistinct(
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

const argsOf = (node: Node): readonly Node[] => {
  if (node.is === 'apply') return node.args;
  return node.is === 'within' ? [node.inside, node.outside] : [];
};
