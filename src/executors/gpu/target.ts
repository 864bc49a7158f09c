/** @file What a rule must know of the device that kernels are made for. */
import type { Backend } from './device.ts';

/** A device, as far as the choice of kernels is concerned. */
export interface Target {
  /** Whether kernels can be given as WGSL, with memory that a group of threads shares. */
  readonly workgroups: boolean;
  /** How many bytes are moved in the time that a further kernel takes: evaluating twice is cheaper below. */
  readonly launchBytes: number;
  /** Largest array, in bytes. */
  readonly arrayBytes: number;
}

/** The targets without workgroups. */
export const targets: { readonly [B in Backend]: Target } = {
  webgpu: { workgroups: false, launchBytes: 16e6, arrayBytes: 2 ** 27 },
  webasm: { workgroups: false, launchBytes: 0, arrayBytes: 2 ** 30 },
  cpu: { workgroups: false, launchBytes: 0, arrayBytes: 2 ** 30 },
};
