import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import type { Equation } from '../../../src/executors/gpu/index.ts';
import { chooseTiling, tileShapes } from '../../../src/executors/gpu/kernels/tiles.ts';
import { called } from '../../../src/executors/gpu/text/natives.ts';
import { targets } from '../../../src/executors/gpu/text/target.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { scale } from '../../../src/tensor/primitives/scale.ts';
import { scatterAdd } from '../../../src/tensor/primitives/scatter-add.ts';
import { sigmoid } from '../../../src/tensor/primitives/sigmoid.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { testThatGroupsAreMeant } from './groups.ts';
import { grouped, kernelsOf } from './kernels-of.ts';

const matrix = { shape: [3, 40] };

describe('the text of kernels', () => {
  it.each<readonly [string, Equation, Parameters<typeof kernelsOf>[1], typeof grouped]>([
    [
      'a chain of elementwise functions through a transposition: one',
      ({ x, y }) => ({ z: mul(transpose(mul(x!, y!), [1, 0]), transpose(x!, [1, 0])) }),
      { x: matrix, y: matrix },
      targets.webasm,
    ],
    [
      'parts one after another: one',
      ({ x, y }) => ({ z: concat([mul(x!, x!), y!], 1) }),
      { x: matrix, y: { shape: [3, 2] } },
      targets.webasm,
    ],
    ['a sum by a group of threads', ({ x }) => ({ y: sum(mul(x!, x!), [1]) }), { x: matrix }, grouped],
    [
      'a product by tiles, ragged on all sides',
      ({ x, y }) => ({ z: einsum('ij,kj->ik', x!, y!) }),
      { x: { shape: [33, 17] }, y: { shape: [35, 17] } },
      { ...grouped, tiles: [tileShapes[3]!] },
    ],
    [
      'a scan by chunks, from the end',
      ({ x, y, h }) => ({ z: linearScan(x!, y!, h!, 1, { reverse: true }) }),
      { x: matrix, y: matrix, h: { shape: [3] } },
      grouped,
    ],
    [
      'rows added by index',
      ({ x, at }) => ({ y: scatterAdd(x!, at!, 4) }),
      { x: { shape: [40, 3] }, at: { shape: [40], kind: 'index' } },
      grouped,
    ],
  ])('%s', (_name, fn, inputs, target) => {
    const texts = kernelsOf(fn, inputs, target).map(({ text, size, workgroup }) =>
      workgroup === null ? `${size}: ${text}` : `${size}: ${text}\n${workgroup.groups}: ${workgroup.wgsl}`,
    );
    expect(texts.join('\n\n')).toMatchSnapshot();
  });
});

describe('groups of threads are what computes', testThatGroupsAreMeant);

