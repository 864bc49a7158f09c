/** @file Defines the types of an open device and of the errors that it reports. */
import type { GPU as GpuJs } from 'gpu.js';
import type { Target } from '../text/target.ts';
import type { Device } from './device.ts';
import type { WorkgroupSupport } from './workgroups.ts';

/** An open device. `errors` grows as the device reports errors. */
export interface OpenDevice {
  readonly device: Device;
  readonly errors: readonly DeviceError[];
  readonly target: Target;
  /** The parts of gpu.js, on its backends. */
  readonly gpuJs: GpuJsParts | null;
}

/** An instance of gpu.js. */
export interface GpuJsParts {
  readonly gpu: GpuJs;
  /** Settings for kernels with workgroups, or the reason why these are not available. */
  readonly workgroupSupport: WorkgroupSupport;
}

/** An error that a device reports, and whether the device is out of memory. */
export interface DeviceError {
  readonly message: string;
  readonly isMemory: boolean;
}
