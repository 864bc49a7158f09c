/** @file Flattens a tree of parameters into one array and back, so that a compiled function has few inputs. */
import { fail } from '../tensor/errors.ts';
import { read } from '../tensor/input.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { type Shape, sameShape, show, sizeOf } from '../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../tensor/tree.ts';
import type { Value } from '../tensor/value.ts';

/** Shapes of all parameters by path, in the order of the list. */
export type Shapes = Readonly<Record<string, Shape>>;

/**
 * Number of elements of all parameters.
 * @example
 * sizeOfAll({ a: [2, 3], 'b.0': [] }) // 7
 */
export const sizeOfAll = (shapes: Shapes): number =>
  Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);

/**
 * Flattens all parameters into one list, rounded to single precision, for {@link unflatten}. Throws unless the tree has exactly the
 * paths of `shapes`, with these shapes.
 * @example
 * flattenParams({ b: [scalar(3)], a: tensor([1, 2]) }, { a: [2], 'b.0': [] }) // [1, 2, 3]
 */
export function flattenParams(params: Tree, shapes: Shapes): Float32Array {
  const found = new Map(namedLeavesOf(params));
  const extra = [...found.keys()].find((path) => !Object.hasOwn(shapes, path));
  if (extra !== undefined)
    fail(`flattenParams: the parameters have ${extra}, which the shapes have not; change one of them`);
  const numbers = Object.entries(shapes).flatMap(([path, shape]) => {
    const value = found.get(path);
    if (value === undefined || !sameShape(value.shape, shape)) {
      const has = value === undefined ? 'is missing' : `has shape ${show(value.shape)}`;
      fail(`flattenParams: parameter ${path} ${has}; it is to have shape ${show(shape)}`);
    }
    return Array.from(read(value!));
  });
  return Float32Array.from(numbers);
}

/**
 * Restores the tree of parameters from a list [P]. Throws when the list has more or fewer numbers.
 * @example
 * read(unflatten(tensor([1, 2, 3]), { a: [2], 'b.0': [] }).a) // [1, 2]
 */
export function unflatten<T extends Tree>(list: Value, shapes: Shapes): T {
  const size = sizeOfAll(shapes);
  if (list.shape.length !== 1 || list.shape[0] !== size) {
    fail(`unflatten: the list has shape ${show(list.shape)}; these parameters are ${show([size])}`);
  }
  let end = 0;
  const parts = Object.entries(shapes).map(([path, shape]): [string, Value] => {
    const start = end;
    end += sizeOf(shape);
    return [path, reshape(slice(list, 0, start, end), shape)];
  });
  return treeOf(Object.fromEntries(parts)) as T;
}
