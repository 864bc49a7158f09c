/** @file Finds the first place where a training step is not finite: a parameter, an activation, the loss or a gradient. */
import { vjp } from '../autograd/vjp.ts';
import { f32 } from '../executors/f32/index.ts';
import { indexInput, input, item } from '../tensor/input.ts';
import { filledLike } from '../tensor/operand.ts';
import { at } from '../tensor/ops.ts';
import type { SiteParams } from '../tensor/primitives/site.ts';
import { type Shape, show } from '../tensor/shape.ts';
import { namedLeavesOf, type Tree } from '../tensor/tree.ts';
import type { Executor, Value } from '../tensor/value.ts';
import { globalNorm } from './clip.ts';
import { unflatten } from './flat.ts';
import { batchesOfStep, type Training, trainingSteps } from './steps.ts';

/** A number that is not finite, in the computation of one step. */
export interface NotFinite {
  readonly where: 'parameter' | 'activation' | 'loss' | 'gradient' | 'norm';
  /** Path of the parameter, name of the activation's site, or `loss` or `norm`. */
  readonly name: string;
  readonly shape: Shape;
  /** Position of its first element that is not finite, row-major. */
  readonly element: number;
  readonly value: number;
  /** Number of the batch in the step. */
  readonly batch: number;
  /** The first operation with a result that is not finite and operands that are, and the site before it. */
  readonly operation?: { readonly primitive: string; readonly after: string | null };
}

type Found = Pick<NotFinite, 'name' | 'shape' | 'element' | 'value'>;

/** Describes the first element of a value that is not finite. Null if there is none. */
function notFiniteIn(name: string, { on, data, shape }: Value): Found | null {
  const numbers = on.read(data);
  const element = numbers.findIndex((x) => !Number.isFinite(x));
  return element < 0 ? null : { name, shape, element, value: numbers[element]! };
}

/** An executor that computes on `base` and watches for numbers that are not finite. */
function watching(base: Executor) {
  let [site, operation]: [string | null, NotFinite['operation'] | null] = [null, null];
  let activation: Found | null = null;
  const allFinite = ({ kind, data }: Pick<Value, 'kind' | 'data'>): boolean =>
    kind === 'index' || base.read(data).every(Number.isFinite);
  const on: Executor = {
    ...base,
    get root() {
      return on;
    },
    run(primitive, xs, params, shape) {
      const data = base.run(primitive, xs, params, shape);
      if (primitive.name === 'site') {
        site = (params as SiteParams).name;
        activation ??= notFiniteIn(site, xs[0]!);
      } else if (operation === null && !allFinite({ kind: xs[0]!.kind, data }) && xs.every(allFinite)) {
        operation = { primitive: primitive.name, after: site };
      }
      return data;
    },
  };
  return {
    on,
    seen: () => ({ activation, ...(operation !== null && { operation: operation as NonNullable<typeof operation> }) }),
    /** Forgets the operations of the forward pass, where an infinity may be meant. */
    forget() {
      [site, operation] = [null, null];
    },
  };
}

/**
 * Computes one step again, eagerly, and returns the first place where it is not finite: a parameter; else, batch by batch, an
 * activation (the first site, in the order of the forward pass) or the loss; else a gradient, the one nearest to the loss; else the
 * norm of the gradient. `numbers` has the list `params` before the step and the batches of the step, [A, …]. Null if all is finite:
 * a device rounds differently. `on` is f32 unless given, an executor whose numbers can be read.
 * @example
 * const training = { shapes: { w: [2] }, batch: { x: { shape: [] } }, loss: ({ w }, { x }) => sum(mul(w, x)), optimizer: paperOptimizer };
 * firstNotFinite(training, { params: [1, 2], x: [NaN] }).where // 'loss'
 */
export function firstNotFinite<T extends Tree>(
  training: Training<T>,
  numbers: Readonly<Record<string, ArrayLike<number>>>,
  on: Executor = f32 as Executor,
): NotFinite | null {
  const { inputs } = trainingSteps({ ...training, steps: 1 });
  for (const [path, x] of namedLeavesOf(unflatten<T>(numbers.params!, training.shapes, on))) {
    const found = notFiniteIn(path, x);
    if (found !== null) return { ...found, where: 'parameter', batch: 0 };
  }
  const { accumulate = 1 } = training;
  for (let batch = 0; batch < accumulate; batch++) {
    const watch = watching(on);
    const params = unflatten<T>(numbers.params!, training.shapes, watch.on);
    const values = Object.entries(inputs)
      .filter(([name]) => Object.hasOwn(training.batch, name))
      .map(([name, { shape, kind }]) => [
        name,
        at((kind === 'index' ? indexInput : input)(watch.on, numbers[name]!, shape), 0, 0),
      ]);
    const own = batchesOfStep(training, Object.fromEntries(values), accumulate)[batch]!;
    const { value, pullback } = vjp((p: T) => training.loss(p, own), params);
    const { activation, ...first } = watch.seen();
    const loss = notFiniteIn('loss', value);
    if (loss !== null) {
      const found = activation ?? loss;
      return { ...found, ...first, where: found === loss ? 'loss' : 'activation', batch };
    }
    watch.forget();
    const gradients = namedLeavesOf(pullback(filledLike(value, 1, value.shape)));
    const { operation } = watch.seen();
    for (const [path, x] of gradients.reverse()) {
      const found = notFiniteIn(path, x);
      if (found !== null) return { ...found, ...(operation && { operation }), where: 'gradient', batch };
    }
    const norm = item(globalNorm(gradients.map(([, x]) => x)));
    if (!Number.isFinite(norm)) return { where: 'norm', name: 'norm', shape: [], element: 0, value: norm, batch };
  }
  return null;
}

/**
 * Describes a place for a message.
 * @example
 * const place = { where: 'gradient', name: 'head', shape: [4, 2], element: 3, value: NaN, batch: 0 };
 * describeNotFinite(place) // 'gradient head, element 3 of [4, 2], is NaN'
 */
export function describeNotFinite({ where, name, shape, element, value, operation }: NotFinite): string {
  const what = where === name ? where : `${where} ${name}`;
  const position = shape.length === 0 ? '' : `, element ${element} of ${show(shape)},`;
  if (operation === undefined) return `${what}${position} is ${value}`;
  const after = operation.after === null ? '' : ` after ${operation.after}`;
  return `${what}${position} is ${value}; the first operation with such a result is ${operation.primitive}${after}`;
}
