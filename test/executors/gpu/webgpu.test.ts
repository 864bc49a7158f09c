import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/executors/gpu/index.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { exp } from '../../../src/tensor/primitives/exp.ts';
import { type PrimitiveName, primitives } from '../../../src/tensor/primitives/index.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { cases } from '../../support/property.ts';
import { testCompiled } from './compiled.ts';
import { testLarge } from './large.ts';
import { testSequences, testTransforms } from './sequences.ts';
import { isExact, operatorSubjects, primitiveSubject, tryOn } from './support.ts';
import { testTraining } from './training.ts';
import { testViews } from './views.ts';
import { testWorkgroups } from './workgroups.ts';

/** Parts of gpu.js that its type declarations omit. */
const library = (await import('gpu.js')) as unknown as {
  readonly WebGPUContext: { acquire(): Promise<{ readonly adapter: Limited; readonly device: Device & Limited }> };
  readonly WebGPUKernel: { readonly prototype: { _computeDispatch: unknown } };
};
interface Limited {
  readonly limits: { readonly maxComputeWorkgroupStorageSize: number };
}
interface Device {
  createBuffer(of: { readonly size: number; readonly usage: number }): void;
  destroy(): void;
  readonly lost: Promise<unknown>;
}

/** The device that ran a small program on WebGPU, or the reason why none did. */
const found = await compile(({ x }) => ({ y: add(x!, x!) }), { x: { shape: [3] } }, { backend: 'webgpu' }).then(
  async (twice) => {
    const { y } = await twice({ x: Float32Array.of(1, 2, 3) });
    await twice.dispose();
    return { ran: twice.ran, y };
  },
  (error: unknown) => String(error),
);

