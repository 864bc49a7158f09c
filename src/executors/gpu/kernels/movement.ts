/** @file Primitives that move numbers without changing them: views, until a kernel needs them in order. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import { fits, plus, type Tracer } from '../fusion/fuser.ts';
import { divide } from '../text/places.ts';
import { type Argument, scriptOf } from '../text/script.ts';
import type { Target } from '../text/target.ts';
import { whole, within } from '../values/expression.ts';
import {
  type Expression,
  type Fill,
  fill,
  isNothing,
  type Node,
  type Nothing,
  type Numbers,
  nothing,
  type Operand,
} from '../values/numbers.ts';
import { commonShape, groupsOf, joined, part, refined, without1 } from '../values/views.ts';
import { type NewAxis, rearranged, withAxis } from './axes.ts';
import type { Rules } from './rule.ts';

/** How many parts are joined in an expression; more are joined by kernels. */
const mostParts = 4;

/** Into how many parts an expression may be cut before it is computed. */
const fewParts = 3;

/** How many parts a kernel joins. */
const mostJoined = 12;

/** A part of a value along an axis, from a place on. */
interface Placed extends Operand {
  readonly start: number;
}

/** Parts at their places along an axis, `outside` where none is, as an expression. */
function placed(
  tracer: Tracer,
  parts: readonly Placed[],
  axis: number,
  shape: Shape,
  outside: Node | Nothing,
): Expression {
  const [outer, length, inner] = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const place = ({ shape: own, numbers, start }: Placed): Node => {
    if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers.is === 'fill' ? numbers : fill(0);
    const { node, at } = withAxis(tracer, numbers, own, axis);
    return part(node, at, -start, length);
  };
  let nodes = parts.map(place);
  const lengths = [outer, length, inner];
  let common = commonShape([lengths, ...nodes.flatMap((node) => (node.is === 'fill' ? [] : [node.shape]))]);
  if (common === null) {
    const made = parts.map((x) => ({
      ...x,
      numbers: x.numbers.is === 'fill' ? x.numbers : tracer.make(x.numbers, sizeOf(x.shape)),
    }));
    nodes = made.map(place);
    common = lengths.filter((n) => n !== 1);
  }
  const at = groupsOf(lengths, common)[1]![0]!;
  const steps = common.map((_, i) => (i === at ? 1 : 0));
  return parts.reduceRight<Node | Nothing>((rest, { shape: own, start }, k) => {
    const inside = refined(nodes[k]!, common);
    if (rest.is === 'nothing') return inside;
    return within({ start: -start, steps }, own[axis]!, inside, rest, common);
  }, outside) as Expression;
}

/** An expression of numbers in rows, as many as there are rows before an axis. */
interface Rows {
  readonly node: Node;
  readonly row: number;
}

/** A kernel that is being written: thread i stands at place p of row q, and each part is a branch. */
interface Joint {
  readonly operands: readonly Argument[];
  readonly branches: readonly string[];
  readonly parts: readonly Rows[];
}

const emptyJoint: Joint = { operands: [], branches: [], parts: [] };

const rowOf = (parts: readonly Rows[]): number => parts.reduce((sum, { row }) => sum + row, 0);

/** A kernel with one more part; null where that is more than a kernel may read, or more branches than it should have. */
function extended({ operands, branches, parts }: Joint, part: Rows, outer: number, target: Target): Joint | null {
  const script = scriptOf(part.node, operands);
  if (!fits(script, target) || parts.length === mostJoined) return null;
  const start = rowOf(parts);
  const positions = [...(outer === 1 ? [] : ['q']), ...(part.row === 1 ? [] : [`(p - ${start})`])];
  const values = script.forms.map(({ start: first, steps }) =>
    plus(steps.map((step, i) => `${positions[i]} * ${step}`).join(' + ') || '0', first),
  );
  const { lines, result } = script.write(values, `p${parts.length}`);
  const branch = `if (p < ${start + part.row}) { ${lines}\nreturn ${result}; }`;
  return { operands: script.operands, branches: [...branches, branch], parts: [...parts, part] };
}

