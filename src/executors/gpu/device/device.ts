/** @file Types of an open device and of the errors that it reports. */
import type { GPU as GpuJs } from 'gpu.js';
import type { Backend, Target } from '../text/target.ts';
import type { WorkgroupSupport } from './workgroups.ts';

/** The device that runs a compiled function. */
export interface Device {
  readonly backend: Backend;
  /** The name of the graphics card or of its software stand-in; null on the other backends. */
  readonly adapter: string | null;
  /** The reasons why faster backends were passed over. */
  readonly passedOver: readonly string[];
}

/** An open device with its gpu.js instance. `errors` grows as the device reports errors. */
export interface OpenDevice {
  readonly device: Device;
  readonly gpu: GpuJs;
  readonly errors: readonly DeviceError[];
  readonly target: Target;
  /** Settings of kernels with workgroups, or the reason why there are none. */
  readonly workgroupSupport: WorkgroupSupport;
}

/** An error that a device reports, and whether the device is out of memory. */
export interface DeviceError {
  readonly message: string;
  readonly isMemory: boolean;
}
