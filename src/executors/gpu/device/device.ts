/** @file A device that is open. */
import type { GPU as GpuJs } from 'gpu.js';
import type { Backend, Target } from '../text/target.ts';
import type { Grouping } from './workgroups.ts';

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
  readonly errors: readonly DeviceError[];
  readonly target: Target;
  /** How gpu.js is told of a kernel with workgroups, or why there are none. */
  readonly grouping: Grouping;
}

/** What a device reports, and whether it is that its memory is full. */
export interface DeviceError {
  readonly message: string;
  readonly isMemory: boolean;
}
