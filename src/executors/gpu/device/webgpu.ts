/** @file Opens a WebGPU device, from the platform, or outside browsers from the package webgpu. */
import { targets } from '../text/target.ts';
import { mayHaveCard } from './cards.ts';
import type { DeviceError, OpenDevice } from './open-device.ts';
import { inLine, inThreads } from './pipelines.ts';
import { withWorkgroups } from './workgroups.ts';

/** The parts of WebGPU that this file uses. */
interface WebGpu {
  requestAdapter(): Promise<Adapter | null>;
}
interface Adapter {
  readonly info: Readonly<Record<string, string>>;
  readonly limits: Limits;
  requestDevice(wanted: { readonly requiredLimits: Partial<Limits> }): Promise<WebGpuDevice>;
}
interface WebGpuDevice {
  readonly limits: Limits;
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

/** Limits of a device, with the names of WebGPU. */
export type Limits = { readonly [N in keyof typeof needed]: number } & {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
};

/** The limits that kernels need. They are the defaults of WebGPU, but a device in compatibility mode may have less. */
const needed = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
};

/** Throws when a limit of a device is below the needs of kernels. */
export function checkLimits(adapter: string, limits: Limits): void {
  for (const [name, least] of Object.entries(needed)) {
    const has = limits[name as keyof typeof needed];
    if (has < least) throw new Error(`adapter ${adapter} has ${name} ${has}, and kernels need ${least}`);
  }
}

/** The global object. It has `isSecureContext` only in browsers. */
const platform = globalThis as { readonly navigator?: { readonly gpu?: WebGpu }; readonly isSecureContext?: boolean };

/** Whether this code runs in a page or worker of a browser. */
export const isBrowser = platform.isSecureContext !== undefined;

// a reference, so that dawn is not collected as garbage
let dawn: WebGpu | undefined;

/** The package webgpu, which is an optional peer: with drivers for every platform it weighs 130 MB. */
async function dawnPackage(): Promise<{ create(options: readonly string[]): WebGpu }> {
  try {
    return (await import('webgpu')) as unknown as { create(options: readonly string[]): WebGpu };
  } catch (error) {
    // Yarn's Plug'n'Play has a code without ERR_
    if (!String((error as NodeJS.ErrnoException).code).endsWith('MODULE_NOT_FOUND')) throw error;
    throw new Error('the package webgpu is not installed (npm install webgpu)', { cause: error });
  }
}

/** Returns the WebGPU of the platform, or outside browsers that of the package webgpu. Throws when neither exists, or no card that is needed. */
async function webGpu(needsCard: boolean): Promise<WebGpu> {
  const own = platform.navigator?.gpu;
  if (own !== undefined) return own;
  if (isBrowser) {
    throw new Error(
      `${platform.isSecureContext ? 'this browser' : 'this page, which is not secure,'} has no navigator.gpu`,
    );
  }
  if (needsCard && !mayHaveCard()) throw new Error('/dev has no graphics card');
  if (dawn === undefined) {
    // pages do not get here: the field `browser` of package.json excludes the package from bundles
    const { create } = await dawnPackage();
    dawn = create([]);
  }
  return dawn;
}

const reports = new WeakMap<WebGpuDevice, readonly DeviceError[]>();

/** Collects the errors that a device reports from now on. gpu.js itself only prints their text, and returns zeros. */
function listenTo(device: WebGpuDevice): readonly DeviceError[] {
  const errors: DeviceError[] = [];
  const print = device.onuncapturederror;
  device.onuncapturederror = (event) => {
    const { message } = event.error;
    errors.push({ message, isMemory: event.error.constructor.name === 'GPUOutOfMemoryError' });
    print?.call(device, event);
  };
  reports.set(device, errors);
  return errors;
}

/** Whether an adapter is a program on the processor, to judge by its name. */
export const isSoftware = (adapter: string): boolean => /swiftshader|llvmpipe|lavapipe|basic render/i.test(adapter);

/**
 * Opens the adapter of the platform. Throws when there is none, when a limit is below the needs of kernels, and when the adapter is
 * software, unless that is accepted.
 */
export async function openWebgpu(passedOver: readonly string[], acceptsSoftware: boolean): Promise<OpenDevice> {
  const system = await webGpu(!acceptsSoftware);
  const adapter = await system.requestAdapter();
  if (adapter === null) throw new Error('no adapter answers');
  const { vendor = '', architecture = '', device: card = '', description = '' } = adapter.info;
  const name = [vendor, architecture, card, description].filter((part) => part !== '').join(' ');
  if (!acceptsSoftware && isSoftware(name)) throw new Error(`adapter ${name} is software, slower than WebAssembly`);
  // only now, as a page need not load it without an adapter
  const library = await import('./library.ts');
  const { WebGPUContext } = library as { WebGPUContext: { acquire(): Promise<{ readonly device: WebGpuDevice }> } };
  const [gpu, acquired] = withNavigator(withWorkgroupMemory(system), () => [
    new library.GPU({ mode: 'webgpu' }),
    WebGPUContext.acquire(),
  ]);
  const { device } = await acquired;
  checkLimits(name, device.limits);
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupStorageSize } = device.limits;
  return {
    device: { backend: 'webgpu', adapter: name, passedOver },
    errors: reports.get(device) ?? listenTo(device),
    target: {
      ...targets.webgpu,
      arrayBytes: Math.min(maxStorageBufferBindingSize, maxBufferSize),
      workgroupBytes: maxComputeWorkgroupStorageSize,
    },
    gpuJs: {
      gpu,
      workgroupSupport: withWorkgroups(gpu, library, isSoftware(name) && !isBrowser ? inLine : inThreads()),
    },
  };
}

/** Lets devices have all workgroup memory of their adapter. gpu.js asks for larger arrays alone. */
const withWorkgroupMemory = (system: WebGpu): WebGpu => ({
  requestAdapter: async () => {
    const adapter = await system.requestAdapter();
    if (adapter === null) return null;
    const { maxComputeWorkgroupStorageSize } = adapter.limits;
    const request = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = ({ requiredLimits }) =>
      request({ requiredLimits: { ...requiredLimits, maxComputeWorkgroupStorageSize } });
    return adapter;
  },
});

/** Runs a function with `navigator.gpu`, which gpu.js reads, set to the given WebGPU. Restores it afterwards. */
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
