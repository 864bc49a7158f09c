/**
 * @file Launches tiled products, several in one kernel where they share an operand or are added. For that, a product waits until its
 * result is read, or all of its group are there. The first trace finds the groups.
 */

import type { Fuser } from '../fusion/fuser.ts';
import type { ProductGroup } from '../fusion/history.ts';
import type { Workgroup } from '../text/kernel.ts';
import { type Axis, axesOfOne, type MatrixAxis, merged } from '../text/places.ts';
import { mostElementsOn, type TileShape } from '../text/target.ts';
import type { Expression, Numbers, Place, Resident } from '../values/numbers.ts';
import { sums } from './reduce.ts';
import { joinedParts } from './splits.ts';
import {
  arraysOf,
  type Choice,
  chooseTiling,
  type Joining,
  operandsOf,
  type Product,
  type Tiling,
  tiledKey,
  tiledProduct,
} from './tiles.ts';

/** A product, or a sum of products, whose kernel may not be scheduled yet. */
interface Waiting {
  /** Numbers of its products. */
  readonly numbers: readonly number[];
  readonly products: readonly Product[];
  readonly text: string;
  readonly shape: readonly number[];
  readonly choice: Choice;
  readonly group: Group | null;
  /** Whether it is a part of a sum. */
  isAdded: boolean;
  place: Place | null;
}

/** Products that share a kernel. */
interface Group {
  readonly joining: Joining;
  readonly choice: Choice;
  readonly count: number;
  readonly members: Waiting[];
}

/** The products of a trace. */
interface Products {
  readonly all: Waiting[];
  readonly byResult: WeakMap<Numbers, Waiting>;
  /** Groups by the number of each member. */
  readonly groups: ReadonlyMap<number, Group>;
  readonly grouped: Set<Waiting>;
  /** Kernels that have been written, by {@link tiledKey}: layers and steps share them. Null where products do not fit into one. */
  readonly kernels: Map<string, Workgroup | null>;
}

const traces = new WeakMap<Fuser, Products>();

function productsOf(fuser: Fuser): Products {
  const before = traces.get(fuser);
  if (before !== undefined) return before;
  const groups = fuser.products.isComplete ? groupsOf(fuser) : new Map<number, Group>();
  const own = { all: [], byResult: new WeakMap(), groups, grouped: new Set<Waiting>(), kernels: new Map() };
  traces.set(fuser, own);
  return own;
}

/** The groups that the first trace has found, by the number of each member. */
function groupsOf(fuser: Fuser): Map<number, Group> {
  const groups = new Map<number, Group>();
  for (const { joining, members } of fuser.products.groups) {
    const live = members.filter(({ number }) => fuser.products.read.has(number));
    const choice =
      live.length < 2
        ? null
        : chooseJoint(
            fuser,
            joining,
            live.map(({ size }) => size),
          );
    if (choice === null) continue;
    const group = { joining, choice, count: live.length, members: [] };
    for (const { number } of live) groups.set(number, group);
  }
  return groups;
}

type Sizes = readonly ProductGroup['members'][number]['size'][];

/** Chooses the tiling of a group. Its tiles divide the rows or columns of each member. */
function chooseJoint({ target }: Fuser, joining: ProductGroup['joining'], sizes: Sizes): Choice | null {
  const divides = (tile: TileShape): boolean =>
    sizes.every(([, m, n, k]) => k % tile.k === 0 && (joining === 'rows' ? m % tile.m === 0 : n % tile.n === 0));
  return chooseTiling(sizes, target, { isUsable: divides });
}

/** The kernel of products, written once for all that differ in their arrays and starts alone. Null if they do not fit into one. */
function kernelOf(fuser: Fuser, products: readonly Product[], tiling: Tiling, joining: Joining = 'sum') {
  const { kernels } = productsOf(fuser);
  const key = tiledKey(products, tiling, joining);
  const before = kernels.get(key);
  if (before !== undefined) return before;
  const kernel = tiledProduct(products, tiling, joining);
  kernels.set(key, kernel);
  return kernel;
}

