/**
 * @file Opens a backend, by name or the best of the machine, and checks that it ran, as gpu.js falls back to others without an
 * error.
 */
import { fail } from '../../../tensor/errors.ts';
import { didYouMean } from '../../../tensor/names.ts';
import { hasSimd } from '../../../wasm/runtime.ts';
import { type Backend, targets } from '../text/target.ts';
import type { Device } from './device.ts';
import type { OpenDevice } from './open-device.ts';
import { isBrowser, openWebgpu } from './webgpu.ts';

/** Kinds of executors that run a program on each backend; those of gpu.js are the ones without fallbacks. */
const executorKinds: { readonly [B in Backend]: readonly string[] } = {
  wasm: ['wasm'],
  webgpu: ['fused-encoder'],
  webasm: ['fused-sync', 'fused-threaded'],
  cpu: ['generic'],
};

/** Remedies for a backend that does not run. */
const remedies: { readonly [B in Backend]: string } = {
  webgpu: isBrowser
    ? "turn WebGPU on in this browser or use another, serve the page by https or from localhost, or ask for 'auto'"
    : "in Node install the package webgpu and a driver for Vulkan, Metal or Direct3D 12 (without a graphics card SwiftShader's, named by VK_DRIVER_FILES), or ask for 'auto'",
  wasm: "run where WebAssembly has SIMD (Node, and browsers since 2023), or ask for 'cpu'",
  webasm: "run where WebAssembly has SIMD, or ask for 'cpu'",
  cpu: 'nothing is needed for it, so this is a fault',
};

/** Opens a backend, by name or the best of the machine. Throws an InputError when it does not exist or does not run. */
export async function openDevice(asked: Backend | 'auto', withSimd = hasSimd): Promise<OpenDevice> {
  if (asked !== 'auto' && !Object.hasOwn(executorKinds, asked)) {
    const near = didYouMean(asked, ['auto', ...Object.keys(executorKinds)]);
    fail(`compile: there is no backend '${asked}'; use 'auto', 'webgpu', 'wasm', 'webasm' or 'cpu'${near}`);
  }
  const passedOver: string[] = [];
  for (const backend of asked === 'auto' ? (['webgpu', 'wasm', 'cpu'] as const) : [asked]) {
    try {
      return await open(backend, passedOver, { acceptsSoftware: asked !== 'auto', withSimd });
    } catch (error) {
      const why = `${backend}: ${error instanceof Error ? error.message : String(error)}`;
      if (asked !== 'auto') fail(`compile: backend ${why}; ${remedies[backend]}`);
      passedOver.push(why);
    }
  }
  return fail(`compile: no backend runs here (${passedOver.join('; ')})`);
}

/** Throws an InputError unless a pipeline ran on the backend, without a fallback. */
export function assertRan(
  { backend }: Device,
  ran: { readonly backend: string | null; readonly executorKind: string; readonly fallbackReason: string | null },
): void {
  if (ran.backend === backend && executorKinds[backend].includes(ran.executorKind)) return;
  fail(
    `compile: ${backend} was chosen, but ${ran.backend} ran (executor ${ran.executorKind}${ran.fallbackReason === null ? '' : `: ${ran.fallbackReason}`}); ${remedies[backend]}`,
  );
}

async function open(
  backend: Backend,
  passedOver: readonly string[],
  { acceptsSoftware, withSimd }: { readonly acceptsSoftware: boolean; readonly withSimd: boolean },
): Promise<OpenDevice> {
  const common = { device: { backend, adapter: null, passedOver }, errors: [], target: targets[backend] };
  if (backend === 'wasm') {
    if (!withSimd) throw new Error('WebAssembly with SIMD is not there');
    return { ...common, gpuJs: null };
  }
  if (backend === 'webgpu') return openWebgpu(passedOver, acceptsSoftware);
  const library = await import('./library.ts');
  if (backend === 'webasm' && !library.GPU.isWebAssemblySupported)
    throw new Error('WebAssembly with SIMD is not there');
  const workgroupSupport = { reason: `backend ${backend} has no workgroups` };
  return { ...common, gpuJs: { gpu: new library.GPU({ mode: backend }), workgroupSupport } };
}
