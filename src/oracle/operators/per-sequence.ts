/** @file Definitions of one sequence, or of one head of one, applied to every one of a batch. */
import type { Shape } from '../../tensor/shape.ts';
import { fromLists, type Lists, type Tensor, type Tensors, toLists } from '../case.ts';

/** A part of a tensor as nested lists: `part('x', b, h)` is `x[b, h]`; for what has no such axes, the whole: `part('a')`. */
export type Part = <L extends Lists>(name: string, ...at: readonly number[]) => L;

/** A function that takes parts of tensors. */
export function partsOf(tensors: Tensors): Part {
  const lists = new Map(Object.entries(tensors).map(([name, x]) => [name, toLists(x)]));
  return <L extends Lists>(name: string, ...at: readonly number[]) =>
    at.reduce<Lists>((x, i) => (x as readonly Lists[])[i]!, lists.get(name)!) as L;
}

/** The results of every sequence b (and head h), joined by name: shapes say what each result of all of them is. */
export function joinedResults<N extends string>(
  counts: readonly number[],
  shapes: Readonly<Record<N, Shape>>,
  define: (...at: readonly number[]) => Readonly<Record<N, Lists>>,
): Record<N, Tensor> {
  type Grid = Readonly<Record<N, Lists>> | readonly Grid[];
  const grid = (axis: number, at: readonly number[]): Grid =>
    axis === counts.length
      ? define(...at)
      : Array.from({ length: counts[axis]! }, (_, i) => grid(axis + 1, [...at, i]));
  const pick = (node: Grid, name: N): Lists =>
    Array.isArray(node) ? node.map((one: Grid) => pick(one, name)) : (node as Readonly<Record<N, Lists>>)[name];
  const all = grid(0, []);
  const names = Object.keys(shapes) as N[];
  return Object.fromEntries(names.map((name) => [name, fromLists(pick(all, name), shapes[name])])) as Record<N, Tensor>;
}
