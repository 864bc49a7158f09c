/** @file What runs a compiled function: chosen by what the machine has, and asserted, as gpu.js degrades in silence. */
import type { GPU as GpuJs } from 'gpu.js';
import { fail } from '../../tensor/errors.ts';
import { type Target, targets } from './target.ts';
import { type Settings, withWorkgroups } from './workgroups.ts';

/** The backends of gpu.js that are used: a graphics card, WebAssembly, plain JavaScript. */
export type Backend = 'webgpu' | 'webasm' | 'cpu';

/** What runs a compiled function. */
export interface Device {
  readonly backend: Backend;
  /** The graphics card or its stand-in, as it names itself; null on the other backends. */
  readonly adapter: string | null;
  /** Why a faster backend was passed over, if one was. */
  readonly passedOver: readonly string[];
}

/** A device, the gpu.js instance for it, and a list of the errors that the device reports, which grows. */
export interface OpenDevice {
  readonly device: Device;
  readonly gpu: GpuJs;
  readonly errors: readonly string[];
  readonly target: Target;
  /** How gpu.js is told of a kernel with workgroups. */
  readonly settings: Settings;
}

/** How gpu.js runs a pipeline on each backend when nothing is degraded. */
const executorKinds: { readonly [B in Backend]: readonly string[] } = {
  webgpu: ['fused-encoder'],
  webasm: ['fused-sync', 'fused-threaded'],
  cpu: ['generic'],
};

/** What to do for a backend to run. */
const remedies: { readonly [B in Backend]: string } = {
  webgpu:
    "in Node install the package webgpu and a driver for Vulkan, Metal or Direct3D 12 (without a graphics card SwiftShader's, named by VK_DRIVER_FILES), or ask for 'auto'",
  webasm: "run where WebAssembly has SIMD, or ask for 'cpu'",
  cpu: 'nothing is needed for it, so this is a fault',
};

/** Opens the backend asked for, or the best that the machine has. Throws when there is no such backend or it cannot run. */
export async function openDevice(asked: Backend | 'auto'): Promise<OpenDevice> {
  if (asked !== 'auto' && !Object.hasOwn(executorKinds, asked)) {
    fail(`compile: there is no backend '${asked}'; use 'auto', 'webgpu', 'webasm' or 'cpu'`);
  }
  const passedOver: string[] = [];
  for (const backend of asked === 'auto' ? (['webgpu', 'webasm', 'cpu'] as const) : [asked]) {
    try {
      return await open(backend, passedOver);
    } catch (error) {
      const why = `${backend}: ${error instanceof Error ? error.message : String(error)}`;
      if (asked !== 'auto') fail(`compile: backend ${why}; ${remedies[backend]}`);
      passedOver.push(why);
    }
  }
  return fail(`compile: no backend runs here (${passedOver.join('; ')})`);
}

/** Throws unless a pipeline ran on the backend in the way that is meant. */
export function assertRan(
  { backend }: Device,
  ran: { readonly backend: string | null; readonly executorKind: string; readonly fallbackReason: string | null },
): void {
  if (ran.backend === backend && executorKinds[backend].includes(ran.executorKind)) return;
  fail(
    `compile: ${backend} was chosen, but ${ran.backend} ran (executor ${ran.executorKind}${ran.fallbackReason === null ? '' : `: ${ran.fallbackReason}`}); ${remedies[backend]}`,
  );
}

const noWorkgroups: Settings = () => {
  throw new Error('a kernel with workgroups where there are none');
};

async function open(backend: Backend, passedOver: readonly string[]): Promise<OpenDevice> {
  const library = await import('gpu.js');
  if (backend === 'webgpu') return openWebgpu(library, passedOver);
  if (backend === 'webasm' && !library.GPU.isWebAssemblySupported)
    throw new Error('WebAssembly with SIMD is not there');
  return {
    device: { backend, adapter: null, passedOver },
    gpu: new library.GPU({ mode: backend }),
    errors: [],
    target: targets[backend],
    settings: noWorkgroups,
  };
}

/** The parts of WebGPU that are used here. */
interface WebGpu {
  requestAdapter(): Promise<{
    readonly info: Readonly<Record<string, string>>;
    readonly limits: { readonly maxStorageBufferBindingSize: number };
  } | null>;
}
interface WebGpuDevice {
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

// dawn lives as long as something refers to it
let dawn: WebGpu | undefined;

/** The platform's WebGPU, or that of the package webgpu. Throws where neither is there. */
async function webGpu(): Promise<WebGpu> {
  const own = (globalThis as { navigator?: { gpu?: WebGpu } }).navigator?.gpu;
  if (own !== undefined) return own;
  if (dawn === undefined) {
    const { create } = await import('webgpu');
    dawn = create([]) as unknown as WebGpu;
  }
  return dawn;
}

const reports = new WeakMap<WebGpuDevice, readonly string[]>();

/** The errors that a device reports from now on: gpu.js prints them and returns zeros. */
function listenTo(device: WebGpuDevice): readonly string[] {
  const errors: string[] = [];
  const print = device.onuncapturederror;
  device.onuncapturederror = (event) => {
    errors.push(event.error.message);
    print?.call(device, event);
  };
  reports.set(device, errors);
  return errors;
}

async function openWebgpu(library: typeof import('gpu.js'), passedOver: readonly string[]): Promise<OpenDevice> {
  const system = await webGpu();
  const adapter = await system.requestAdapter();
  if (adapter === null) throw new Error('no adapter answers');
  // not in the types of gpu.js
  const { WebGPUContext } = library as unknown as {
    WebGPUContext: { acquire(): Promise<{ readonly device: WebGpuDevice }> };
  };
  const [gpu, acquired] = withNavigator(system, () => [new library.GPU({ mode: 'webgpu' }), WebGPUContext.acquire()]);
  const { device } = await acquired;
  const errors = reports.get(device) ?? listenTo(device);
  const { vendor = '', architecture = '', device: card = '', description = '' } = adapter.info;
  const name = [vendor, architecture, card, description].filter((part) => part !== '').join(' ');
  const grouped = withWorkgroups(gpu, library);
  const hasGroups = 'settings' in grouped;
  if (!hasGroups) console.warn(`compile: kernels without workgroups, which are slower: ${grouped.reason}`);
  return {
    device: { backend: 'webgpu', adapter: name, passedOver },
    gpu,
    errors,
    target: { ...targets.webgpu, workgroups: hasGroups, arrayBytes: adapter.limits.maxStorageBufferBindingSize },
    settings: hasGroups ? grouped.settings : noWorkgroups,
  };
}

/** Runs a function while `navigator.gpu` is the given WebGPU, which gpu.js asks for there; afterwards all is as before. */
function withNavigator<T>(gpu: WebGpu, f: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return f();
  } finally {
    if (before === undefined) delete (globalThis as { navigator?: unknown }).navigator;
    else Object.defineProperty(globalThis, 'navigator', before);
  }
}
