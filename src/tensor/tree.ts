/** @file Nested records and lists of values: parameters, states, inputs. */
import { fail } from './errors.ts';
import { isValue, type Value } from './value.ts';

/** A value, or a list or record of trees (a pytree); absent fields are allowed and stay absent. */
export type Tree = Value | readonly Tree[] | { readonly [field: string]: Tree | undefined };

/**
 * Maps every value of a tree, in field order, and keeps the tree's structure. `path` names the place, as in `layers.0.query`.
 * @example
 * const { w, b } = mapTree({ w: tensor([1, 2]), b: [scalar(3)] }, (x) => scale(x, 2));
 * [read(w), item(b[0])] // [[2, 4], 6]
 */
export function mapTree<T extends Tree>(tree: T, f: (value: Value, path: string) => Value, path = ''): T {
  const at = (field: string | number): string => (path === '' ? `${field}` : `${path}.${field}`);
  const map = (node: Tree, field: string | number): Tree => mapTree(node, f, at(field));
  if (isValue(tree)) return f(tree, path) as Tree as T;
  if (Array.isArray(tree)) return tree.map(map) as Tree as T;
  if (typeof tree !== 'object' || tree === null) {
    fail(`tree: ${path === '' ? 'the root' : path} is ${String(tree)}; a tree holds values, lists and records of them`);
  }
  const entries = Object.entries(tree as { readonly [field: string]: Tree | undefined });
  return Object.fromEntries(entries.map(([k, v]) => [k, v === undefined ? v : map(v, k)])) as Tree as T;
}

/** A place in a tree in words: `input` for the root, else `input layers.0.query`. */
export const named = (what: string, path: string): string => (path === '' ? `the ${what}` : `${what} ${path}`);

/** The values of a tree, in the order in which {@link mapTree} visits them. */
export function leavesOf(tree: Tree): Value[] {
  const leaves: Value[] = [];
  mapTree(tree, (value) => {
    leaves.push(value);
    return value;
  });
  return leaves;
}

/**
 * The values of a tree by path.
 * @example
 * namedLeavesOf({ w: tensor([1, 2]), b: [scalar(3)] }).map(([path]) => path) // ['w', 'b.0']
 */
export function namedLeavesOf(tree: Tree): [path: string, value: Value][] {
  const leaves: [string, Value][] = [];
  mapTree(tree, (value, path) => {
    leaves.push([path, value]);
    return value;
  });
  return leaves;
}

/** A tree of the same structure with other values. */
export function withLeaves<T extends Tree>(tree: T, leaves: readonly Value[]): T {
  let next = 0;
  return mapTree(tree, () => leaves[next++]!);
}

/**
 * The tree that has the given leaves at the given paths: the inverse of naming them. Fields that are all integers make lists.
 * @example
 * treeOf({ 'a.0': 1, 'a.1': 2, b: 3 }) // { a: [1, 2], b: 3 }
 */
export function treeOf(leaves: Readonly<Record<string, unknown>>): unknown {
  if ('' in leaves) return leaves[''];
  const fields = new Map<string, Record<string, unknown>>();
  for (const [path, leaf] of Object.entries(leaves)) {
    const [field, ...rest] = path.split('.') as [string, ...string[]];
    const under = fields.get(field) ?? {};
    under[rest.join('.')] = leaf;
    fields.set(field, under);
  }
  const entries = [...fields].map(([field, under]): [string, unknown] => [field, treeOf(under)]);
  const isList = entries.length > 0 && entries.every(([field], i) => field === `${i}`);
  return isList ? entries.map(([, node]) => node) : Object.fromEntries(entries);
}

/** Joins trees of one structure, at least one, value by value. */
export function joinTrees<T extends Tree>(trees: readonly T[], join: (xs: readonly Value[]) => Value): T {
  const leaves = trees.map(leavesOf);
  return withLeaves(
    trees[0]!,
    leaves[0]!.map((_, place) => join(leaves.map((xs) => xs[place]!))),
  );
}
