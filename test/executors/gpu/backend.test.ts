import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GPU } from 'gpu.js';
import { describe, expect, it } from 'vitest';
import { guarded } from '../../../src/executors/gpu/checks.ts';
import { hasCardFile } from '../../../src/executors/gpu/device/cards.ts';
import { byEncoder } from '../../../src/executors/gpu/device/encoder.ts';
import { assertRan, openDevice } from '../../../src/executors/gpu/device/open.ts';
import type { DeviceError } from '../../../src/executors/gpu/device/open-device.ts';
import { inLine } from '../../../src/executors/gpu/device/pipelines.ts';
import { checkLimits, isSoftware } from '../../../src/executors/gpu/device/webgpu.ts';
import { withWorkgroups } from '../../../src/executors/gpu/device/workgroups.ts';
import { type Backend, type Compiled, compile } from '../../../src/executors/gpu/index.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { refusalOf } from './support.ts';

const compiled = (backend: Backend | 'auto'): Promise<Compiled> =>
  compile(({ x }) => ({ x: x! }), { x: { shape: [2, 3] } }, { backend });

interface Size {
  readonly initial: number;
}

describe('the backend', () => {
  const withNavigator = async (navigator: unknown, f: () => Promise<void>): Promise<void> => {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
    try {
      await f();
    } finally {
      if (before === undefined) delete (globalThis as { navigator?: unknown }).navigator;
      else Object.defineProperty(globalThis, 'navigator', before);
    }
  };
  const noAdapter = { gpu: { requestAdapter: async () => null } };

  it('webgpu throws without an adapter', async () => {
    await withNavigator(noAdapter, async () => {
      const message = await refusalOf(compiled('webgpu'));
      expect(message).toMatch(/^compile: backend webgpu: no adapter answers; in Node install the package webgpu/);
    });
  });

  it('auto without an adapter is wasm, with the reason', async () => {
    await withNavigator(noAdapter, async () => {
      const f = await compiled('auto');
      expect(f.ran).toMatchObject({ backend: 'wasm', passedOver: ['webgpu: no adapter answers'] });
      await f.dispose();
    });
  });

  it('auto passes over an adapter that is software', async () => {
    const adapter = { info: { vendor: 'google', architecture: 'swiftshader' } };
    await withNavigator({ gpu: { requestAdapter: async () => adapter } }, async () => {
      const f = await compiled('auto');
      const why = 'webgpu: adapter google swiftshader is software, slower than WebAssembly';
      expect(f.ran).toMatchObject({ backend: 'wasm', passedOver: [why] });
      await f.dispose();
    });
    expect(isSoftware('nvidia hopper')).toBe(false);
  });

  it('auto knows a machine without a card by its device files', () => {
    const has = (dev: readonly string[], dri: readonly string[] = []): boolean =>
      hasCardFile((folder) => (folder === '/dev' ? dev : dri));
    expect(has(['null', 'dri', 'vga_arbiter', 'kvm'], ['card0', 'by-path'])).toBe(false);
    for (const name of ['nvidia0', 'nvidiactl', 'dxg', 'kgsl-3d0', 'mali0', 'nvhost-gpu'])
      expect(has([name])).toBe(true);
    expect(has(['dri'], ['card0', 'renderD128'])).toBe(true);
  });

  it('wasm without SIMD says so, and auto goes on without it', async () => {
    await expect(openDevice('wasm', false)).rejects.toThrow(
      "compile: backend wasm: WebAssembly with SIMD is not there; run where WebAssembly has SIMD (Node, and browsers since 2023), or ask for 'cpu'",
    );
    await withNavigator(noAdapter, async () => {
      const { device, gpuJs } = await openDevice('auto', false);
      expect(device).toMatchObject({
        backend: 'cpu',
        passedOver: [/adapter/, /^wasm: WebAssembly with SIMD/].map((why) => expect.stringMatching(why)),
      });
      await gpuJs!.gpu.destroy();
    });
  });

  it('must be the chosen one', () => {
    const device = { backend: 'webgpu', adapter: 'a', passedOver: [] } as const;
    expect(() => assertRan(device, { backend: 'cpu', executorKind: 'generic', fallbackReason: 'lost' })).toThrow(
      /^compile: webgpu was chosen, but cpu ran \(executor generic: lost\); in Node install/,
    );
    expect(() => assertRan(device, { backend: 'webgpu', executorKind: 'generic', fallbackReason: null })).toThrow(
      'but webgpu ran (executor generic);',
    );
    assertRan(device, { backend: 'webgpu', executorKind: 'fused-encoder', fallbackReason: null });
  });

  it('is checked when gpu.js falls back', async () => {
    const { createPipeline } = GPU.prototype;
    GPU.prototype.createPipeline = function (...given) {
      const pipeline = createPipeline.apply(this, given);
      // gpu.js has this switch for its own tests
      (pipeline as unknown as { pipeline: { _fusionDisabled: boolean } }).pipeline._fusionDisabled = true;
      return pipeline;
    };
    try {
      expect(await refusalOf(compiled('webasm'))).toContain('webasm was chosen, but webasm ran (executor generic)');
    } finally {
      GPU.prototype.createPipeline = createPipeline;
    }
  });

  it('refuses an adapter whose limits are too low for the kernels', () => {
    const limits = {
      maxStorageBuffersPerShaderStage: 8,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeWorkgroupsPerDimension: 65535,
      maxStorageBufferBindingSize: 1,
      maxBufferSize: 1,
    };
    checkLimits('a', limits);
    expect(() => checkLimits('a', { ...limits, maxComputeInvocationsPerWorkgroup: 128 })).toThrow(
      'adapter a has maxComputeInvocationsPerWorkgroup 128, and kernels need 256',
    );
  });

  it('reports errors of the device: none, out of memory, or another', async () => {
    const work = { kernels: 2, distinct: 1, bytes: 48 };
    const reporting = (reported: readonly DeviceError[]) => {
      const errors: DeviceError[] = [{ message: 'before', isMemory: true }];
      return guarded(errors, work, async () => errors.push(...reported));
    };
    expect(await reporting([])).toBe(1);
    expect(await refusalOf(reporting([{ message: 'm', isMemory: true }]))).toMatch(
      /^compiled function: the device is out of memory; its 2 kernels take 48 bytes together: use smaller batches/,
    );
    await expect(reporting([{ message: 'm', isMemory: false }])).rejects.toThrow(
      'the device reported errors, so its numbers are void: m',
    );
    await expect(guarded([], work, () => Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('gives a reason where gpu.js lacks an expected part', () => {
    expect(withWorkgroups({} as GPU, {}, inLine)).toEqual({ reason: 'gpu.js exports no WebGPUKernel' });
    expect(byEncoder({}, { carried: [], kernelsAtOnce: 1 })).toEqual({ reason: 'gpu.js has no executor' });
  });

  it('predicts the memory of a program', async () => {
    // the project's library types lack WebAssembly
    const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Memory: new (of: Size) => object } };
    const { Memory } = wasm;
    const taken: number[] = [];
    wasm.Memory = class extends Memory {
      constructor(of: Size) {
        super(of);
        taken.push(of.initial * 2 ** 16);
      }
    };
    try {
      const x = { shape: [300, 300] };
      const f = await compile(
        (xs) => ({ y: einsum('ij,jk->ik', einsum('ij,jk->ik', xs.x!, xs.x!), xs.x!), z: einsum('ij->j', xs.x!) }),
        { x },
        { backend: 'webasm' },
      );
      await f.dispose();
      // gpu.js adds 16 pages to every program
      const known = f.ran.work.bytes + 2 ** 20;
      expect(Math.max(...taken)).toBeGreaterThanOrEqual(known);
      expect(Math.max(...taken)).toBeLessThan(known + 2 ** 17);
    } finally {
      wasm.Memory = Memory;
    }
  });

  it('leaves no global behind', async () => {
    const before = Object.getOwnPropertyNames(globalThis).toSorted();
    const f = await compiled('auto');
    await f.dispose();
    expect(Object.getOwnPropertyNames(globalThis).toSorted()).toEqual(before);
  });

  it('keeps no process alive, whether it is disposed of or not', { timeout: 60_000 }, () => {
    const script = fileURLToPath(new URL('undisposed.ts', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    expect(stdout).toBe('fused-threaded 3\n');
    expect(status).toBe(0);
  });
});
