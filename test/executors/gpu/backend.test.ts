import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GPU } from 'gpu.js';
import { describe, expect, it } from 'vitest';
import { assertRan } from '../../../src/executors/gpu/device.ts';
import { type Backend, type Compiled, compile } from '../../../src/executors/gpu/index.ts';
import { mistake } from './support.ts';

const compiled = (backend: Backend | 'auto'): Promise<Compiled> =>
  compile(({ x }) => ({ x: x! }), { x: { shape: [2, 3] } }, { backend });

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

  it('webgpu is an error where no adapter answers', async () => {
    await withNavigator(noAdapter, async () => {
      const message = await mistake(compiled('webgpu'));
      expect(message).toMatch(/^compile: backend webgpu: no adapter answers; in Node install the package webgpu/);
    });
  });

  it('is webasm without an adapter, and says why', async () => {
    await withNavigator(noAdapter, async () => {
      const f = await compiled('auto');
      expect(f.ran).toMatchObject({ backend: 'webasm', passedOver: ['webgpu: no adapter answers'] });
      await f.dispose();
    });
  });

  it('is never another than was chosen', () => {
    const device = { backend: 'webgpu', adapter: 'a', passedOver: [] } as const;
    expect(() => assertRan(device, { backend: 'cpu', executorKind: 'generic', fallbackReason: 'lost' })).toThrow(
      /^compile: webgpu was chosen, but cpu ran \(executor generic: lost\); in Node install/,
    );
    expect(() => assertRan(device, { backend: 'webgpu', executorKind: 'generic', fallbackReason: null })).toThrow(
      'but webgpu ran (executor generic);',
    );
    assertRan(device, { backend: 'webgpu', executorKind: 'fused-encoder', fallbackReason: null });
  });

  it('is asserted when gpu.js degrades', async () => {
    const { createPipeline } = GPU.prototype;
    GPU.prototype.createPipeline = function (...given) {
      const pipeline = createPipeline.apply(this, given);
      // gpu.js's own switch, for its own tests
      (pipeline as unknown as { pipeline: { _fusionDisabled: boolean } }).pipeline._fusionDisabled = true;
      return pipeline;
    };
    try {
      expect(await mistake(compiled('webasm'))).toContain('webasm was chosen, but webasm ran (executor generic)');
    } finally {
      GPU.prototype.createPipeline = createPipeline;
    }
  });

  it('leaves no global behind', async () => {
    const before = Object.getOwnPropertyNames(globalThis).toSorted();
    const f = await compiled('auto');
    await f.dispose();
    expect(Object.getOwnPropertyNames(globalThis).toSorted()).toEqual(before);
  });

  it('keeps no process alive, disposed of or not', { timeout: 60_000 }, () => {
    const script = fileURLToPath(new URL('undisposed.ts', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    expect(stdout).toBe('fused-threaded 3\n');
    expect(status).toBe(0);
  });
});