/** The result of a tiled product. Its kernel may wait for others. */
export function sharedProduct(
  fuser: Fuser,
  product: Product,
  shape: readonly number[],
  text: string,
  own: Choice,
): Expression {
  const products = productsOf(fuser);
  const { isComplete, summed, read } = fuser.products;
  const number = products.all.length;
  const group = products.groups.get(number) ?? null;
  const choice = group?.choice ?? own;
  const waiting: Waiting = {
    numbers: [number],
    products: [product],
    text,
    shape,
    choice,
    group,
    isAdded: false,
    place: null,
  };
  products.all.push(waiting);
  group?.members.push(waiting);
  if (group !== null && group.members.length === group.count) launch(fuser, group.members, group.joining);
  if (isComplete && group === null && (!summed.has(number) || read.has(number))) launch(fuser, [waiting]);
  return resultOf(fuser, waiting);
}

/** Adds two products by one kernel. Null if they are other expressions, are read already, or do not fit into one kernel. */
export function sumOfProducts(fuser: Fuser, x: Numbers, y: Numbers): Expression | null {
  if (!fuser.target.workgroups) return null;
  const { byResult } = productsOf(fuser);
  const [a, b] = [byResult.get(x), byResult.get(y)];
  if (a === undefined || b === undefined || a === b) return null;
  if ([a, b].some(({ place, group }) => place !== null || group !== null)) return null;
  if (resultKey(a) !== resultKey(b)) return null;
  const products = [...a.products, ...b.products];
  const depths = products.map(({ sizes }) => sizes[3]);
  const [batch, m, n] = products[0]!.sizes;
  const depth = depths.reduce((sum, k) => sum + k, 0);
  const choice = chooseTiling([[batch, m, n, depth]], fuser.target, {
    isUsable: (tile) => depths.every((k) => k % tile.k === 0),
  });
  if (choice === null || arraysOf(products).length > fuser.target.mostArrays) return null;
  if (kernelOf(fuser, products, choice.tiling) === null) return null;
  const numbers = [...a.numbers, ...b.numbers];
  for (const part of [a, b]) {
    part.isAdded = true;
    if (part.numbers.length === 1) fuser.products.summed.add(part.numbers[0]!);
  }
  return resultOf(fuser, { ...a, numbers, products, choice, isAdded: false });
}

/** A key that is equal for products whose results have the same axes with the same strides. */
const resultKey = ({ products: [product] }: Waiting): string =>
  JSON.stringify(
    [product!.axes.batch, product!.axes.rows, product!.axes.columns].map((axes) => axesOfOperand(axes, 2)),
  );

const axesOfOperand = (axes: readonly MatrixAxis[], operand: number): Axis[] => merged(axesOfOne(axes, operand));

/** The result of a product, as an expression of an array that is written when it is first read. */
function resultOf(fuser: Fuser, waiting: Waiting): Expression {
  const { shape, choice, products } = waiting;
  const { splits } = choice.tiling;
  const [batch, m, n] = products[0]!.sizes;
  const array: Resident = {
    is: 'resident',
    size: batch * m * n * splits,
    source: null,
    place: () => waiting.place ?? whenRead(fuser, waiting),
  };
  const result = joinedParts(array, shape, splits, sums.combine);
  productsOf(fuser).byResult.set(result, waiting);
  return result;
}

/** Schedules the kernel of a product whose result is read now, and returns the place of the result. */
function whenRead(fuser: Fuser, waiting: Waiting): Place {
  const { read, isComplete } = fuser.products;
  if (waiting.numbers.length === 1 || waiting.isAdded) for (const number of waiting.numbers) read.add(number);
  if (!isComplete && waiting.numbers.length === 1) recordGroup(fuser, waiting);
  const group = waiting.group?.members.filter(({ place }) => place === null) ?? [waiting];
  launch(fuser, group, waiting.group?.joining);
  return waiting.place!;
}

