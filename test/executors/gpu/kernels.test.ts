import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vjp } from '../../../src/autograd/vjp.ts';
import { tensor } from '../../../src/executors/f64/index.ts';
import type { Equation } from '../../../src/executors/gpu/index.ts';
import { chooseTiling, tileShapes } from '../../../src/executors/gpu/kernels/tiles.ts';
import { keyOf } from '../../../src/executors/gpu/text/kernel.ts';
import { called } from '../../../src/executors/gpu/text/natives.ts';
import { targets } from '../../../src/executors/gpu/text/target.ts';
import { elementOf } from '../../../src/executors/gpu/text/wgsl.ts';
import { read } from '../../../src/tensor/input.ts';
import { constantLike, tableLike } from '../../../src/tensor/operand.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { causalConvolution } from '../../../src/tensor/primitives/causal-convolution.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { scale } from '../../../src/tensor/primitives/scale.ts';
import { scatterAdd } from '../../../src/tensor/primitives/scatter-add.ts';
import { sigmoid } from '../../../src/tensor/primitives/sigmoid.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { root } from '../../support/root.ts';
import { kernelsOf, withWorkgroups } from './kernels-of.ts';
import { testWorkgroupsAreUsed, workgroupCases } from './workgroups.ts';

const matrix = { shape: [3, 40] };

it('a trace makes a table once for all that name it', () => {
  const made: string[] = [];
  const fn: Equation = ({ x }) => {
    const table = (name: string, n: number) =>
      tableLike(x!, name, () => {
        made.push(name);
        return constantLike(x!, Float64Array.of(n, 2 * n), [2]);
      });
    return { y: mul(mul(x!, table('one', 1)), mul(table('one', 1), table('two', 2))) };
  };
  expect(kernelsOf(fn, { x: { shape: [2] } }, targets.webasm).length).toBe(1);
  expect(made).toEqual(['one', 'two']);
  const x = tensor([1, 1]);
  expect([...read(fn({ x }).y!)]).toEqual([2, 16]);
  expect(made).toEqual(['one', 'two', 'one', 'one', 'two']);
});

describe('the text of kernels', () => {
  it('is one for all layers whose numbers are parts of an array, or of what replaces it', () => {
    const fn: Equation = ({ x, w }) => {
      let h = x!;
      const later = add(w!, 1);
      for (const numbers of [w!, later]) {
        for (const layer of [0, 1, 2]) {
          const part = (first: number, length: number) =>
            slice(numbers, 0, 300 * layer + first, 300 * layer + first + length);
          h = einsum('ij,jk->ik', h, reshape(part(0, 256), [16, 16]));
          h = mul(h, reshape(part(256, 32), [32, 1]));
        }
      }
      return { h, later };
    };
    const kernels = kernelsOf(fn, { x: { shape: [32, 16] }, w: { shape: [1000] } }, withWorkgroups);
    expect(kernels.length).toBe(13);
    expect(new Set(kernels.map(keyOf)).size).toBe(3);
  });

  it('is another for a part that vec4 loads cannot read', () => {
    const { fn, inputs } = workgroupCases.find(({ name }) => name.endsWith('of which vec4 loads read one'))!;
    const read = kernelsOf(fn, inputs, withWorkgroups).map(({ workgroup }) => workgroup!.vec4Arrays!.includes('a1'));
    expect(read).toEqual([true, false]);
  });

  it.each<readonly [string, Equation, Parameters<typeof kernelsOf>[1], typeof withWorkgroups]>([
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
    ['a sum by a workgroup', ({ x }) => ({ y: sum(mul(x!, x!), [1]) }), { x: matrix }, withWorkgroups],
    [
      'a product by tiles, ragged on all sides',
      ({ x, y }) => ({ z: einsum('ij,kj->ik', x!, y!) }),
      { x: { shape: [33, 17] }, y: { shape: [35, 17] } },
      { ...withWorkgroups, tiles: [tileShapes[4]!] },
    ],
    [
      'a product by large tiles, with neighbouring invocations in blocks',
      ({ x, y }) => ({ z: einsum('ij,jk->ik', x!, y!) }),
      { x: { shape: [128, 32] }, y: { shape: [32, 128] } },
      { ...withWorkgroups, tiles: [{ ...tileShapes[0]!, unrolled: false }] },
    ],
    [
      'a scan by chunks, from the end',
      ({ x, y, h }) => ({ z: linearScan(x!, y!, h!, 1, { reverse: true }) }),
      { x: matrix, y: matrix, h: { shape: [3] } },
      withWorkgroups,
    ],
    [
      'rows added by index',
      ({ x, at }) => ({ y: scatterAdd(x!, at!, 4) }),
      { x: { shape: [40, 3] }, at: { shape: [40], kind: 'index' } },
      withWorkgroups,
    ],
  ])('%s', (_name, fn, inputs, target) => {
    const texts = kernelsOf(fn, inputs, target).map(({ text, size, workgroup }) =>
      workgroup === null ? `${size}: ${text}` : `${size}: ${text}\n${workgroup.groups}: ${workgroup.wgsl}`,
    );
    expect(texts.join('\n\n')).toMatchSnapshot();
  });
});

