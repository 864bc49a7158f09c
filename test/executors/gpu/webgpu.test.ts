import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/executors/gpu/index.ts';
import { operators } from '../../../src/oracle/operators/index.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { type PrimitiveName, primitives } from '../../../src/tensor/primitives/index.ts';
import { cases } from '../../support/property.ts';
import { testCompiled } from './compiled.ts';
import { testGroups } from './groups.ts';
import { testSequences } from './sequences.ts';
import { isExact, operatorSubjects, primitiveSubject, tryOn } from './support.ts';
import { testTraining } from './training.ts';

/** What runs where WebGPU is asked for, or why nothing does. */
const found = await compile(({ x }) => ({ y: add(x!, x!) }), { x: { shape: [3] } }, { backend: 'webgpu' }).then(
  async (twice) => {
    const { y } = await twice({ x: Float32Array.of(1, 2, 3) });
    await twice.dispose();
    return { ran: twice.ran, y };
  },
  (error: unknown) => String(error),
);

if (typeof found === 'string') {
  it('tells that it did not run', () => {
    console.log(
      `webgpu: not run (${found}). With a Vulkan driver, as SwiftShader's from Debian's chromium: VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json npx vitest run test/executors/gpu/webgpu.test.ts`,
    );
    expect(found).toMatch(/^InputError: compile: backend webgpu: /);
  });
} else {
  testCompiled('webgpu');
  testSequences('webgpu', 3);
  testTraining('webgpu');
  testGroups();

  describe(`on webgpu, ${found.ran.adapter}`, { timeout: 60_000 }, () => {
    it('runs as one command list', () => {
      expect(found.ran).toMatchObject({ backend: 'webgpu', executorKind: 'fused-encoder' });
      expect([...found.y!]).toEqual([2, 4, 6]);
    });

    it('rejects a call during which the device reports an error', async () => {
      const f = await compile(({ x }) => ({ y: add(x!, 1) }), { x: { shape: [2] } }, { backend: 'webgpu' });
      const { WebGPUContext } = (await import('gpu.js')) as unknown as {
        WebGPUContext: { acquire(): Promise<{ device: { createBuffer(of: { size: number; usage: number }): void } }> };
      };
      const { device } = await WebGPUContext.acquire();
      const call = f({ x: Float32Array.of(1, 2) });
      device.createBuffer({ size: 16, usage: 0 });
      await expect(call).rejects.toThrow('the device reported errors, so its numbers are void: ');
      await f.dispose();
    });

    it.each(Object.keys(primitives) as PrimitiveName[])('%s and its gradients are those of f64', async (name) => {
      const { verdict } = await tryOn('webgpu', primitiveSubject(name, 6), cases(6).numRuns);
      expect(verdict.ratio).toBeLessThanOrEqual(1);
    });

    const modes = operators.flatMap((operator) =>
      Object.keys(operator.modes).map((mode) => ({ name: `${operator.name} ${mode}`, operator, mode })),
    );

    it.each(modes)('$name: outputs, states and gradients are those of f64', async ({ operator, mode }) => {
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
