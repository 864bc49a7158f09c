/** @file Decides which expressions to materialise and which to fuse, by costs and by the limits of a kernel. */
import { sizeOf } from '../../../tensor/shape.ts';
import type { Script } from '../text/script.ts';
import type { Target } from '../text/target.ts';
import { baseOf, costOf, costOfAll } from '../values/expression.ts';
import type { Apply, Expression, Node, Within } from '../values/numbers.ts';

/** Whether a kernel may bind all arrays that a script reads. */
export const fits = ({ operands }: Script, { mostArrays }: Target): boolean =>
  operands.filter(({ is }) => is === 'resident').length <= mostArrays;

/** Cost of evaluating an expression for all elements, in bytes of memory traffic. */
function costInBytes(node: Expression, { workBytes }: Target): number {
  const size = sizeOf(node.shape);
  const { arrays, work } = node.is === 'read' ? costOf(node) : node.cost;
  const read = [...arrays].reduce((sum, array) => sum + 4 * Math.min(array.size, size), 0);
  return read + workBytes * work * size;
}

/**
 * Whether to store an expression instead of recomputing it in each kernel. With use counts of the previous trace, it is stored if
 * that costs less than the remaining uses. Without use counts, it is stored once its evaluations so far have cost as much as storing.
 */
export function isWorthMaterialising(node: Apply | Within, uses: number | undefined, target: Target): boolean {
  const bytes = 4 * sizeOf(baseOf(node).shape);
  const longer = costInBytes(node, target) - bytes;
  const { kernels } = node.state;
  if (uses === undefined) return kernels > 0 && kernels * longer >= target.launchBytes + bytes;
  return (uses - kernels - 1) * longer >= target.launchBytes + 2 * bytes;
}

/** Whether an expression with these arguments would be too large for one kernel, or read too many arrays. */
export const isTooLarge = (nodes: readonly Node[], work: number, { mostWork, mostArrays }: Target): boolean => {
  const { arrays, size } = costOfAll(nodes, work);
  return arrays.size > mostArrays || size > mostWork;
};

/** Chooses the expression to materialise: the one that reads most arrays, then the largest. Null if all are reads. */
export function costliestOf(nodes: readonly Node[]): Expression | null {
  let costliest: Expression | null = null;
  let most = 0;
  for (const node of nodes) {
    if (node.is === 'fill' || node.is === 'read' || node.state.materialised !== null) continue;
    const worth = node.cost.arrays.size * 100 + node.cost.size;
    if (worth > most) [costliest, most] = [node, worth];
  }
  return costliest;
}
