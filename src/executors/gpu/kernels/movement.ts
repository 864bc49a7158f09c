/** @file Kernel rules of broadcast, transpose, slice, pad and concat. The results are lazy, and fused into kernels that read them. */
import { type Shape, sizeOf } from '../../../tensor/shape.ts';
import type { Fuser } from '../fusion/fuser.ts';
import { fits } from '../fusion/policy.ts';
import { divide, plus } from '../text/places.ts';
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

/** Most parts of a lazy concat. Kernels join more parts than that. */
const mostParts = 4;

/** A slice that is shorter than the axis divided by this number materialises its operand. */
const fewParts = 3;

/** Most parts that one kernel joins. */
const mostJoined = 12;

/** An operand placed along an axis of the result, at `start`. */
interface Placed extends Operand {
  readonly start: number;
}

/** An expression of the parts, placed along an axis, with `outside` at other positions. */
function placed(
  fuser: Fuser,
  parts: readonly Placed[],
  axis: number,
  shape: Shape,
  outside: Node | Nothing,
): Expression {
  const [outer, length, inner] = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const place = ({ shape: own, numbers, start }: Placed): Node => {
    if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers.is === 'fill' ? numbers : fill(0);
    const { node, at } = withAxis(fuser, numbers, own, axis);
    return part(node, at, -start, length);
  };
  let nodes = parts.map(place);
  const lengths = [outer, length, inner];
  let common = commonShape([lengths, ...nodes.flatMap((node) => (node.is === 'fill' ? [] : [node.shape]))]);
  if (common === null) {
    const materialised = parts.map((x) => ({
      ...x,
      numbers: x.numbers.is === 'fill' ? x.numbers : fuser.materialise(x.numbers, sizeOf(x.shape)),
    }));
    nodes = materialised.map(place);
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

/** An expression as rows of `row` elements each. */
interface Rows {
  readonly node: Node;
  readonly row: number;
}

/** A concat kernel under construction. Element i is element p of row q, and each part has a branch. */
interface Joint {
  readonly operands: readonly Argument[];
  readonly branches: readonly string[];
  readonly parts: readonly Rows[];
}

const emptyJoint: Joint = { operands: [], branches: [], parts: [] };

const rowOf = (parts: readonly Rows[]): number => parts.reduce((sum, { row }) => sum + row, 0);

/** Adds a part to a kernel. Null if the kernel would then have too many arrays or branches. */
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

/** Launches the kernel of several parts. Returns a single part unchanged if it is an array. */
function launchJoint(fuser: Fuser, { operands, branches, parts }: Joint, outer: number): Rows {
  if (parts.length === 1 && parts[0]!.node.is === 'read') return parts[0]!;
  const row = rowOf(parts);
  const body = `${divide('i', row, 'q', 'p')}\n${branches.join('\n')}\nreturn 0;`;
  const array = whole(fuser.launch(outer * row, operands, body));
  return { node: refined(array, without1([outer, row])), row };
}

/** Joins neighbouring parts by kernels of as many parts as possible. */
function joinSome(fuser: Fuser, parts: readonly Rows[], outer: number): Rows[] {
  const done: Rows[] = [];
  let joint = emptyJoint;
  for (const part of parts) {
    fuser.prepare(part.node);
    const longer = extended(joint, part, outer, fuser.target);
    if (longer === null) done.push(launchJoint(fuser, joint, outer));
    joint = longer ?? extended(emptyJoint, part, outer, fuser.target)!;
  }
  return [...done, launchJoint(fuser, joint, outer)];
}

/** Concatenates many operands along an axis by a tree of kernels, each with as many parts as it may read. */
function joinMany(fuser: Fuser, xs: readonly Operand[], axis: number): Numbers {
  const outer = sizeOf(xs[0]!.shape.slice(0, axis));
  const rows = ({ numbers, shape }: Operand): Rows => {
    const row = sizeOf(shape.slice(axis));
    if (numbers.is === 'fill' || numbers.is === 'nothing')
      return { node: numbers.is === 'fill' ? numbers : fill(0), row };
    const { node, groups } = fuser.axes({ numbers, shape: [outer, row] });
    const flat = joined(node, groups[1]!.length > 0 ? groups[1]! : [0]);
    const both = flat === null || groups[0]!.length < 2 ? flat : joined(flat, groups[0]!);
    if (both !== null) return { node: both, row };
    return { node: refined(whole(fuser.materialise(node, outer * row)), without1([outer, row])), row };
  };
  let parts = xs.map(rows);
  while (parts.length > 1) parts = joinSome(fuser, parts, outer);
  return parts[0]!.node;
}

export const movement = {
  broadcast(fuser, [x], _params, shape) {
    const { numbers, shape: own } = x!;
    const added = shape.length - own.length;
    const axes = shape.map((length, i): NewAxis => (i < added || own[i - added] !== length ? { length } : i - added));
    return rearranged(fuser, numbers, own, axes);
  },
  transpose: (fuser, [x], { order }) => rearranged(fuser, x!.numbers, x!.shape, order),
  slice(fuser, [x], { axis, start }, shape) {
    const { numbers } = x!;
    if (numbers.is === 'fill' || numbers.is === 'nothing') return numbers;
    // the equation probably reads other small slices too, so the whole expression is materialised once
    const isSmall = fewParts * shape[axis]! < x!.shape[axis]! && numbers.is !== 'resident' && numbers.is !== 'read';
    const whole = isSmall ? fuser.materialise(numbers, sizeOf(x!.shape)) : numbers;
    const { node, at } = withAxis(fuser, whole, x!.shape, axis);
    return part(node, at, start, shape[axis]!);
  },
  pad(fuser, [x], { axis, before }, shape) {
    if (isNothing(x!.numbers)) return fill(0);
    return fuser.withinLimits(placed(fuser, [{ ...x!, start: before }], axis, shape, fill(0)));
  },
  concat(fuser, xs, { axis }, shape) {
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
    if (parts.length > mostParts) return joinMany(fuser, parts, axis);
    return fuser.withinLimits(placed(fuser, parts, axis, shape, nothing));
  },
} satisfies Partial<Rules>;
