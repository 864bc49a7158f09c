/** @file Flattens a tree of parameters into one array and back, so that a compiled function has few inputs. */
import { f64 } from '../executors/f64/index.ts';
import { described } from '../tensor/apply.ts';
import { fail } from '../tensor/errors.ts';
import { input, read } from '../tensor/input.ts';
import { reshape } from '../tensor/primitives/reshape.ts';
import { slice } from '../tensor/primitives/slice.ts';
import { checkShape, type Shape, sameShape, show, sizeOf } from '../tensor/shape.ts';
import { namedLeavesOf, type Tree, treeOf } from '../tensor/tree.ts';
import { type Executor, isValue, type Value } from '../tensor/value.ts';

/** Shapes of all parameters by path, in the order of the list. */
export type Shapes = Readonly<Record<string, Shape>>;

/**
 * Number of elements of all parameters.
 * @example
 * sizeOfAll({ a: [2, 3], 'b.0': [] }) // 7
 */
export const sizeOfAll = (shapes: Shapes): number =>
  Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);

/** Throws unless these are shapes by path. */
function checkShapes(call: string, shapes: unknown): asserts shapes is Shapes {
  if (typeof shapes !== 'object' || shapes === null || isValue(shapes))
    fail(
      `${call}: the shapes are ${described(shapes)}; give a record of them by path, as model.shapes(config) makes it`,
    );
  for (const [path, shape] of Object.entries(shapes)) checkShape(`${call}: ${path}`, shape);
}

/** Lists the numbers of all parameters in the order of the shapes: see {@link flattenParams}. */
function numbersOf(call: string, params: Tree, shapes: Shapes): Float64Array {
  const found = new Map(namedLeavesOf(params));
  const extra = [...found.keys()].find((path) => !Object.hasOwn(shapes, path));
  if (extra !== undefined) fail(`${call}: the parameters have ${extra}, which the shapes have not; change one of them`);
  const list = new Float64Array(sizeOfAll(shapes));
  let end = 0;
  for (const [path, shape] of Object.entries(shapes)) {
    const value = found.get(path);
    if (value === undefined || !sameShape(value.shape, shape)) {
      const has = value === undefined ? 'is missing' : `has shape ${show(value.shape)}`;
      fail(`${call}: parameter ${path} ${has}; it is to have shape ${show(shape)}`);
    }
    list.set(read(value!), end);
    end += sizeOf(shape);
  }
  return list;
}

/**
 * Flattens all parameters into one list, rounded to single precision, for {@link unflatten}. Throws unless the tree has exactly the
 * paths of `shapes`, with these shapes.
 * @example
 * flattenParams({ b: [scalar(3)], a: tensor([1, 2]) }, { a: [2], 'b.0': [] }) // [1, 2, 3]
 */
export const flattenParams = (params: Tree, shapes: Shapes): Float32Array =>
  Float32Array.from(numbersOf('flattenParams', params, shapes));

/**
 * Flattens all parameters into one list as {@link flattenParams} does, without rounding.
 * @example
 * flattenExactly({ a: tensor([0.1, 2]) }, { a: [2] }) // [0.1, 2]
 */
export const flattenExactly = (params: Tree, shapes: Shapes): Float64Array =>
  numbersOf('flattenExactly', params, shapes);

/**
 * Restores the tree of parameters from a list [P]: a value, or numbers such as `await kept('params')`, which become values on `on`,
 * f64 unless given. Throws when the list has more or fewer numbers, and on what are no shapes.
 * @example
 * read(unflatten(Float32Array.of(1, 2, 3), { a: [2], 'b.0': [] }).a) // [1, 2]
 */
export function unflatten<T extends Tree>(list: Value | ArrayLike<number>, shapes: Shapes, on: Executor = f64): T {
  checkShapes('unflatten', shapes);
  const size = sizeOfAll(shapes);
  const shape = isValue(list) ? list.shape : [numberOf(list)];
  if (shape.length !== 1 || shape[0] !== size) {
    fail(`unflatten: the list has shape ${show(shape)}; these parameters are ${show([size])}`);
  }
  const value = isValue(list) ? list : input(on, list, shape);
  let end = 0;
  const parts = Object.entries(shapes).map(([path, shape]): [string, Value] => {
    const start = end;
    end += sizeOf(shape);
    return [path, reshape(slice(value, 0, start, end), shape)];
  });
  return treeOf(Object.fromEntries(parts)) as T;
}

/** Length of a list of numbers. Throws on anything else, such as the promise of one. */
function numberOf(list: unknown): number {
  if (Array.isArray(list) || (ArrayBuffer.isView(list) && 'length' in list)) return (list as ArrayLike<number>).length;
  return fail(`unflatten: the list is ${described(list)}; give a value [P] or an array, as in await kept('params')`);
}