/** The rows that a kernel of several parts writes; one part that is an array stays as it is. */
function launched(tracer: Tracer, { operands, branches, parts }: Joint, outer: number): Rows {
  if (parts.length === 1 && parts[0]!.node.is === 'read') return parts[0]!;
  const row = rowOf(parts);
  const body = `${divide('i', row, 'q', 'p')}\n${branches.join('\n')}\nreturn 0;`;
  const array = whole(tracer.launch(outer * row, operands, body));
  return { node: refined(array, without1([outer, row])), row };
}

/** Neighbouring parts joined by as few kernels as can read them. */
function joinSome(tracer: Tracer, parts: readonly Rows[], outer: number): Rows[] {
  const done: Rows[] = [];
  let joint = emptyJoint;
  for (const part of parts) {
    tracer.ready(part.node);
    const longer = extended(joint, part, outer, tracer.target);
    if (longer === null) done.push(launched(tracer, joint, outer));
    joint = longer ?? extended(emptyJoint, part, outer, tracer.target)!;
  }
  return [...done, launched(tracer, joint, outer)];
}

/** Many operands one after another along an axis, by kernels of as many parts as they can read, a tree of them. */
function joinMany(tracer: Tracer, xs: readonly Operand[], axis: number): Numbers {
  const outer = sizeOf(xs[0]!.shape.slice(0, axis));
  const rows = ({ numbers, shape }: Operand): Rows => {
    const row = sizeOf(shape.slice(axis));
    if (numbers.is === 'fill' || numbers.is === 'nothing')
      return { node: numbers.is === 'fill' ? numbers : fill(0), row };
    const { node, groups } = tracer.axes({ numbers, shape: [outer, row] });
    const flat = joined(node, groups[1]!.length > 0 ? groups[1]! : [0]);
    const both = flat === null || groups[0]!.length < 2 ? flat : joined(flat, groups[0]!);
    if (both !== null) return { node: both, row };
    return { node: refined(whole(tracer.make(node, outer * row)), without1([outer, row])), row };
  };
  let parts = xs.map(rows);
  while (parts.length > 1) parts = joinSome(tracer, parts, outer);
  return parts[0]!.node;
}

export const movement = {
  broadcast(tracer, [x], _params, shape) {
    const { numbers, shape: own } = x!;
    const added = shape.length - own.length;
    const axes = shape.map((length, i): NewAxis => (i < added || own[i - added] !== length ? { length } : i - added));
    return rearranged(tracer, numbers, own, axes);
  },
  transpose: (tracer, [x], { order }) => rearranged(tracer, x!.numbers, x!.shape, order),
  slice(tracer, [x], { axis, start }, shape) {
    const { numbers } = x!;
    if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers;
    // a small part of an expression, of which others will want theirs: computed once, as a whole
    const isSmall = fewParts * shape[axis]! < x!.shape[axis]! && numbers.is !== 'resident' && numbers.is !== 'read';
    const whole = isSmall ? tracer.make(numbers, sizeOf(x!.shape)) : numbers;
    const { node, at } = withAxis(tracer, whole, x!.shape, axis);
    return part(node, at, start, shape[axis]!);
  },
  pad(tracer, [x], { axis, before }, shape) {
    if (isNothing(x!.numbers)) return fill(0);
    return tracer.kept(placed(tracer, [{ ...x!, start: before }], axis, shape, fill(0)));
  },
  concat(tracer, xs, { axis }, shape) {
    let end = 0;
    const parts = xs.flatMap((x): Placed[] => {
      const start = end;
      end += x.shape[axis]!;
      return isNothing(x.numbers) ? [] : [{ ...x, start }];
    });
    if (parts.length === 1) return parts[0]!.numbers;
    if (
      parts.every(
        ({ numbers }) => numbers.is === 'fill' && Object.is(numbers.number, (parts[0]!.numbers as Fill).number),
      )
    )
      return parts[0]!.numbers;
    if (parts.length > mostParts) return joinMany(tracer, parts, axis);
    return tracer.kept(placed(tracer, parts, axis, shape, nothing));
  },
} satisfies Partial<Rules>;