/** Launches one product, or several in one kernel if possible. */
function launch(fuser: Fuser, group: readonly Waiting[], joining: Joining = 'sum'): void {
  const products = group.flatMap((own) => own.products);
  const { tiling } = group[0]!.choice;
  const workgroup = kernelOf(fuser, products, tiling, group.length === 1 ? 'sum' : joining);
  if (workgroup === null) {
    for (const one of group) launch(fuser, [one]);
    return;
  }
  const sizes = products.map(({ sizes: [batch, m, n] }) => batch * m * n * tiling.splits);
  const results = group.length === 1 ? [sizes[0]!] : sizes;
  const text = products.length === 1 ? group[0]!.text : 'return a0[i];';
  const total = results.reduce((sum, size) => sum + size, 0);
  const array = fuser.launch(total, operandsOf(products), text, workgroup);
  let start = 0;
  for (const [k, one] of group.entries()) {
    one.place = { array, start };
    start += results[k]!;
  }
}

/** Records the products that could share a kernel with one that is read now: they wait too, and have an operand of it. */
function recordGroup(fuser: Fuser, first: Waiting): void {
  const { all, grouped } = productsOf(fuser);
  if (grouped.has(first)) return;
  const free = all.filter((one) => one.place === null && !one.isAdded && !grouped.has(one) && isAlike(one, first));
  const groups = (['columns', 'rows'] as const).map((joining) => {
    const key = sharedKey(first, joining);
    return {
      joining,
      members: within(
        fuser,
        free.filter((one) => sharedKey(one, joining) === key),
      ),
    };
  });
  const { joining, members } = groups.reduce((best, one) => (one.members.length > best.members.length ? one : best));
  if (members.length < 2) return;
  const sizes = members.map(({ products }) => products[0]!.sizes);
  const joint = chooseJoint(fuser, joining, sizes);
  const apart = members.reduce((sum, { choice }) => sum + choice.time, 0);
  if (joint === null || joint.time > apart) return;
  if (
    kernelOf(
      fuser,
      members.flatMap((one) => one.products),
      joint.tiling,
      joining,
    ) === null
  )
    return;
  for (const one of members) grouped.add(one);
  const numbered = members.map(({ numbers: [number] }, k) => ({ number: number!, size: sizes[k]! }));
  fuser.products.groups.push({ joining, members: numbered });
}

/** Whether products alone have tiles of one shape. */
const isAlike = (x: Waiting, y: Waiting): boolean =>
  x.choice.tiling.m === y.choice.tiling.m && x.choice.tiling.n === y.choice.tiling.n;

/** The first of some products that one kernel can read and write. */
function within({ target }: Fuser, members: readonly Waiting[]): Waiting[] {
  const fits = (few: readonly Waiting[]): boolean => {
    const products = few.flatMap((one) => one.products);
    const size = products.reduce((sum, { sizes: [batch, m, n] }) => sum + batch * m * n, 0);
    return arraysOf(products).length <= target.mostArrays && size <= mostElementsOn(target);
  };
  const chosen: Waiting[] = [];
  for (const one of members) if (fits([...chosen, one])) chosen.push(one);
  return chosen;
}

const ids = new WeakMap<Resident, number>();
let count = 0;

/** A key that is equal for products that share A and its rows, or B and its columns. */
function sharedKey({ products: [product] }: Waiting, joining: 'columns' | 'rows'): string {
  const { a, b, axes } = product!;
  const [{ array, form }, side, operand] = joining === 'columns' ? [a, axes.rows, 0] : [b, axes.columns, 1];
  const id = ids.get(array) ?? count++;
  ids.set(array, id);
  return JSON.stringify([id, form.start, ...[side, axes.batch, axes.summed].map((own) => axesOfOperand(own, operand))]);
}
