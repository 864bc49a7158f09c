/** @file Tests random programs of views, concatenations, reductions and products on integers. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { f64 } from '../../../src/executors/f64/index.ts';
import { type Backend, compile, type Equation, type Tuning } from '../../../src/executors/gpu/index.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { zerosLike } from '../../../src/tensor/operand.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { maxReduce } from '../../../src/tensor/primitives/max-reduce.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { pad } from '../../../src/tensor/primitives/pad.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { select } from '../../../src/tensor/primitives/select.ts';
import { sign } from '../../../src/tensor/primitives/sign.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import { type Rng, rng } from '../../../src/tensor/random.ts';
import { type Shape, sameShape, sizeOf } from '../../../src/tensor/shape.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { cases } from '../../support/property.ts';

type Step = (x: Value, random: Rng, others: readonly Value[]) => Value;

const axisOf = ({ shape }: Value, random: Rng): number => random.integer(shape.length);
const letters = ({ shape }: Value, from: string): string[] => [...from.slice(0, shape.length)];

/** Another shape of the same size. */
function anotherShape(size: number, random: Rng): Shape {
  const shape: number[] = [];
  let left = size;
  for (const p of [2, 2, 3, 2, 3, 5, 7]) {
    if (left % p !== 0) continue;
    left /= p;
    if (shape.length > 0 && random.integer(2) === 0) shape[shape.length - 1]! *= p;
    else shape.push(p);
  }
  return [...shape, left, ...(random.integer(4) === 0 ? [1] : [])];
}

/** Steps that move, combine and reduce values with at least one axis. Numbers stay small integers. */
const steps: readonly Step[] = [
  (x, random) => reshape(x, anotherShape(sizeOf(x.shape), random)),
  (x, random) => {
    const order = x.shape.map((_, i) => i);
    const [i, j] = [axisOf(x, random), axisOf(x, random)];
    [order[i], order[j]] = [order[j]!, order[i]!];
    return transpose(x, order);
  },
  (x, random) => {
    const axis = axisOf(x, random);
    const start = random.integer(x.shape[axis]!);
    return slice(x, axis, start, start + 1 + random.integer(x.shape[axis]! - start));
  },
  (x, random) => pad(x, axisOf(x, random), random.integer(3), random.integer(3)),
  (x, random, others) => {
    const parts = others.filter((y) => sameShape(x.shape, y.shape));
    const count = 1 + random.integer(6);
    return concat(
      Array.from({ length: count }, () => parts[random.integer(parts.length)]!),
      axisOf(x, random),
    );
  },
  (x) => broadcast(x, [2, ...x.shape]),
  (x, random, others) => {
    const same = others.filter((y) => sameShape(x.shape, y.shape));
    const y = same[random.integer(same.length)]!;
    return random.integer(2) === 0 ? add(x, sign(y)) : select(sign(x), y, mul(sign(x), y));
  },
  (x, random) => sum(sign(x), [axisOf(x, random)]),
  (x, random) => maxReduce(x, axisOf(x, random)),
  (x, random, others) => {
    // contract with another value over an axis of the same length
    const at = axisOf(x, random);
    const partners = others.flatMap((y) => y.shape.flatMap((n, axis) => (n === x.shape[at] ? [{ y, axis }] : [])));
    const { y, axis } = partners[random.integer(partners.length)]!;
    const [left, right] = [letters(x, 'abcdef'), letters(y, 'uvwxyz')];
    left[at] = 'k';
    right[axis] = 'k';
    const out = [...left, ...right].filter((letter) => letter !== 'k');
    return einsum(`${left.join('')},${right.join('')}->${out.join('')}`, sign(x), sign(y));
  },
  (x, random) => {
    const axis = axisOf(x, random);
    const first = zerosLike(x, x.shape.toSpliced(axis, 1));
    return linearScan(sign(x), sign(x), first, axis, { reverse: random.integer(2) === 0 });
  },
];

/** A program of random steps on earlier values; it returns all values. */
const program =
  (seed: number, count: number): Equation =>
  ({ x, y }) => {
    const random = rng(seed);
    const values: Value[] = [x!, y!, add(x!, mul(y!, x!))];
    while (values.length < count) {
      const on = values[Math.max(random.integer(values.length), random.integer(values.length))]!;
      const next = steps[random.integer(steps.length)]!(on, random, values);
      if (next.shape.length > 0 && next.shape.length < 7 && sizeOf(next.shape) <= 2000) values.push(next);
    }
    return Object.fromEntries(values.map((value, i) => [`v${i}`, value]));
  };

const shape = [2, 3, 4];

/** Runs a program on a backend and in f64, and expects equal results. */
async function compareOn(backend: Backend, tuning: Tuning, fn: Equation): Promise<void> {
  const numbers = Float32Array.from({ length: 24 }, (_, i) => ((i * 7) % 5) - 2);
  const given = { x: numbers, y: numbers.toReversed() };
  const f = await compile(fn, { x: { shape }, y: { shape } }, { backend, tuning });
  const found = await f(given);
  await f.dispose();
  const on = (x: Float32Array): Value => input(f64, Float64Array.from(x), shape);
  for (const [name, value] of Object.entries(fn({ x: on(given.x), y: on(given.y) }))) {
    // + 0 turns −0 into 0
    expect(
      [...found[name]!].map((n) => n + 0),
      name,
    ).toEqual([...read(value)].map((n) => n + 0));
  }
}

/** Tests random programs on a backend. */
export function testViews(backend: Backend, runs: number): void {
  it.each([
    { what: 'short expressions', tuning: { mostWork: 6, launchBytes: 0 } },
    { what: 'long expressions, recomputed', tuning: { mostWork: 48, launchBytes: 16e6 } },
  ])(`on ${backend}, $what: composed views, concatenations and reductions equal f64`, async ({ tuning }) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 30 }), fc.integer({ min: 4, max: 14 }), (seed, count) =>
        compareOn(backend, tuning, program(seed, count)),
      ),
      cases(runs),
    );
  });
}