if (typeof found === 'string') {
  it('prints that it did not run', () => {
    console.log(
      `webgpu: not run (${found}). With a Vulkan driver, as SwiftShader's from Debian's chromium: VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npx vitest run test/executors/gpu/webgpu.test.ts`,
    );
    expect(found).toMatch(/^InputError: compile: backend webgpu: /);
  });
} else {
  testCompiled('webgpu');
  testLarge('webgpu');
  testSequences('webgpu', 3);
  testTransforms();
  testTraining('webgpu');
  testWorkgroups();
  testViews('webgpu', 4);

  describe(`on webgpu, ${found.ran.adapter}`, { timeout: 60_000 }, () => {
    it('runs as one command list', () => {
      expect(found.ran).toMatchObject({ backend: 'webgpu', executorKind: 'fused-encoder' });
      expect([...found.y!]).toEqual([2, 4, 6]);
    });

    it('gives kernels all workgroup memory of the adapter', async () => {
      const { adapter, device } = await library.WebGPUContext.acquire();
      const [all, own] = [adapter, device].map(({ limits }) => limits.maxComputeWorkgroupStorageSize);
      expect(own).toBe(all);
    });

    it('times each kernel, and does not change kept inputs', async () => {
      const f = await compile(
        ({ x, y }) => ({ next: add(x!, y!), total: sum(mul(x!, x!)) }),
        { x: { shape: [300] }, y: { shape: [300] } },
        { backend: 'webgpu', keep: { x: 'next' } },
      );
      const given = { y: new Float32Array(300).fill(1) };
      await f({ x: new Float32Array(300), ...given });
      const { kernels, together, writing } = await f.profile();
      expect(kernels.map(({ bytes }) => bytes)).toEqual(expect.arrayContaining([4 * 900, 4 * 301]));
      for (const { seconds } of kernels) expect(Number.isFinite(seconds)).toBe(true);
      expect(Number.isFinite(together)).toBe(true);
      expect(writing).toBeGreaterThan(0);
      expect((await f(given)).total).toEqual(Float32Array.of(300));
      await f.dispose();
    });

    it('computes exp at both ends of its range, where powers of two overflow', async () => {
      const x = Float32Array.of(
        88.7,
        89,
        Number.POSITIVE_INFINITY,
        -87.3,
        -104,
        Number.NEGATIVE_INFINITY,
        Number.NaN,
        0,
      );
      const f = await compile((values) => ({ y: exp(values.x!) }), { x: { shape: [8] } }, { backend: 'webgpu' });
      const y = [...(await f({ x })).y!];
      await f.dispose();
      expect(y.slice(1, 3)).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
      expect(y.slice(4)).toEqual([0, 0, Number.NaN, 1]);
      for (const k of [0, 3]) expect(Math.abs(y[k]! / Math.exp(x[k]!) - 1)).toBeLessThan(4 * 2 ** -24);
    });

    it('rejects a call during which the device reports an error', async () => {
      const f = await compile(({ x }) => ({ y: add(x!, 1) }), { x: { shape: [2] } }, { backend: 'webgpu' });
      const { WebGPUContext } = library;
      const { device } = await WebGPUContext.acquire();
      const call = f({ x: Float32Array.of(1, 2) });
      device.createBuffer({ size: 16, usage: 0 });
      await expect(call).rejects.toThrow('the device reported errors, so its numbers are void: ');
      await f.dispose();
    });

    it('reports a lost device, and runs again on another', async () => {
      const options = { backend: 'webgpu', keep: { x: 'y' } } as const;
      const double = () => compile(({ x }) => ({ y: add(x!, x!), z: x! }), { x: { shape: [2] } }, options);
      const x = Float32Array.of(1, 2);
      const f = await double();
      await f({ x });
      const { device } = await library.WebGPUContext.acquire();
      device.destroy();
      await device.lost;
      const lost = 'compiled function: the device was lost; compile it again';
      await expect(f({})).rejects.toThrow(lost);
      await expect(f.kept('x')).rejects.toThrow(lost);
      await f.dispose();
      const again = await double();
      expect([...(await again({ x })).z!, ...(await again.kept('x'))]).toEqual([1, 2, 2, 4]);
      await again.dispose();
    });

    it('names the missing part of gpu.js for workgroups, and runs without workgroups if allowed', async () => {
      const { prototype } = library.WebGPUKernel;
      const own = prototype._computeDispatch;
      const one = (workgroups: boolean) =>
        compile(({ x }) => ({ y: x! }), { x: { shape: [2] } }, { backend: 'webgpu', workgroups });
      prototype._computeDispatch = undefined;
      try {
        await expect(one(true)).rejects.toThrow(
          "compile: gpu.js's kernels have no _computeDispatch; install the version of gpu.js that densessm depends on, or give workgroups: false",
        );
      } finally {
        prototype._computeDispatch = own;
      }
      const f = await one(false);
      expect([...(await f({ x: Float32Array.of(3, 4) })).y!]).toEqual([3, 4]);
      await f.dispose();
    });

    it.each(Object.keys(primitives) as PrimitiveName[])('%s and its gradients equal f64', async (name) => {
      const { verdict } = await tryOn('webgpu', primitiveSubject(name, 6), cases(6).numRuns);
      expect(verdict.ratio).toBeLessThanOrEqual(1);
    });

    const modes = operators.flatMap((operator) =>
      Object.keys(operator.modes).map((mode) => ({ name: `${operator.name} ${mode}`, operator, mode })),
    );

    it.each(modes)('$name: outputs, states and gradients equal f64', async ({ operator, mode }) => {
      for (const subject of operatorSubjects(operator, mode, 1)) {
        const { verdict } = await tryOn('webgpu', subject, cases(6).numRuns, operator.values);
        expect(verdict.ratio).toBeLessThanOrEqual(1);
      }
    });

    it.each(modes.filter(isExact))('$name: exact on dyadic inputs', async (one) => {
      for (const subject of operatorSubjects(one.operator, one.mode, 1, true)) {
        const { verdict } = await tryOn('webgpu', subject, cases(6).numRuns, ['dyadic']);
        expect(verdict.ratio).toBe(0);
      }
    });
  });
}