it('the README shows the kernel of its equation', () => {
  const page = readFileSync(join(root, 'src/executors/gpu/README.md'), 'utf8');
  const shown = /^ *```js\n([\s\S]*?)\n *```$/m.exec(page)![1]!.replace(/^ {3}/gm, '');
  const kernels = kernelsOf(({ x, y }) => ({ z: mul(add(x!, y!), x!) }), { x: matrix, y: matrix }, withWorkgroups);
  expect(kernels.map(({ text }) => text.replace(/\n+/g, '\n'))).toEqual([shown]);
});

describe('workgroups', testWorkgroupsAreUsed);

describe('kernels', () => {
  const gate: Equation = ({ x }) => {
    const { value, pullback } = vjp((u: Value) => mul(u, sigmoid(u)), x!);
    return { value, gradient: pullback(value) };
  };

  it('are fused on WebGPU, and shorter on other backends', () => {
    expect(kernelsOf(gate, { x: { shape: [8] } }, withWorkgroups).length).toBe(2);
    const calls = (target: typeof withWorkgroups): number => kernelsOf(gate, { x: { shape: [8] } }, target).length;
    expect(calls(targets.webasm)).toBeGreaterThan(calls(withWorkgroups));
  });

  it('compute powers of two by their bits where they can call WGSL, else by repeated squaring', () => {
    const texts = (target: typeof withWorkgroups): string =>
      kernelsOf(gate, { x: { shape: [8] } }, target)
        .map(({ text }) => text)
        .join('\n');
    expect(texts(withWorkgroups)).toContain('timesPowerOf2(');
    expect(called(texts(withWorkgroups)).map(({ name }) => name)).toEqual(['timesPowerOf2']);
    expect(texts(targets.webasm)).not.toContain('timesPowerOf2(');
    expect(called(texts(targets.webasm))).toEqual([]);
  });

  it('compute a common subexpression of the parts of a concat once, where its reads stay inside their arrays', () => {
    const pairs: Equation = ({ x }) => {
      const column = (y: Value): Value => reshape(y, [4, 5, 1]);
      return { y: concat([column(sigmoid(x!)), column(scale(sigmoid(x!), 2))], 2) };
    };
    const ends: Equation = ({ x }) => ({ y: concat([sigmoid(x!), scale(sigmoid(x!), 2)], 0) });
    const oneMore: Equation = ({ x, y }) => ({ z: concat([reshape(x!, [20]), y!], 0) });
    /** The number of calls of a function, and of guarded reads. */
    const counts = (fn: Equation): number[] => {
      const [kernel, ...others] = kernelsOf(fn, { x: { shape: [4, 5] }, y: { shape: [1] } }, withWorkgroups);
      expect(others).toEqual([]);
      return [/timesPowerOf2\(/g, /\[v\d+ > 0 \?/g].map((part) => [...kernel!.text.matchAll(part)].length);
    };
    expect(counts(pairs)).toEqual([1, 0]);
    // the second part begins where the first ends: outside its own part, each would read at least one element past the array's end
    expect(counts(ends)).toEqual([2, 2]);
    expect(counts(oneMore)).toEqual([0, 1]);
  });

  it('of a long sum have several invocations per result, and enough workgroups', () => {
    const invocations = (shape: readonly number[], axis: number): number => {
      const [kernel] = kernelsOf(({ x }) => ({ y: sum(mul(x!, x!), [axis]) }), { x: { shape } }, withWorkgroups);
      return 256 * kernel!.workgroup!.groups.reduce((x, y) => x * y, 1);
    };
    // an invocation reads 16 elements where there are many results, 4 where there are few
    expect(invocations([8192, 512], 1)).toBe((8192 * 512) / 16);
    expect(invocations([64, 512], 1)).toBe((64 * 512) / 4);
    expect(invocations([8192, 256], 0)).toBe(2 ** 17);
  });

  const wide = 2 ** 20;

  it('compute broadcast elements once', () => {
    const scaled: Equation = ({ x, y }) => ({ z: mul(x!, sigmoid(y!)) });
    const shapes = { x: { shape: [16, wide / 16] }, y: { shape: [16, 1] } };
    // a function of one number per row is cheap, so kernels recompute it in place unless the work limit is low
    expect(kernelsOf(scaled, shapes, withWorkgroups).map(({ size }) => size)).toEqual([wide]);
    expect(kernelsOf(scaled, shapes, { ...withWorkgroups, mostWork: 4 }).map(({ size }) => size)).toEqual([16, wide]);
  });

  it('read an expression with many uses from memory, by the use counts of the previous trace', () => {
    const often: Equation = ({ x, y }) => {
      const both = add(x!, y!);
      const uses = (k: number): Value => mul(transpose(k % 2 === 0 ? both : mul(both, both), [1, 0]), scale(x!, k + 2));
      return Object.fromEntries(Array.from({ length: 9 }, (_, k) => [`z${k}`, uses(k)]));
    };
    const shapes = { x: { shape: [1024, 1024] }, y: { shape: [1024, 1024] } };
    const reads = (launchBytes: number): number[] =>
      kernelsOf(often, shapes, { ...withWorkgroups, launchBytes }).map(({ text }) => text.match(/a\d\[/g)!.length);
    expect(reads(1e6)).toEqual(Array.from({ length: 10 }, () => 2));
    expect(reads(1e9)).toEqual(Array.from({ length: 9 }, () => 3));
  });

  it('compute positions as integers in WGSL, of which f32 has not all beyond 2^24', () => {
    for (const { name, fn, inputs } of workgroupCases) {
      for (const { text } of kernelsOf(fn, inputs, withWorkgroups)) {
        // a row that is compared with an index that was read is the one position that becomes f32
        const reals = [...elementOf(text).matchAll(/f32\(user_(\w+)\)/g)].map(([, position]) => position);
        expect([name, ...reals]).toEqual([name, ...(text.includes('=== r)') ? ['r'] : [])]);
      }
    }
  });

  it('of convolutions are transforms where the method allows them, not for few tokens or on other devices', () => {
    const sizes = (
      method: 'direct' | 'fft',
      length: number,
      target: typeof withWorkgroups,
      channels = 5,
      axis = 0,
    ): number[] => {
      const shape = axis === 0 ? [length, channels] : [channels, length];
      return kernelsOf(
        ({ x, k }) => ({ y: causalConvolution(x!, k!, axis, { method }) }),
        { x: { shape }, k: { shape } },
        target,
      ).map(({ size }) => size);
    };
    const [spectrum, sum] = [2 * 1024 * 5, 513 * 5];
    expect(sizes('fft', 513, withWorkgroups)).toEqual([...Array.from({ length: 9 }, () => spectrum), sum]);
    expect(sizes('direct', 513, withWorkgroups)).toEqual([sum]);
    expect(sizes('fft', 513, targets.wasm)).toEqual([sum]);
    expect(sizes('fft', 513, { ...withWorkgroups, arrayBytes: 4 * spectrum - 4 })).toEqual([sum]);
    for (const [channels, axis, fewest] of [
      [5, 0, 350],
      [5, 1, 512],
      [1000, 0, 300],
      [1000, 1, 320],
    ] as const) {
      expect(sizes('fft', fewest - 1, withWorkgroups, channels, axis)).toEqual([channels * (fewest - 1)]);
      expect(sizes('fft', fewest, withWorkgroups, channels, axis).length).toBe(10);
    }
  });

  it('of tiles never exceed the workgroups or elements that a device allows', () => {
    expect(chooseTiling([[1, 2 ** 23, 2, 8]], withWorkgroups)).toBe(null);
    expect(chooseTiling([[1, 64, 64, 4096]], withWorkgroups)!.tiling.splits).toBeGreaterThan(1);
    const little = { ...withWorkgroups, arrayBytes: 4 * 64 * 64 };
    expect(chooseTiling([[1, 64, 64, 4096]], little)!.tiling.splits).toBe(1);
    expect(chooseTiling([[1, 64, 64, 4096]], targets.webgpu)).toBe(null);
    const large = [[1, 1024, 512, 4096]] as const;
    expect(chooseTiling(large, withWorkgroups, { isStraight: true })!.tiling).toMatchObject({ m: 128, n: 128, k: 16 });
    const small = { ...withWorkgroups, workgroupBytes: 16384 };
    expect(chooseTiling(large, small, { isStraight: true })!.tiling.k).toBe(8);
  });

  it('of tiles are 16 deep for one product that transposes no operand, else 8', () => {
    const depths = (fn: Equation, a: readonly number[], b: readonly number[]): number[] =>
      kernelsOf(fn, { a: { shape: a }, b: { shape: b }, c: { shape: b } }, withWorkgroups).flatMap(({ workgroup }) =>
        [...(workgroup?.wgsl ?? '').matchAll(/k0 \+= (\d+)u/g)].map(([, depth]) => Number(depth)),
      );
    const one =
      (spec: string): Equation =>
      ({ a, b }) => ({ y: einsum(spec, a!, b!) });
    expect(depths(one('ki,kj->ij'), [1024, 512], [1024, 1024])).toEqual([16]);
    expect(depths(one('ik,kj->ij'), [512, 1024], [1024, 1024])).toEqual([8]);
    expect(depths(one('ki,jk->ij'), [1024, 512], [1024, 1024])).toEqual([8]);
    expect(depths(one('ik,jk->ij'), [512, 1024], [1024, 1024])).toEqual([8]);
    // vec4 loads cannot read rows of 511 elements
    expect(depths(one('ki,kj->ij'), [1024, 511], [1024, 1024])).toEqual([8]);
    const two: Equation = ({ a, b, c }) => ({ y: einsum('ki,kj->ij', a!, b!), z: einsum('ki,kj->ij', a!, c!) });
    expect(depths(two, [1024, 512], [1024, 1024])).toEqual([8]);
    const added: Equation = ({ a, b, c }) => ({ y: add(einsum('ki,kj->ij', a!, b!), einsum('ki,kj->ij', a!, c!)) });
    expect(depths(added, [1024, 512], [1024, 1024])).toEqual([8]);
  });
});
