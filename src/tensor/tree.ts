/** @file Maps, lists and joins trees: nested records and lists of values, such as parameters, states and inputs. */
import { fail } from './errors.ts';
import { isValue, type Value } from './value.ts';

/** A value, or a list or record of trees (a pytree). Absent fields are allowed. */
export type Tree = Value | readonly Tree[] | { readonly [field: string]: Tree | undefined };

/**
 * Maps every value of a tree, in field order, and keeps the structure. `path` is the path of the value, such as `layers.0.query`.
 * @example
 * const { w, b } = mapTree({ w: tensor([1, 2]), b: [scalar(3)] }, (x) => scale(x, 2));
 * [read(w), item(b[0])] // [[2, 4], 6]
 */
export function mapTree<T extends Tree>(tree: T, f: (value: Value, path: string) => Value, path = ''): T {
  if (isValue(tree)) return f(tree, path) as Tree as T;
  if (Array.isArray(tree)) {
    return tree.map((node: Tree, i) => mapTree(node, f, below(path, `${i}`))) as Tree as T;
  }
  const entries = fieldsOf(tree, path);
  for (const entry of entries) if (entry[1] !== undefined) entry[1] = mapTree(entry[1], f, below(path, entry[0]));
  return Object.fromEntries(entries) as Tree as T;
}

const below = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);

/** The fields of a tree that is no value and no list. Throws if it is no record either. */
function fieldsOf(tree: Tree, path: string): [string, Tree | undefined][] {
  if (typeof tree !== 'object' || tree === null) {
    fail(`tree: ${path === '' ? 'the root' : path} is ${String(tree)}; a tree holds values, lists and records of them`);
  }
  if (typeof (tree as { readonly then?: unknown }).then === 'function')
    fail(
      `tree: ${path === '' ? 'the root' : path} is a promise; await it, a tree holds values, lists and records of them`,
    );
  return Object.entries(tree as { readonly [field: string]: Tree | undefined });
}

/** Visits every value of a tree, in the order of {@link mapTree}. */
function eachValue(tree: Tree, visit: (value: Value, path: string) => void, path = ''): void {
  if (isValue(tree)) {
    visit(tree, path);
    return;
  }
  const fields = Array.isArray(tree) ? tree.entries() : fieldsOf(tree, path);
  for (const [field, node] of fields) if (node !== undefined) eachValue(node, visit, below(path, `${field}`));
}

/** Describes a path for error messages: `the input` for the root, else `input layers.0.query`. */
export const named = (what: string, path: string): string => (path === '' ? `the ${what}` : `${what} ${path}`);

/** Lists the values of a tree, in the order of {@link mapTree}. */
export function leavesOf(tree: Tree): Value[] {
  const leaves: Value[] = [];
  eachValue(tree, (value) => leaves.push(value));
  return leaves;
}

/**
 * Lists the values of a tree with their paths.
 * @example
 * namedLeavesOf({ w: tensor([1, 2]), b: [scalar(3)] }).map(([path]) => path) // ['w', 'b.0']
 */
export function namedLeavesOf(tree: Tree): [path: string, value: Value][] {
  const leaves: [string, Value][] = [];
  eachValue(tree, (value, path) => leaves.push([path, value]));
  return leaves;
}

/** Replaces the values of a tree, in the order of {@link leavesOf}, and keeps the structure. */
export function withLeaves<T extends Tree>(tree: T, leaves: readonly Value[]): T {
  let next = 0;
  return mapTree(tree, () => leaves[next++]!);
}

/**
 * Builds the tree with the given leaves at the given paths: the inverse of {@link namedLeavesOf}. Where all fields are integers, it
 * makes a list.
 * @example
 * treeOf({ 'a.0': 1, 'a.1': 2, b: 3 }) // { a: [1, 2], b: 3 }
 */
export const treeOf = (leaves: Readonly<Record<string, unknown>>): unknown => treeBelow(Object.entries(leaves), 0);

/** The tree of the leaves whose paths share the characters before `from`. */
function treeBelow(leaves: readonly [path: string, leaf: unknown][], from: number): unknown {
  const fields = new Map<string, [string, unknown][]>();
  for (const entry of leaves) {
    const [path, leaf] = entry;
    if (from >= path.length) return leaf;
    const dot = path.indexOf('.', from);
    const field = path.slice(from, dot === -1 ? path.length : dot);
    const under = fields.get(field);
    if (under === undefined) fields.set(field, [entry]);
    else under.push(entry);
  }
  const node = (field: string): unknown => treeBelow(fields.get(field)!, from + field.length + 1);
  const names = [...fields.keys()];
  return names.length > 0 && names.every((_, i) => fields.has(`${i}`))
    ? names.map((_, i) => node(`${i}`))
    : Object.fromEntries(names.map((field) => [field, node(field)]));
}

/** Joins trees of one structure value by value. There must be at least one tree. */
export function joinTrees<T extends Tree>(trees: readonly T[], join: (xs: readonly Value[]) => Value): T {
  const leaves = trees.map(leavesOf);
  return withLeaves(
    trees[0]!,
    leaves[0]!.map((_, place) => join(leaves.map((xs) => xs[place]!))),
  );
}