describe('kernels', () => {
  const gate: Equation = ({ x }) => {
    const { value, pullback } = vjp((u: Value) => mul(u, sigmoid(u)), x!);
    return { value, gradient: pullback(value) };
  };

  it('are joined on a graphics card, and short elsewhere', () => {
    expect(kernelsOf(gate, { x: { shape: [8] } }, grouped).length).toBe(2);
    const calls = (target: typeof grouped): number => kernelsOf(gate, { x: { shape: [8] } }, target).length;
    expect(calls(targets.webasm)).toBeGreaterThan(calls(grouped));
  });

  it('make powers of two by their bits where they can call WGSL, else by a ladder', () => {
    const texts = (target: typeof grouped): string =>
      kernelsOf(gate, { x: { shape: [8] } }, target)
        .map(({ text }) => text)
        .join('\n');
    expect(texts(grouped)).toContain('timesPowerOf2(');
    expect(called(texts(grouped)).map(({ name }) => name)).toEqual(['timesPowerOf2']);
    expect(texts(targets.webasm)).not.toContain('timesPowerOf2(');
    expect(called(texts(targets.webasm))).toEqual([]);
  });

  it('compute once what both parts of a concat compute, where it reads inside its arrays for both', () => {
    const pairs: Equation = ({ x }) => {
      const column = (y: Value): Value => reshape(y, [4, 5, 1]);
      return { y: concat([column(sigmoid(x!)), column(scale(sigmoid(x!), 2))], 2) };
    };
    const ends: Equation = ({ x }) => ({ y: concat([sigmoid(x!), scale(sigmoid(x!), 2)], 0) });
    const oneMore: Equation = ({ x, y }) => ({ z: concat([reshape(x!, [20]), y!], 0) });
    /** How often a kernel has a function, and reads under a guard. */
    const counts = (fn: Equation): number[] => {
      const [kernel, ...others] = kernelsOf(fn, { x: { shape: [4, 5] }, y: { shape: [1] } }, grouped);
      expect(others).toEqual([]);
      return [/timesPowerOf2\(/g, /\[v\d+ > 0 \?/g].map((part) => [...kernel!.text.matchAll(part)].length);
    };
    expect(counts(pairs)).toEqual([1, 0]);
    // the second part begins where the first ends: elsewhere each would read beyond the array, be it by one place
    expect(counts(ends)).toEqual([2, 2]);
    expect(counts(oneMore)).toEqual([0, 1]);
  });

  it('of a long sum have several threads for a result, and groups enough', () => {
    const threads = (shape: readonly number[], axis: number): number => {
      const [kernel] = kernelsOf(({ x }) => ({ y: sum(mul(x!, x!), [axis]) }), { x: { shape } }, grouped);
      return 256 * kernel!.workgroup!.groups.reduce((x, y) => x * y, 1);
    };
    // a thread takes in 16 numbers where there are many results, 4 where there are few
    expect(threads([8192, 512], 1)).toBe((8192 * 512) / 16);
    expect(threads([64, 512], 1)).toBe((64 * 512) / 4);
    expect(threads([8192, 256], 0)).toBe(2 ** 17);
  });

  const wide = 2 ** 20;

  it('compute numbers that repeat once', () => {
    const scaled: Equation = ({ x, y }) => ({ z: mul(x!, sigmoid(y!)) });
    const shapes = { x: { shape: [16, wide / 16] }, y: { shape: [16, 1] } };
    // the function of a row's number is so cheap that it is evaluated in place, until many kernels do so
    expect(kernelsOf(scaled, shapes, grouped).map(({ size }) => size)).toEqual([wide]);
    expect(kernelsOf(scaled, shapes, { ...grouped, mostWork: 4 }).map(({ size }) => size)).toEqual([16, wide]);
  });

  it('write what many of them read before the first one reads it, where that is foreseen', () => {
    const often: Equation = ({ x, y }) => {
      const both = add(x!, y!);
      const uses = (k: number): Value => mul(transpose(k % 2 === 0 ? both : mul(both, both), [1, 0]), scale(x!, k + 2));
      return Object.fromEntries(Array.from({ length: 9 }, (_, k) => [`z${k}`, uses(k)]));
    };
    const shapes = { x: { shape: [1024, 1024] }, y: { shape: [1024, 1024] } };
    const reads = (launchBytes: number): number[] =>
      kernelsOf(often, shapes, { ...grouped, launchBytes }).map(({ text }) => text.match(/a\d\[/g)!.length);
    expect(reads(1e6)).toEqual(Array.from({ length: 10 }, () => 2));
    expect(reads(1e9)).toEqual(Array.from({ length: 9 }, () => 3));
  });

  it('of tiles never have more groups, or numbers, than a device takes', () => {
    expect(chooseTiling([1, 2 ** 23, 2, 8], grouped)).toBe(null);
    expect(chooseTiling([1, 64, 64, 4096], grouped)!.splits).toBeGreaterThan(1);
    const little = { ...grouped, arrayBytes: 4 * 64 * 64 };
    expect(chooseTiling([1, 64, 64, 4096], little)!.splits).toBe(1);
    expect(chooseTiling([1, 64, 64, 4096], targets.webgpu)).toBe(null);
  });
});
